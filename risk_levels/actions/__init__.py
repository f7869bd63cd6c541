"""Everything that changes levels, proposals, assessments and rule sets."""

from risk_levels.actions.assessments import record_assessment
from risk_levels.actions.bulk import (
    Opening,
    bulk_approve,
    bulk_follow_classes,
    bulk_open_levels,
    bulk_propose,
    bulk_record_assessments,
)
from risk_levels.actions.calendar import correct_calendar
from risk_levels.actions.decisions import (
    approve,
    approve_first,
    check_is_not_proposer,
    check_is_second_person,
    due_to_expire,
    expire,
    open_level,
    reject,
    return_,
    withdraw,
)
from risk_levels.actions.objections import (
    acknowledge_objection,
    check_can_decide_objection,
    decide_objection,
    receive_objection,
    withdraw_objection,
)
from risk_levels.actions.proposals import (
    Draft,
    official_draft,
    propose,
    propose_official,
    submit,
)
from risk_levels.actions.provisional import due_to_lapse, lapse, set_provisionally
from risk_levels.actions.rule_sets import (
    change_duties,
    change_general,
    discard_rule_set,
    draft_rule_set,
    end_replaced_rule_sets,
    rule_set_in_force,
    seed_rule_set,
    start_rule_set,
    withdraw_rule_set,
)
from risk_levels.actions.undecided import due_to_take_effect, take_effect

__all__ = [
    "Draft",
    "Opening",
    "acknowledge_objection",
    "approve",
    "approve_first",
    "bulk_approve",
    "bulk_follow_classes",
    "bulk_open_levels",
    "bulk_propose",
    "bulk_record_assessments",
    "change_duties",
    "change_general",
    "check_can_decide_objection",
    "check_is_not_proposer",
    "check_is_second_person",
    "correct_calendar",
    "decide_objection",
    "discard_rule_set",
    "draft_rule_set",
    "due_to_expire",
    "due_to_lapse",
    "due_to_take_effect",
    "end_replaced_rule_sets",
    "expire",
    "lapse",
    "official_draft",
    "open_level",
    "propose",
    "propose_official",
    "receive_objection",
    "record_assessment",
    "reject",
    "return_",
    "rule_set_in_force",
    "seed_rule_set",
    "set_provisionally",
    "start_rule_set",
    "submit",
    "take_effect",
    "withdraw",
    "withdraw_objection",
    "withdraw_rule_set",
]
