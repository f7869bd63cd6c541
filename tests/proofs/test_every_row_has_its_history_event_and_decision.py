"""Nothing comes into the database without its history, its event and, for levels, its decision.

Counted over everything that the demo invented and a ledger brought, row by row.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model

from audit import alerts
from audit.bodies import parse
from audit.events import Event
from audit.models import Alert, Finding, LoggedEvent, Sample, Subject
from casework.models import (
    Absence,
    Assignment,
    Attachment,
    CalendarFeed,
    CaseFile,
    Consent,
    HandOver,
    HarmReport,
    Incident,
    Ledger,
    LostContact,
    Need,
    Person,
    Plan,
    PlanEntry,
    Referral,
    ReviewTask,
    Stipulation,
    TeamMember,
    Transfer,
    UnsentForm,
    Visit,
    WeeklyLoad,
    WorkerProfile,
)
from casework.models.plans import State
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.database.guards import forbidden
from kpm.permissions import Role
from kpm.vault.history import RecordedModel
from risk_levels.levels import Level
from risk_levels.models import Assessment, Decision, Objection, Proposal, RiskLevel, RuleSet
from tests.conftest import RealCommits
from tests.proofs import worlds

Counts = Counter[str]


@pytest.fixture(scope="module", params=["invented", "imported"])
def everything(request: pytest.FixtureRequest, shared_demo: RealCommits) -> int:
    """How many rows a ledger brought: none yet in the demo as it stands, then those of two."""
    if request.param == "invented":
        return 0
    taken = [worlds.take_in("empty_nest_elder"), worlds.take_in("drug")]
    for number, row in enumerate(taken[0].rows.filter(is_applied=True)[:3]):
        assert row.case_file is not None
        supervisor = worlds.somebody(Role.SUPERVISOR)
        worlds.correct(row.case_file, phone=f"1391111000{number}", by=supervisor)
    return sum(ledger.rows.filter(is_applied=True).count() for ledger in taken)


def recorded_models() -> list[type[Model]]:
    """Every model of the product whose rows are written in somebody's name."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, RecordedModel) and not model.__module__.startswith("tests.")
    ]


def plain(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Column values that can be compared: bytes as bytes."""
    values = {name: getattr(row, name) for name in names}
    return {
        name: bytes(value) if isinstance(value, memoryview) else value
        for name, value in values.items()
    }


# --- history


def test_every_row_has_its_history(everything: int) -> None:
    without = {model.__name__ for model in recorded_models() if not hasattr(model, "history")}
    # Written once and never again: there the row is its own history, and the database sees to it.
    # A row of a ledger and an unsent form are working paper: what comes of them has a history.
    assert without == {"Assessment", "Decision", "LedgerRow", "UnsentForm"}
    for model in (Assessment, Decision):
        for change in ("UPDATE", "DELETE"):
            assert model._meta.db_table in forbidden(change)
    for model in recorded_models():
        if hasattr(model, "history"):
            check_history(model)


def check_history(model: Any) -> None:
    """One beginning for every row, in somebody's name, and an end that is the row."""
    rows = {row.pk: row for row in model.objects.all()}
    versions: dict[Any, list[Any]] = {}
    for version in model.history.order_by("history_date", "history_id"):
        versions.setdefault(version.id, []).append(version)
    assert versions.keys() == rows.keys(), model.__name__
    names = [field.attname for field in model.history.model.tracked_fields]
    assert len(names) > 3
    for identity, (first, *later) in versions.items():
        assert first.history_type == "+"
        assert {each.history_type for each in later} <= {"~"}
        last = [first, *later][-1]
        assert plain(last, names) == plain(rows[identity], names), model.__name__


def test_every_version_says_who_wrote_it(everything: int) -> None:
    people = set(User.objects.values_list("pk", flat=True))
    for model in recorded_models():
        if hasattr(model, "history"):
            authors = set(model.history.values_list("history_user_id", flat=True))
            assert authors <= people, model.__name__


# --- events


def bodies() -> list[dict[str, Any]]:
    """Every event on record."""
    return [
        parse(text) for text in LoggedEvent.objects.order_by("id").values_list("body", flat=True)
    ]


def told(*events: Event) -> Counts:
    """How often each thing is the subject of one of these events."""
    return Counter(
        reference
        for body in bodies()
        if body["act"] in events and body["out"] == "ok"
        for reference in (*body.get("os", ()), *([body["o"]] if "o" in body else ()))
    )


def numbers(model: Any, path: str = "case_file__number", **lookup: Any) -> Counts:
    """How many rows of a model belong to each file."""
    return Counter(model.objects.filter(**lookup).values_list(path, flat=True))


def changes(model: Any, path: str) -> Counts:
    """How many later versions there are of what belongs to each file."""
    number_of = dict(model.objects.values_list("pk", path))
    changed = model.history.filter(history_type="~").values_list("id", flat=True)
    return Counter(number_of[identity] for identity in changed)


def drawn() -> Counts:
    """The events on whose reasons the lot fell, by their own names."""
    places = list(Sample.objects.values_list("place", flat=True))
    texts = LoggedEvent.objects.filter(id__in=places).values_list("body", flat=True)
    return Counter(parse(text)["ev"] for text in texts)


LEVEL_PATH = "risk_level__case_file__number"
OF_FILES: dict[tuple[Event, ...], Callable[[], Counts]] = {
    (Event.CASE_FILE_OPENED,): lambda: numbers(CaseFile, "number"),
    (Event.CASE_FILE_CHANGED,): lambda: changes(CaseFile, "number"),
    (Event.PERSON_CHANGED,): lambda: changes(Person, "case_files__number"),
    (Event.VISIT_RECORDED, Event.VISIT_PLANNED): lambda: numbers(Visit),
    (Event.ASSIGNMENT_STARTED,): lambda: numbers(Assignment),
    (Event.ASSIGNMENT_ENDED,): lambda: numbers(Assignment, until_on__isnull=False),
    (Event.TEAM_MEMBER_NAMED,): lambda: numbers(TeamMember),
    (Event.TEAM_MEMBER_LEFT,): lambda: numbers(TeamMember, until_on__isnull=False),
    (Event.LOST_CONTACT_OPENED,): lambda: numbers(LostContact),
    (Event.CONSENT_RECORDED,): lambda: numbers(Consent),
    (Event.CONSENT_WITHDRAWN,): lambda: numbers(Consent, withdrawal__isnull=False),
    (Event.REFERRAL_SENT,): lambda: numbers(Referral),
    (Event.REFERRAL_ANSWERED,): lambda: numbers(Referral, answered_on__isnull=False),
    (Event.REFERRAL_ENDED,): lambda: numbers(Referral, ended_on__isnull=False),
    (Event.NEED_NOTED,): lambda: numbers(Need),
    (Event.NEED_ENDED,): lambda: numbers(Need, ended_on__isnull=False),
    (Event.INCIDENT_NOTED,): lambda: numbers(Incident, corrects__isnull=True),
    (Event.INCIDENT_CORRECTED,): lambda: numbers(Incident, corrects__isnull=False),
    (Event.HARM_REPORT_OPENED,): lambda: numbers(HarmReport),
    (Event.HARM_REPORT_TOLD,): lambda: numbers(HarmReport, told_at__isnull=False),
    (Event.TRANSFER_ASKED,): lambda: numbers(Transfer),
    (Event.TRANSFER_REFUSED,): lambda: numbers(Transfer, state="refused"),
    (Event.HARM_REPORT_CONFIRMED,): lambda: numbers(HarmReport, state="confirmed"),
    (Event.ATTACHMENT_ADDED,): lambda: numbers(Attachment),
    (Event.PLAN_DRAFTED,): lambda: numbers(Plan),
    (Event.PLAN_HEARD,): lambda: numbers(PlanEntry, kind="word"),
    (Event.PLAN_STEP_MARKED,): lambda: numbers(PlanEntry, kind__startswith="step"),
    (Event.PLAN_REVIEWED,): lambda: numbers(PlanEntry, kind="review"),
    (Event.PLAN_ENDED,): lambda: numbers(PlanEntry, kind="end"),
    (Event.PLAN_APPROVED,): lambda: numbers(Plan, approved_by__isnull=False),
    (Event.ASSESSMENT_RECORDED,): lambda: numbers(Assessment, LEVEL_PATH),
    (Event.RISK_LEVEL_PROPOSED,): lambda: numbers(Proposal, LEVEL_PATH, submitted_at__isnull=False),
    (Event.RISK_LEVEL_APPROVED,): lambda: numbers(Decision, LEVEL_PATH, kind="approved"),
    (Event.RISK_LEVEL_EXPIRED,): lambda: numbers(Decision, LEVEL_PATH, kind="expired"),
    (Event.RISK_LEVEL_FIRST_APPROVED,): lambda: numbers(
        Proposal, LEVEL_PATH, first_approver__isnull=False
    ),
    (Event.RISK_LEVEL_SET,): lambda: numbers(Decision, LEVEL_PATH, kind="provisional"),
    (Event.RISK_LEVEL_PUT_BACK,): lambda: numbers(Decision, LEVEL_PATH, kind="lapsed"),
    (Event.RISK_LEVEL_LAPSED,): lambda: numbers(Proposal, LEVEL_PATH, state="lapsed"),
    (Event.RISK_LEVEL_IMPORTED,): lambda: numbers(Decision, LEVEL_PATH, kind="imported_down"),
    (Event.STIPULATION_RECORDED,): lambda: numbers(Stipulation),
    (Event.REVIEW_TASK_OPENED,): lambda: numbers(ReviewTask),
    (Event.REVIEW_TASK_ENDED,): lambda: numbers(ReviewTask, state="ended"),
    (Event.OBJECTION_RECEIVED,): lambda: numbers(Objection, LEVEL_PATH),
    (Event.OBJECTION_ACKNOWLEDGED,): lambda: numbers(
        Objection, LEVEL_PATH, acknowledged_by__isnull=False
    ),
    (Event.OBJECTION_UPHELD,): lambda: numbers(Decision, LEVEL_PATH, kind="objection_upheld"),
    (Event.OBJECTION_PARTLY_UPHELD,): lambda: numbers(Objection, LEVEL_PATH, state="partly_upheld"),
    (Event.OBJECTION_DISMISSED,): lambda: numbers(Objection, LEVEL_PATH, state="dismissed"),
}


def changed_rule_sets() -> Counts:
    """Each time that a draft was written again."""
    rows = RuleSet.history.filter(history_type="~", state="draft")
    return Counter(rows.values_list("version", flat=True))


OF_OTHERS: dict[Event, Callable[[], Counts]] = {
    Event.ACCOUNT_OPENED: lambda: numbers(User, "log_reference"),
    Event.GRANT_STARTED: lambda: numbers(RoleGrant, "user__log_reference"),
    Event.UNIT_OPENED: lambda: numbers(Unit, "code"),
    Event.RULE_SET_STARTED: lambda: numbers(RuleSet, "version", in_force_on__isnull=False),
    Event.RULE_SET_DRAFTED: lambda: numbers(RuleSet, "version", reason__gt=""),
    Event.RULE_SET_CHANGED: changed_rule_sets,
    Event.UNSENT_FORM_KEPT: lambda: numbers(UnsentForm),
    Event.HAND_OVER_OFFERED: lambda: numbers(HandOver),
    Event.HAND_OVER_DECLINED: lambda: numbers(HandOver, state="declined"),
    # Each time that somebody said it otherwise.
    Event.WORKER_DESCRIBED: lambda: Counter(
        WorkerProfile.history.values_list("worker__log_reference", flat=True)
    ),
    Event.ABSENCE_RECORDED: lambda: numbers(Absence, "worker__log_reference"),
    Event.LOAD_RECORDED: lambda: numbers(WeeklyLoad, "worker__log_reference"),
    Event.CALENDAR_FEED_MADE: lambda: numbers(CalendarFeed, "worker__log_reference"),
    Event.LEDGER_UPLOADED: lambda: numbers(Ledger, "number"),
    Event.ALERT_RAISED: lambda: numbers(Alert, "number"),
    Event.FINDING_ASKED: lambda: numbers(Finding, "number"),
    Event.SAMPLE_DRAWN: drawn,
}


def test_every_row_has_its_event(everything: int) -> None:
    for events, expected in OF_FILES.items():
        assert told(*events) == expected(), events
    for event, expected in OF_OTHERS.items():
        assert told(event) == expected(), event
    assert len(told(Event.CASE_FILE_OPENED)) > worlds.FILES + everything
    assert Plan.objects.filter(state=State.APPROVED).exists()


def test_every_event_that_can_happen_here_has_been_counted(everything: int) -> None:
    counted = {event for events in OF_FILES for event in events} | set(OF_OTHERS)
    # Drafts are told when they are written one by one; what is handed in at once is told once.
    drafted = {Event.RISK_LEVEL_DRAFTED}
    looked_at = {Event.CASE_FILE_REVEALED, Event.CASE_FILE_READ, Event.LEDGER_READ}
    looked_at |= {Event.PERSON_MATCHED}
    answered = {Event.RISK_LEVEL_RETURNED, Event.RISK_LEVEL_REJECTED}
    moved_on = {Event.LEDGER_CHECKED, Event.LEDGER_CONFIRMED, Event.LEDGER_APPLIED}
    assert {body["act"] for body in bodies()} <= {
        *counted,
        *drafted,
        *looked_at,
        *answered,
        *moved_on,
    }


def test_every_grant_is_named_in_its_event(everything: int) -> None:
    named = {body["dec"]["grant"] for body in bodies() if body["act"] == Event.GRANT_STARTED}
    assert named == set(RoleGrant.objects.values_list("log_reference", flat=True))


def test_an_event_about_many_is_found_by_each_of_them(everything: int) -> None:
    listed = Counter(reference for body in bodies() for reference in body.get("os", ()))
    assert listed == Counter(Subject.objects.values_list("subject", flat=True))
    assert all(
        body["n"] == len(body["os"]) for body in bodies() if "os" in body and "pt" not in body
    )


def test_every_event_has_somebody_who_acted(everything: int) -> None:
    people = set(User.objects.values_list("log_reference", flat=True))
    assert {body["a"] for body in bodies()} <= people | {alerts.BY.log_reference}


# --- decisions


def chains() -> Iterator[tuple[RiskLevel, list[Decision]]]:
    """Every level with its decisions in their order."""
    decisions: dict[Any, list[Decision]] = {}
    for each in Decision.objects.select_related("proposal").order_by("base_revision"):
        decisions.setdefault(each.risk_level_id, []).append(each)
    for level in RiskLevel.objects.all():
        yield level, decisions.pop(level.pk, [])
    assert decisions == {}


def test_every_level_has_its_decisions(everything: int) -> None:
    seen: Counts = Counter()
    for level, decisions in chains():
        seen[level.level] += 1
        now = Level.UNGRADED.value
        for number, decision in enumerate(decisions):
            assert (decision.base_revision, decision.from_level) == (number, now)
            assert decision.key_owner == level.key_owner
            now = decision.to_level
        last = decisions[-1] if decisions else None
        assert level.level == now
        assert level.revision == len(decisions)
        assert level.decision_id == (last.pk if last else None)
        if last is not None:
            assert (level.until_on, level.review_on) == (last.until_on, last.review_on)
    assert all(seen[each] for each in Level.values)


def test_every_approval_has_a_proposal_and_a_second_person(everything: int) -> None:
    approved = Decision.objects.filter(kind="approved").select_related("proposal", "risk_level")
    assert approved.count() > worlds.FILES // 2
    for decision in approved:
        proposal = decision.proposal
        assert proposal is not None
        assert proposal.state == "approved"
        assert proposal.risk_level_id == decision.risk_level_id
        assert (proposal.from_level, proposal.to_level) == (decision.from_level, decision.to_level)
        assert decision.decided_by_id not in (proposal.proposer_id, proposal.entered_by_id)
        assert proposal.decider_id == decision.decided_by_id


def test_every_file_has_one_level_and_every_level_one_file(everything: int) -> None:
    files = dict(CaseFile.objects.values_list("pk", "risk_level_id"))
    levels = dict(RiskLevel.objects.values_list("key_owner", "pk"))
    assert files == levels
