"""Guards of rule sets: two persons bring one into force, and what was in force stays as it was."""

from kpm.database.guards import Guard, kept, never_deleted, refuse

RULE_SET, DECISION, USER = "risk_levels_ruleset", "risk_levels_decision", "accounts_user"

GUARDS: list[Guard] = [
    refuse(
        "a_rule_set_in_force_keeps_its_numbers",
        RULE_SET,
        before="UPDATE",
        when=(
            "OLD.state <> 'draft' AND (NEW.numbers IS DISTINCT FROM OLD.numbers "
            "OR NEW.version <> OLD.version OR NEW.in_force_on <> OLD.in_force_on "
            "OR NEW.state = 'draft' "
            "OR (OLD.state = 'ended' AND NEW.until_on IS DISTINCT FROM OLD.until_on))"
        ),
    ),
    refuse(
        "a_rule_set_is_brought_into_force_by_a_second_person",
        RULE_SET,
        before="UPDATE",
        when=(
            "NEW.state = 'in_force' AND OLD.state = 'draft' "
            "AND (NEW.started_by_id IS NULL OR NEW.started_by_id = NEW.drafted_by_id) "
            f"AND NOT EXISTS (SELECT 1 FROM {USER} u "
            "WHERE u.id = NEW.drafted_by_id AND u.is_system)"
        ),
    ),
    refuse(
        "a_rule_set_that_was_decided_by_is_not_taken_back",
        RULE_SET,
        before="UPDATE",
        when=(
            "NEW.state = 'withdrawn' AND OLD.state <> 'withdrawn' AND EXISTS "
            f"(SELECT 1 FROM {DECISION} d WHERE d.rule_set_id = OLD.id)"
        ),
    ),
    kept("a_rule_set_keeps_who_wrote_it", RULE_SET, "drafted_by_id"),
    never_deleted(RULE_SET, "a_rule_set"),
]
