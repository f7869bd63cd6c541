"""The history of a file in words: when, who, what, which fields; never the values."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import models
from django.utils.translation import gettext as _

from casework.models import Assignment, Attachment, CaseFile, Person, Plan, TeamMember, Visit
from casework.models.plans import State
from kpm.accounts.models import User
from kpm.vault.groups import VirtualField
from kpm.vault.opening import Reading, open_all_groups
from risk_levels.models import Proposal

# What changes without meaning anything to a reader.
QUIET = frozenset({"id", "key_owner", "key_gen", "district", "log_reference", "next_due_on"})
Names = dict[UUID, str]
# So much of the past fits on one page.
MOST = 200


@dataclass(frozen=True)
class Row:
    """Something said about an entry."""

    label: Any
    value: Any


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


def entries_of(case_file: CaseFile, reading: Reading) -> list[Entry]:
    """Everything that happened in a file, the latest first."""
    versions = list(versions_of(case_file))
    open_versions(versions, reading)
    names = names_of(person for version in versions for person in people_in(version))
    entries = [entry for version in versions if (entry := entry_of(version, names))]
    entries += [*decisions_of(case_file), *assessments_of(case_file)]
    # What happened at one moment keeps its order: drafted, handed in, decided.
    return sorted(entries, key=attrgetter("at"))[::-1][:MOST]


def decisions_of(case_file: CaseFile) -> Iterator[Entry]:
    """Every change of the level: from what to what, when, by whom."""
    for each in case_file.risk_level.decisions.select_related("decided_by").defer("body"):
        who = each.decided_by.name
        title = each.get_kind_display()
        yield Entry(each.decided_at, title, who, before=each.from_level, after=each.to_level)


def assessments_of(case_file: CaseFile) -> Iterator[Entry]:
    """Every assessment."""
    for each in case_file.risk_level.assessments.select_related("assessed_by").defer("body"):
        yield Entry(each.recorded_at, _("An assessment was recorded"), each.assessed_by.name)


def pasts_of(case_file: CaseFile) -> Iterator[models.QuerySet[Any]]:
    """The histories of the rows that make up a file."""
    yield CaseFile.history.filter(id=case_file.id)
    yield Person.history.filter(id=case_file.person_id)
    for model in (Assignment, TeamMember, Visit, Plan, Attachment):
        yield model.history.filter(case_file_id=case_file.id)
    yield Proposal.history.filter(risk_level_id=case_file.risk_level_id)


def versions_of(case_file: CaseFile) -> Iterator[Version]:
    """Every version of every row, each with the one before."""
    for pasts in pasts_of(case_file):
        ordered = pasts.order_by("id", "history_date", "history_id")[: 2 * MOST]
        for _id, group in groupby(ordered, key=attrgetter("id")):
            earlier = None
            for past in group:
                row = past.instance
                yield Version(row, earlier, past)
                earlier = row


def open_versions(versions: Sequence[Version], reading: Reading) -> None:
    """Open all versions in one go."""
    rows = [version.row for version in versions if hasattr(version.row, "model_code")]
    open_all_groups(rows, reading=reading)


def people_in(version: Version) -> Iterator[UUID | None]:
    """The colleagues whose names an entry says."""
    yield version.past.history_user_id
    yield getattr(version.row, "worker_id", None)


def names_of(users: Iterable[UUID | None]) -> Names:
    """Who they are, in one query."""
    ids = {each for each in users if each is not None}
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "name"))


def changed_fields(version: Version) -> list[Any]:
    """What the fields are called that differ from the version before."""
    meta = version.row._meta
    fields = [*meta.concrete_fields, *(f for f in meta.private_fields if is_virtual(f))]
    return [
        each.verbose_name
        for each in fields
        if each.name not in QUIET
        and not isinstance(each, models.BinaryField)
        and getattr(version.row, each.attname) != getattr(version.earlier, each.attname)
    ]


def is_virtual(each: Any) -> bool:
    """Whether this is a sealed field."""
    return isinstance(each, VirtualField)


def entry_of(version: Version, names: Names) -> Entry | None:
    """One version in words; nothing where nothing that matters changed."""
    changed = [] if version.is_first else changed_fields(version)
    if not version.is_first and not changed:
        return None
    title = TITLES[type(version.row)](version, names)
    who = names.get(version.past.history_user_id, "")
    told = ", ".join(str(label) for label in changed)
    rows = [Row(_("Changed"), told)] if told else []
    return Entry(version.past.history_date, title, who, rows=rows)


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
