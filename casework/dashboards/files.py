"""What the page of one file shows, in words: facts, what is due, the team."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework import rules
from casework.actions.case_files import calendars
from casework.caseload import Due, DueKind
from casework.dashboards import incidents, lost_contacts, plans
from casework.dashboards.consents import Point, is_without_ground, last_words, points_of
from casework.dashboards.needs import Needs
from casework.dashboards.needs import of_file as needs_of
from casework.dashboards.plans import Version
from casework.dashboards.red_files import MissingRow, missing_row
from casework.dashboards.teams import Why, answerable
from casework.models import CaseFile, Incident, Person, Visit
from casework.models.assignments import Place
from casework.models.people import Sex
from kpm import masking
from kpm.vault.opening import Reading, open_groups
from risk_levels.populations import POPULATIONS
from risk_levels.populations.grounds import Words
from risk_levels.populations.parts import NAME, PEOPLE, PHONE, Field

# How the identity fields look while they are closed.
MASKS = {
    "name": "name",
    "id_number": "id_number",
    "phone": "phone",
    "address": "address",
    "emergency_phone": "phone",
}


@dataclass(frozen=True)
class Fact:
    """One field of a file as it is shown; `opens` when the value comes only with a reason."""

    code: str
    label: Promise | str
    shown: str
    opens: bool = False


def person_label(field: str) -> Any:
    """What a field of a person is called."""
    return next(each for each in Person._meta.private_fields if each.name == field).verbose_name


def identity_facts(case_file: CaseFile, *, is_team: bool) -> list[Fact]:
    """The person: masked, but for the name that the team has before it anyway."""
    person = case_file.person
    codes = [code for code in rules.REVEALED_OF_PERSON if not (is_team and code == "name")]
    facts = [masked_fact(person, code) for code in codes]
    contact = [masking.name(person.emergency_name), person.emergency_relation]
    shown = " · ".join(part for part in contact if part)
    facts.insert(-1, Fact("emergency_name", person_label("emergency_name"), shown))
    return facts


def masked_fact(person: Person, code: str) -> Fact:
    """One field of a person, masked."""
    shown = masking.masked(getattr(person, code), MASKS[code])
    return Fact(code, person_label(code), shown, opens=True)


def detail_facts(case_file: CaseFile, *, is_team: bool) -> list[Fact]:
    """What the population records, in its order; what is empty is left out."""
    details = case_file.details
    declared = POPULATIONS[case_file.population].fields
    facts = [detail_fact(each, details.get(each.code), is_team=is_team) for each in declared]
    if case_file.remark and is_team:
        facts.append(Fact("remark", _("Remark"), case_file.remark))
    return [fact for fact in facts if fact.shown]


def detail_fact(declared: Field, value: Any, *, is_team: bool) -> Fact:
    """One field of the population as this reader sees it."""
    shown = str(declared.label_of(value))
    if rules.is_revealed(declared):
        kind = "phone" if declared.kind == PHONE else "hidden"
        return Fact(declared.code, declared.label, masking.masked(shown, kind), opens=True)
    if declared.kind == NAME and not is_team:
        shown = masking.name(shown)
    if declared.kind == PEOPLE and not is_team:
        shown = masking.hidden(shown)
    return Fact(declared.code, declared.label, shown)


@dataclass(frozen=True)
class DueRow:
    """One thing to do, in words."""

    kind: DueKind
    label: Any
    on: date
    # Only where hours count; and whether they are over.
    by_at: datetime | None = None
    is_late: bool = False


def due_rows(case_file: CaseFile, now: datetime) -> list[DueRow]:
    """What is due next; nothing on a closed file."""
    if not case_file.is_open:
        return []
    due = calendars([case_file], timezone.localdate(now))[case_file].due()
    return [due_row(case_file, each, now) for each in due]


def due_row(case_file: CaseFile, due: Due, now: datetime) -> DueRow:
    """One of them in words."""
    label = due_label(due.kind, case_file)
    return DueRow(due.kind, label, due.on, due.by_at, due.is_late(now))


def due_label(kind: DueKind, case_file: CaseFile) -> Words:
    """What is due, as the population of the file calls it."""
    words = POPULATIONS[case_file.population].visit_words
    return {
        DueKind.EVENT_VISIT: _("Visit after an incident"),
        DueKind.CONTACT: _("Contact"),
        DueKind.VISIT: words.one,
        DueKind.FIRST_VISIT: words.first,
        DueKind.REVIEW: _("Review of the level"),
    }[kind]


def team_rows(case_file: CaseFile) -> list[Any]:
    """Who works on the file now: lead, deputy, members."""
    order = list(Place)
    return sorted(rules.team(case_file), key=lambda each: order.index(Place(each.role)))


def answering(case_file: CaseFile, today: date) -> str:
    """Who answers for the file, where the lead does not."""
    if not case_file.is_open:
        return ""
    found = answerable(case_file, today)
    if found is None:
        return gettext("Nobody leads it, and no unit above has a supervisor.")
    return "" if found.why == Why.LEADS else found.words


def latest_visits(case_file: CaseFile, count: int = 5) -> list[Visit]:
    """The last contacts, without what was written about them."""
    return list(case_file.visits.select_related("worker").defer("body")[:count])


@dataclass(frozen=True)
class Overview:
    """Everything that the first page of a file shows."""

    sex: Any
    identity: list[Fact]
    details: list[Fact]
    missing: MissingRow | None
    # While nobody has met the person for three tries.
    lost: str
    due: list[DueRow]
    team: list[Any]
    # Who answers for it, in words, where that is not the lead.
    answers: str
    needs: Needs
    consents: list[Point]
    # The consent to support was withdrawn, and the file is open.
    is_without_ground: bool
    incidents: list[Incident]
    # The plan that holds, else the draft.
    plan: Version | None
    is_draft_waiting: bool
    visits: list[Visit]


def overview_of(case_file: CaseFile, reading: Reading, *, is_team: bool, now: datetime) -> Overview:
    """Open what the first page shows, and put it into words."""
    today = timezone.localdate(now)
    # The keys of the person and of the file in one query.
    open_groups([case_file], "person__head", "person__body", "body", reading=reading)
    versions, _earlier = plans.live(case_file, reading, today)
    standing = last_words(case_file, today)
    return Overview(
        sex=Sex(case_file.person.sex).label,
        identity=identity_facts(case_file, is_team=is_team),
        details=detail_facts(case_file, is_team=is_team),
        missing=missing_row(case_file, today),
        lost=lost_contacts.notice(case_file, today),
        due=due_rows(case_file, now),
        team=team_rows(case_file),
        answers=answering(case_file, today),
        incidents=incidents.latest_of(case_file, reading),
        needs=needs_of(case_file, reading, only_open=True),
        consents=points_of(standing),
        is_without_ground=is_without_ground(case_file, standing),
        plan=versions[-1] if versions else None,
        is_draft_waiting=len(versions) > 1,
        visits=latest_visits(case_file),
    )


def fact_of(case_file: CaseFile, code: str) -> Fact:
    """One field that opens by itself, closed: only what it is called, nothing of what it is."""
    declared = POPULATIONS[case_file.population].field(code)
    if declared is not None:
        return Fact(code, declared.label, masking.HIDDEN, opens=True)
    if code not in rules.REVEALED_OF_PERSON:
        raise Http404
    return Fact(code, person_label(code), masking.HIDDEN, opens=True)
