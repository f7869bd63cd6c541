"""The history of a file in words: when, who, what, why, and each field before and after."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from casework.dashboards import files
from casework.dashboards.moments import moments_of
from casework.models import (
    Assignment,
    Attachment,
    CaseFile,
    Person,
    Plan,
    TeamMember,
    Visit,
)
from casework.models.plans import State
from kpm import days, masking
from kpm.accounts.models import Unit, User
from kpm.vault.groups import VirtualField
from kpm.vault.opening import Reading, open_all_groups
from risk_levels.models import Proposal
from risk_levels.populations import POPULATIONS

# What changes without meaning anything to a reader.
QUIET = frozenset({"id", "key_owner", "key_gen", "district", "log_reference", "next_due_on"})
# How a person's fields look in it; a day of birth hides whole.
PERSON_MASKS = {**files.MASKS, "emergency_name": "name", "birth_on": "hidden"}
COLLEAGUES = ("worker_id", "drafted_by_id", "approved_by_id", "proposer_id", "decider_id")
Names = dict[Any, str]
# So much of the past fits on one page.
MOST = 200
NEWEST = ("-history_date", "-history_id")


@dataclass(frozen=True)
class Row:
    """Something said about an entry."""

    label: Any
    value: Any


@dataclass(frozen=True)
class Change:
    """One field that became something else; what may not be shown is only named."""

    label: Any
    before: str = ""
    after: str = ""
    is_shown: bool = True


@dataclass(frozen=True)
class Entry:
    """One thing that happened."""

    at: datetime
    title: Any
    who: str = ""
    text: str = ""
    before: str = ""
    after: str = ""
    rows: list[Row] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class Version:
    """One version of a row, and the one before it."""

    row: Any
    earlier: Any
    past: Any

    @property
    def is_first(self) -> bool:
        """Whether the row was made here."""
        return self.earlier is None


def entries_of(case_file: CaseFile, reading: Reading, *, is_team: bool = False) -> list[Entry]:
    """Everything that happened in a file, the latest first."""
    versions = list(versions_of(case_file))
    open_versions(versions, reading)
    moments = moments_of(case_file, MOST)
    names = names_of(versions, {each.by_id for each in moments})
    entries = [
        entry for version in versions if (entry := entry_of(version, names, is_team=is_team))
    ]
    entries += decisions_of(case_file)
    entries += [Entry(each.at, each.title, names.get(each.by_id, "")) for each in moments]
    # What happened at one moment keeps its order: drafted, handed in, decided.
    return sorted(entries, key=attrgetter("at"))[::-1][:MOST]


def decisions_of(case_file: CaseFile) -> Iterator[Entry]:
    """Every change of the level: from what to what, when, by whom."""
    for each in case_file.risk_level.decisions.select_related("decided_by").defer("body"):
        who = each.decided_by.called
        title = each.get_kind_display()
        yield Entry(each.decided_at, title, who, before=each.from_level, after=each.to_level)


def pasts_of(case_file: CaseFile) -> Iterator[models.QuerySet[Any]]:
    """The histories of the rows that make up a file."""
    yield CaseFile.history.filter(id=case_file.id)
    yield Person.history.filter(id=case_file.person_id)
    for model in (Assignment, TeamMember, Visit, Plan, Attachment):
        yield model.history.filter(case_file_id=case_file.id)
    yield Proposal.history.filter(risk_level_id=case_file.risk_level_id)


def versions_of(case_file: CaseFile) -> Iterator[Version]:
    """The newest versions of every row, each with the one before."""
    for pasts in pasts_of(case_file):
        newest = list(pasts.order_by(*NEWEST)[:MOST])
        known = earlier_of(pasts, newest)
        for past in reversed(newest):
            row = past.instance
            yield Version(row, known.get(past.id), past)
            known[past.id] = row


def earlier_of(pasts: models.QuerySet[Any], newest: Sequence[Any]) -> dict[UUID, Any]:
    """What came before the oldest of the newest versions of each row that was not made in them."""
    made = {past.id for past in newest if past.history_type == "+"}
    cut = {past.id for past in newest} - made
    found: dict[UUID, Any] = {}
    if cut:
        seen = [past.history_id for past in newest]
        older = pasts.filter(id__in=cut).exclude(history_id__in=seen)
        for past in older.order_by(*NEWEST)[:MOST]:
            found.setdefault(past.id, past.instance)
    return found


def open_versions(versions: Sequence[Version], reading: Reading) -> None:
    """Open all versions, and those they are compared with, in one go."""
    rows = {id(row): row for each in versions for row in (each.earlier, each.row)}
    sealed = [row for row in rows.values() if hasattr(row, "model_code")]
    open_all_groups(sealed, reading=reading)


def names_of(versions: Sequence[Version], others: set[Any]) -> Names:
    """The colleagues that entries name, and the units where somebody moved."""
    ids: set[Any] = others | {each.past.history_user_id for each in versions}
    units: set[Any] = set()
    for row in (row for each in versions for row in (each.earlier, each.row)):
        ids |= {getattr(row, code, None) for code in COLLEAGUES}
        units.add(getattr(row, "unit_id", None))
    names = {user.pk: user.called for user in User.objects.filter(pk__in=ids - {None})}
    if len(units - {None}) < 2:
        return names
    return names | dict(Unit.objects.filter(pk__in=units - {None}).values_list("pk", "name"))


def changed_fields(version: Version) -> list[Any]:
    """The fields that differ from the version before."""
    meta = version.row._meta
    fields = [*meta.concrete_fields, *(f for f in meta.private_fields if is_virtual(f))]
    return [
        each
        for each in fields
        if each.name not in QUIET
        and not isinstance(each, models.BinaryField)
        and getattr(version.row, each.attname) != getattr(version.earlier, each.attname)
    ]


def changes_of(version: Version, names: Names, *, is_team: bool) -> list[Change]:
    """Each of them before and after, as this reader may see it."""
    found: list[Change] = []
    for each in changed_fields(version):
        if each.name == "details":
            found += detail_changes(version, is_team=is_team)
            continue
        before, after = (
            shown(row, each, names, is_team=is_team) for row in (version.earlier, version.row)
        )
        if before is None or after is None:
            found.append(Change(each.verbose_name, is_shown=False))
        else:
            found.append(Change(each.verbose_name, before, after))
    return found


def detail_changes(version: Version, *, is_team: bool) -> list[Change]:
    """The fields of the population, each masked as on the page of the file."""
    found = []
    for declared in POPULATIONS[version.row.population].fields:
        old, new = (row.details.get(declared.code) for row in (version.earlier, version.row))
        if old != new:
            before, after = (
                files.detail_fact(declared, value, is_team=is_team).shown for value in (old, new)
            )
            found.append(Change(declared.label, before, after))
    return found


def shown(row: Any, each: Any, names: Names, *, is_team: bool) -> str | None:
    """One value as this reader may see it; nothing where it is only said that it changed."""
    value = getattr(row, each.attname)
    if isinstance(row, Person):
        return shown_of_person(each, value, is_team=is_team)
    if is_virtual(each):
        is_open = each.name == "remark" and is_team
        return str(value) if is_open else None
    if value in names:
        return names[value]
    return in_words(each, value)


def shown_of_person(each: Any, value: Any, *, is_team: bool) -> str | None:
    """Who somebody is and how they are reached, masked as on the page of the file."""
    if each.name == "name" and is_team:
        return str(value)
    if each.name in PERSON_MASKS:
        return masking.masked(str(value or ""), PERSON_MASKS[each.name])
    return in_words(each, value)


def in_words(each: Any, value: Any) -> str | None:
    """A value that hides nobody: a choice by its label, a day or moment whole."""
    if value is None or value == "":
        return ""
    if each.choices:
        return str(dict(each.flatchoices).get(value, value))
    if isinstance(value, datetime):
        return days.moment_in_words(value)
    if isinstance(value, date):
        return days.in_words(value)
    if isinstance(value, int | str):
        return str(value)
    return None


def is_virtual(each: Any) -> bool:
    """Whether this is a sealed field."""
    return isinstance(each, VirtualField)


def entry_of(version: Version, names: Names, *, is_team: bool) -> Entry | None:
    """One version in words; nothing where nothing that matters changed."""
    changes = [] if version.is_first else changes_of(version, names, is_team=is_team)
    if not version.is_first and not changes:
        return None
    title = TITLES[type(version.row)](version, names)
    who = names.get(version.past.history_user_id, "")
    why = version.past.history_change_reason or ""
    return Entry(version.past.history_date, title, who, text=why, changes=changes)


def title_of_file(version: Version, names: Names) -> str:
    """A file is opened, then changes."""
    return _("The file was opened") if version.is_first else _("The file was changed")


def title_of_person(version: Version, names: Names) -> str:
    """A person is taken in, then their entry changes."""
    return _("The person was taken in") if version.is_first else _("The person's entry was changed")


def title_of_assignment(version: Version, names: Names) -> str:
    """A place is given, then taken."""
    words = {
        "worker": names.get(version.row.worker_id, ""),
        "place": version.row.get_role_display(),
    }
    if version.is_first:
        return _("%(worker)s joined the team: %(place)s") % words
    return _("%(worker)s left the team: %(place)s") % words


def title_of_team_member(version: Version, names: Names) -> str:
    """Somebody of another organ joins or changes."""
    if version.is_first:
        return _("Somebody from outside joined the team")
    return _("The entry of somebody from outside was changed")


def title_of_visit(version: Version, names: Names) -> str:
    """A contact and what came of it."""
    words = {"way": version.row.get_way_display(), "outcome": version.row.get_outcome_display()}
    return _("%(way)s: %(outcome)s") % words


def title_of_plan(version: Version, names: Names) -> str:
    """A plan is drafted, approved, ended."""
    if version.is_first:
        return _("A support plan was drafted")
    if version.row.state == version.earlier.state:
        return _("The support plan was changed")
    if version.row.state == State.APPROVED:
        return _("The support plan was approved")
    return _("The support plan was ended")


def title_of_attachment(version: Version, names: Names) -> str:
    """A file is attached, then taken out of use."""
    words = {"number": version.row.number, "kind": version.row.get_kind_display()}
    if version.is_first:
        return _("Attachment %(number)s was added: %(kind)s") % words
    return _("Attachment %(number)s was removed: %(kind)s") % words


def title_of_proposal(version: Version, names: Names) -> str:
    """A proposal is drafted, handed in, answered."""
    words = {"level": version.row.get_to_level_display(), "state": version.row.get_state_display()}
    return _("Proposal of %(level)s: %(state)s") % words


TITLES: dict[type[models.Model], Callable[[Version, Names], str]] = {
    CaseFile: title_of_file,
    Person: title_of_person,
    Assignment: title_of_assignment,
    TeamMember: title_of_team_member,
    Visit: title_of_visit,
    Plan: title_of_plan,
    Attachment: title_of_attachment,
    Proposal: title_of_proposal,
}
