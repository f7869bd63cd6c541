"""The rows of levels: rule sets, levels and their decisions, proposals, assessments."""

from risk_levels.models.assessments import Assessment
from risk_levels.models.proposals import Proposal
from risk_levels.models.risk_levels import Decision, RiskLevel
from risk_levels.models.rule_sets import RuleSet

__all__ = ["Assessment", "Decision", "Proposal", "RiskLevel", "RuleSet"]
