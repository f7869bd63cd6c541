"""The rows of casework: people, their files, who helps them, visits and plans."""

from casework.models.assignments import Assignment, TeamMember
from casework.models.case_files import CaseFile
from casework.models.people import Person
from casework.models.plans import Plan
from casework.models.visits import Visit

__all__ = ["Assignment", "CaseFile", "Person", "Plan", "TeamMember", "Visit"]
