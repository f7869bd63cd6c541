"""Guards of levels, proposals, decisions, assessments and rule sets."""

from kpm.database.guards import (
    Guard,
    append_only,
    changed,
    in_district,
    kept,
    never_deleted,
    refuse,
)

LEVEL, DECISION, PROPOSAL, ASSESSMENT, RULE_SET = (
    "risk_levels_risklevel",
    "risk_levels_decision",
    "risk_levels_proposal",
    "risk_levels_assessment",
    "risk_levels_ruleset",
)
ASSIGNMENT, CASE_FILE = "casework_assignment", "casework_casefile"

STEP_DOWN = "CASE {0} WHEN 'red' THEN 'yellow' WHEN 'yellow' THEN 'green' ELSE {0} END"
RANK = "CASE {0} WHEN 'red' THEN 3 WHEN 'yellow' THEN 2 WHEN 'green' THEN 1 ELSE 0 END"

# What a decision sets, and what therefore changes by nothing else.
FOLLOWED = (
    "level",
    "rhythm_level",
    "since_on",
    "until_on",
    "review_on",
    "revision",
    "decision_id",
)
MOVED = changed(*FOLLOWED)

FOLLOWS_A_DECISION = (
    f'EXISTS (SELECT 1 FROM "{DECISION}" AS d WHERE d.id = NEW.decision_id '
    "AND d.risk_level_id = OLD.id AND d.base_revision = OLD.revision "
    "AND d.from_level = OLD.level AND d.to_level = NEW.level "
    "AND d.rhythm_level = NEW.rhythm_level AND d.until_on = NEW.until_on "
    "AND d.review_on = NEW.review_on AND NEW.revision = OLD.revision + 1 "
    "AND NEW.since_on = CASE WHEN d.from_level = d.to_level THEN OLD.since_on "
    "ELSE d.starts_on END)"
)

# Whoever works on a file on that day decides nothing about it.
IN_TEAM = (
    f'EXISTS (SELECT 1 FROM "{ASSIGNMENT}" AS a JOIN "{CASE_FILE}" AS f '
    "ON f.id = a.case_file_id WHERE f.risk_level_id = NEW.risk_level_id "
    "AND a.worker_id = {decider} AND a.until_on IS NULL)"
)

LEVEL_FOUND = (
    f'EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
    "AND l.key_owner = NEW.key_owner AND l.level = NEW.from_level "
    "AND l.revision = NEW.base_revision)"
)

# Each kind of decision has conditions of its own; a kind without any is none.
APPROVAL = (
    f"(NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM \"{PROPOSAL}\" AS p "
    "WHERE p.id = NEW.proposal_id AND p.risk_level_id = NEW.risk_level_id "
    "AND p.state = 'approved' AND p.from_level = NEW.from_level AND p.to_level = NEW.to_level "
    "AND p.base_revision = NEW.base_revision AND p.decider_id = NEW.decided_by_id "
    "AND p.proposer_id <> NEW.decided_by_id "
    "AND (p.entered_by_id IS NULL OR p.entered_by_id <> NEW.decided_by_id)) "
    "AND NEW.rhythm_level = NEW.to_level)"
)
EXPIRY = (
    f"(NEW.kind = 'expired' AND NEW.proposal_id IS NULL "
    f"AND NEW.from_level IN ('red', 'yellow') "
    f"AND NEW.to_level = {STEP_DOWN.format('NEW.from_level')} "
    f'AND EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
    "AND l.until_on <= NEW.starts_on AND l.rhythm_level = NEW.rhythm_level))"
)

# What a proposal says; fixed once it has been handed in.
SAID = (
    "body",
    "to_level",
    "assessment_id",
    "is_official",
    "submitted_at",
)
SAID_ANEW = changed(*SAID)


def too_long(days: str) -> str:
    """Red beyond its ninety days."""
    return f"NEW.to_level = 'red' AND NEW.until_on > {days}"


GUARDS: list[Guard] = [
    # --- Levels -------------------------------------------------------------------------------
    refuse(
        "a_level_starts_ungraded",
        LEVEL,
        before="INSERT",
        when=(
            "NEW.level <> 'ungraded' OR NEW.rhythm_level <> 'ungraded' OR NEW.revision <> 0 "
            "OR NEW.until_on IS NOT NULL OR NEW.review_on IS NOT NULL "
            "OR NEW.decision_id IS NOT NULL"
        ),
    ),
    refuse(
        "a_level_changes_only_by_a_decision",
        LEVEL,
        before="UPDATE",
        when=f"({MOVED}) AND NOT {FOLLOWS_A_DECISION}",
    ),
    kept("a_level_stays_with_its_file", LEVEL, "id", "key_owner", "population", "district"),
    never_deleted(LEVEL, "a_level"),
    # --- Decisions ----------------------------------------------------------------------------
    *append_only(
        DECISION, "a_decision", ("id",), ("proposal_id",), ("risk_level_id", "base_revision")
    ),
    refuse(
        "a_decision_follows_the_level_that_it_finds",
        DECISION,
        before="INSERT",
        when=f"NOT {LEVEL_FOUND}",
    ),
    refuse(
        "a_decision_meets_the_conditions_of_its_kind",
        DECISION,
        before="INSERT",
        when=f"NOT ({APPROVAL} OR {EXPIRY})",
    ),
    refuse(
        "a_decision_steps_down_one_level_at_a_time",
        DECISION,
        before="INSERT",
        when=(
            f"{RANK.format('NEW.to_level')} < {RANK.format('NEW.from_level')} - 1 "
            "OR NEW.to_level NOT IN ('green', 'yellow', 'red')"
        ),
    ),
    refuse(
        "red_lasts_at_most_ninety_days",
        DECISION,
        before="INSERT",
        when=too_long("date(NEW.starts_on, '+90 days')"),
        postgresql=too_long("NEW.starts_on + 90"),
    ),
    refuse(
        "a_decision_is_made_by_nobody_of_the_team",
        DECISION,
        before="INSERT",
        when=f"NEW.kind = 'approved' AND {IN_TEAM.format(decider='NEW.decided_by_id')}",
    ),
    # --- Proposals ----------------------------------------------------------------------------
    refuse(
        "a_proposal_starts_as_a_draft",
        PROPOSAL,
        before="INSERT",
        when=(
            "NEW.state <> 'draft' OR NEW.decider_id IS NOT NULL OR NEW.decided_at IS NOT NULL "
            "OR NEW.submitted_at IS NOT NULL"
        ),
    ),
    refuse(
        "a_proposal_is_about_the_level_that_it_finds",
        PROPOSAL,
        before="INSERT",
        when=f"NOT {LEVEL_FOUND}",
    ),
    refuse(
        "a_decided_proposal_is_frozen",
        PROPOSAL,
        before="UPDATE",
        when="OLD.state NOT IN ('draft', 'submitted')",
    ),
    refuse(
        "a_proposal_keeps_what_it_said_when_handed_in",
        PROPOSAL,
        before="UPDATE",
        when=f"OLD.state = 'submitted' AND ({SAID_ANEW})",
    ),
    kept(
        "a_proposal_stays_its_proposers",
        PROPOSAL,
        *("id", "key_owner", "risk_level_id", "district", "proposer_id", "entered_by_id"),
        *("from_level", "base_revision", "drafted_at"),
    ),
    refuse(
        "a_proposal_is_decided_by_nobody_of_the_team",
        PROPOSAL,
        before="UPDATE",
        when=f"NEW.decider_id IS NOT NULL AND {IN_TEAM.format(decider='NEW.decider_id')}",
    ),
    never_deleted(PROPOSAL, "a_proposal"),
    # --- Assessments and rule sets --------------------------------------------------------------
    *append_only(ASSESSMENT, "an_assessment", ("id",)),
    refuse(
        "an_assessment_is_sealed_under_its_file",
        ASSESSMENT,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
            "AND l.key_owner = NEW.key_owner)"
        ),
    ),
    # At both moments: a draft may still be given another assessment.
    *(
        refuse(
            f"a_proposal_rests_on_an_assessment_of_its_file_{before.lower()}",
            PROPOSAL,
            before=before,
            when=(
                f'NEW.assessment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{ASSESSMENT}" AS s '
                "WHERE s.id = NEW.assessment_id AND s.risk_level_id = NEW.risk_level_id)"
            ),
        )
        for before in ("INSERT", "UPDATE")
    ),
    refuse(
        "a_rule_set_in_force_keeps_its_numbers",
        RULE_SET,
        before="UPDATE",
        when=(
            "OLD.state <> 'draft' AND (NEW.numbers IS DISTINCT FROM OLD.numbers "
            "OR NEW.version <> OLD.version OR NEW.in_force_on <> OLD.in_force_on "
            "OR NEW.state = 'draft')"
        ),
    ),
    never_deleted(RULE_SET, "a_rule_set"),
    # --- Districts ------------------------------------------------------------------------------
    in_district(DECISION, "a_decision", LEVEL, "risk_level_id"),
    in_district(PROPOSAL, "a_proposal", LEVEL, "risk_level_id"),
    in_district(ASSESSMENT, "an_assessment", LEVEL, "risk_level_id"),
]
