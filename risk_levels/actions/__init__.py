"""Everything that changes levels, proposals, assessments and rule sets."""

from risk_levels.actions.assessments import record_assessment
from risk_levels.actions.bulk import (
    Opening,
    bulk_approve,
    bulk_open_levels,
    bulk_propose,
    bulk_record_assessments,
)
from risk_levels.actions.decisions import (
    approve,
    check_is_not_proposer,
    check_is_second_person,
    due_to_expire,
    expire,
    open_level,
    reject,
    return_,
)
from risk_levels.actions.proposals import (
    Draft,
    official_draft,
    propose,
    propose_official,
    submit,
    withdraw,
)
from risk_levels.actions.rule_sets import rule_set_in_force, seed_rule_set

__all__ = [
    "Draft",
    "Opening",
    "approve",
    "bulk_approve",
    "bulk_open_levels",
    "bulk_propose",
    "bulk_record_assessments",
    "check_is_not_proposer",
    "check_is_second_person",
    "due_to_expire",
    "expire",
    "official_draft",
    "open_level",
    "propose",
    "propose_official",
    "record_assessment",
    "reject",
    "return_",
    "rule_set_in_force",
    "seed_rule_set",
    "submit",
    "withdraw",
]
