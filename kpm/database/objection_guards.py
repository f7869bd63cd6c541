"""Guards of objections: whoever had part in a decision says nothing about what was said of it."""

from kpm.database.forgetting import only_forgets
from kpm.database.guards import Guard, changed, in_district, kept, never_deleted, refuse
from kpm.database.level_guards import DECISION, IN_TEAM, LEVEL, OBJECTION, PROPOSAL

HAD_PART = (
    f'EXISTS (SELECT 1 FROM "{DECISION}" AS d LEFT JOIN "{PROPOSAL}" AS p ON p.id = d.proposal_id '
    "WHERE d.id = NEW.decision_id AND NEW.decider_id IN "
    "(d.decided_by_id, p.proposer_id, p.entered_by_id, p.first_approver_id))"
)

GUARDS: list[Guard] = [
    refuse(
        "an_objection_is_about_the_decision_that_holds",
        OBJECTION,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
            "AND l.key_owner = NEW.key_owner AND l.decision_id = NEW.decision_id)"
        ),
    ),
    kept(
        "an_objection_stays_what_it_was",
        OBJECTION,
        *("id", "key_owner", "risk_level_id", "decision_id", "received_by_id", "received_at"),
        *("acknowledge_by_on", "decide_by_on"),
    ),
    refuse(
        "an_objection_keeps_its_words",
        OBJECTION,
        before="UPDATE",
        when=f"({changed('body')}) AND NOT ({only_forgets(OBJECTION)})",
    ),
    refuse(
        "an_answered_objection_is_frozen",
        OBJECTION,
        before="UPDATE",
        when=(f"OLD.state NOT IN ('received', 'acknowledged') AND NOT ({only_forgets(OBJECTION)})"),
    ),
    refuse(
        "an_objection_is_answered_by_nobody_of_the_team",
        OBJECTION,
        before="UPDATE",
        when=f"NEW.decider_id IS NOT NULL AND {IN_TEAM.format(decider='NEW.decider_id')}",
    ),
    refuse(
        "an_objection_is_answered_by_somebody_uninvolved",
        OBJECTION,
        before="UPDATE",
        when=f"NEW.decider_id IS NOT NULL AND {HAD_PART}",
    ),
    never_deleted(OBJECTION, "an_objection"),
    in_district(OBJECTION, "an_objection", LEVEL, "risk_level_id"),
]
