"""What the log says of one account, one thing or one sign-in, and all that one event says."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from audit.bodies import canonical
from audit.log import ANONYMOUS
from audit.models import Checkpoint, Detail, Leaf, LoggedEvent
from audit.searches import DATABASE, Filters, Page, Row, find, shown, staff_names


class Turn(NamedTuple):
    """Which page: the events before one, or after one; the newest without either."""

    before: int | None = None
    after: int | None = None


class Kind(StrEnum):
    """Whose timeline."""

    ACCOUNT = "account"
    THING = "thing"
    SESSION = "session"


@dataclass(frozen=True)
class Timeline:
    """One page of what the log says of one thing; the log itself knows it as such."""

    kind: Kind
    reference: str
    name: str
    page: Page

    @property
    def rows(self) -> list[Row]:
        """The events, newest first."""
        return self.page.rows

    @property
    def days(self) -> Iterator[tuple[date, list[Row]]]:
        """The events by day."""
        for day, rows in groupby(self.rows, key=attrgetter("day")):
            yield day, list(rows)

    @property
    def is_file(self) -> bool:
        """Whether it is a case file, which others may have opened."""
        return self.kind is Kind.THING and any(
            row.kind == "case_file" and self.reference in row.subjects for row in self.rows
        )

    @property
    def log_type(self) -> str:
        """What kind of thing the log calls it."""
        if self.kind is not Kind.THING:
            return str(self.kind)
        return next(row.kind for row in self.rows if self.reference in row.subjects)

    @property
    def log_reference(self) -> str:
        """As the log calls it."""
        return self.reference


def of(kind: Kind, reference: str, turn: Turn) -> Timeline:
    """One page of the timeline of an account, a thing or a sign-in."""
    names = staff_names([reference]) if kind is Kind.ACCOUNT else {}
    filters = _filters(kind, reference, turn)
    page = find(filters) if filters else Page()
    return Timeline(kind=kind, reference=reference, name=names.get(reference, ""), page=page)


def _filters(kind: Kind, reference: str, turn: Turn) -> Filters | None:
    before, after = turn
    if kind is Kind.ACCOUNT:
        return Filters(actors=(reference,), before=before, after=after)
    if kind is Kind.THING:
        return Filters(subject=reference, before=before, after=after)
    # A sign-in is one person's: through them its events are found by an index.
    newest = LoggedEvent.objects.using(DATABASE).filter(body__contains=f'"ss":"{reference}"')
    actor = newest.order_by("-id").values_list("actor", flat=True).first()
    if actor is None:
        return None
    actors = (actor, ANONYMOUS.log_reference)
    return Filters(session=reference, actors=actors, before=before, after=after)


# What may lie open beside an event, and what it is called.
DETAILS = {
    "address": _("Network address"),
    "agent": _("Browser"),
    "attachment": _("Attachment"),
    "count": _("Count"),
    "filters": _("Filters"),
    "from": _("From"),
    "to": _("To"),
}


@dataclass(frozen=True)
class Record:
    """Everything that one event says, where it stands in the tree, and what lies beside it."""

    row: Row
    body: dict[str, Any]
    index: int | None
    is_signed: bool
    detail: list[tuple[Any, str]]
    # Sealed words, which nobody reads here; or words that were erased since.
    is_sealed: bool
    is_erased: bool

    @property
    def text(self) -> str:
        """The body as it is hashed."""
        return canonical(self.body)

    @property
    def grant(self) -> str:
        """The grant that carried the role."""
        return str(self.body.get("dec", {}).get("grant", ""))


def record_of(place: int) -> Record | None:
    """The event at this place of the list, with all that belongs to it."""
    event = LoggedEvent.objects.using(DATABASE).filter(id=place).first()
    if event is None:
        return None
    leaf = Leaf.objects.using(DATABASE).filter(event_id=event.id).first()
    signed = Checkpoint.objects.using(DATABASE).exclude(note="")
    body = json.loads(event.body)
    (row,) = shown([event])
    beside = Detail.objects.using(DATABASE).filter(ev=row.ev) if row.is_detailed else None
    detail = beside.first() if beside is not None else None
    is_open = detail is not None and detail.owner is None
    return Record(
        row=row,
        body=body,
        index=leaf.leaf_index if leaf else None,
        is_signed=leaf is not None and signed.filter(size__gt=leaf.leaf_index).exists(),
        detail=_spelt(bytes(detail.body)) if detail and is_open else [],
        is_sealed=detail is not None and not is_open,
        is_erased="h" in body and detail is None,
    )


def _spelt(detail: bytes) -> list[tuple[Any, str]]:
    told: dict[str, Any] = json.loads(detail)
    return [(DETAILS[key], str(value)) for key, value in sorted(told.items())]
