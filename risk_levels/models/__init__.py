"""The rows of levels: rule sets, levels and their decisions, proposals, assessments, objections."""

from risk_levels.models.assessments import Assessment
from risk_levels.models.calendar import CalendarDay
from risk_levels.models.objections import Objection
from risk_levels.models.proposals import Proposal
from risk_levels.models.risk_levels import Decision, RiskLevel
from risk_levels.models.rule_sets import RuleSet

__all__ = [
    "Assessment",
    "CalendarDay",
    "Decision",
    "Objection",
    "Proposal",
    "RiskLevel",
    "RuleSet",
]
