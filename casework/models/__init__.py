"""The rows of casework: people, files, teams, staff, visits, plans, ledgers, destructions, more."""

from casework.models.assignments import Assignment, TeamMember
from casework.models.attachments import Attachment
from casework.models.calendar_feeds import CalendarFeed
from casework.models.case_files import CaseFile
from casework.models.consents import Consent, ConsentWithdrawal
from casework.models.destructions import Destruction
from casework.models.digests import Digest
from casework.models.hand_overs import HandOver
from casework.models.harm import HarmReport, HarmStep
from casework.models.incidents import Incident
from casework.models.ledgers import Ledger, LedgerRow
from casework.models.loads import WeeklyLoad
from casework.models.lost_contacts import LostContact
from casework.models.needs import Need
from casework.models.people import Person
from casework.models.plan_entries import PlanEntry
from casework.models.plans import Plan
from casework.models.referrals import Referral, Sharing
from casework.models.review_tasks import ReviewTask
from casework.models.stipulations import Stipulation
from casework.models.team_checks import TeamCheck
from casework.models.transfers import Transfer
from casework.models.unsent_forms import UnsentForm
from casework.models.visits import Visit
from casework.models.workers import Absence, WorkerProfile

__all__ = [
    "Absence",
    "Assignment",
    "Attachment",
    "CalendarFeed",
    "CaseFile",
    "Consent",
    "ConsentWithdrawal",
    "Destruction",
    "Digest",
    "HandOver",
    "HarmReport",
    "HarmStep",
    "Incident",
    "Ledger",
    "LedgerRow",
    "LostContact",
    "Need",
    "Person",
    "Plan",
    "PlanEntry",
    "Referral",
    "ReviewTask",
    "Sharing",
    "Stipulation",
    "TeamCheck",
    "TeamMember",
    "Transfer",
    "UnsentForm",
    "Visit",
    "WeeklyLoad",
    "WorkerProfile",
]
