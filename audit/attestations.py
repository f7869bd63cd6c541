"""What others said of the log's roots: whether it still holds, and how old the newest of it is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from pathlib import Path

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from audit import notes, stamps, witnesses
from audit.models import Attestation, Checkpoint
from audit.notes import VerifierKey

DATABASE = "auditor"


class Verdict(Enum):
    """What became of one attestation."""

    GOOD = auto()
    BAD = auto()
    # A copy that its keeper no longer has.
    GONE = auto()
    # Nothing is configured here against which it could be held.
    UNSEEN = auto()


@dataclass
class Standing:
    """One of those who see the roots: how far, since when, and what became of what they said."""

    witness: str
    # Whether this site still asks it.
    is_asked: bool
    # The newest that holds, or lies before what was looked at.
    size: int = 0
    at: datetime | None = None
    # The sizes of all of them.
    sizes: dict[Verdict, list[int]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The witness as people call it: without its key."""
        if self.witness == witnesses.COPY:
            return _("The directory with copies")
        if self.witness == stamps.STAMP:
            return _("The authority for time stamps")
        return self.witness.partition("+")[0]

    def having(self, verdict: Verdict) -> list[int]:
        """The sizes of those that ended so, smallest first."""
        return self.sizes.get(verdict, [])

    def take(self, size: int, at: datetime | None, verdict: Verdict) -> None:
        """Take one into account; they come smallest first."""
        self.sizes.setdefault(verdict, []).append(size)
        if verdict in (Verdict.GOOD, Verdict.UNSEEN):
            self.size, self.at = size, at or self.at


def look(start: int = 0) -> list[Standing]:
    """Everything that was said of trees larger than this, by whom it was said or should have been.

    A root is on record for ever, so what others have of a size without one was not this log.
    """
    found = {one: Standing(one, is_asked=True) for one in _asked()}
    judge = _Judge()
    note = Checkpoint.objects.using(DATABASE).filter(size=OuterRef("size")).values("note")[:1]
    rows = Attestation.objects.using(DATABASE).filter(size__gt=start).order_by("size", "witness")
    for row in rows.annotate(text=Subquery(note)).iterator():
        standing = found.setdefault(row.witness, Standing(row.witness, is_asked=False))
        at = _moment(row.at)
        standing.take(row.size, at, judge.verdict(row, row.text, at) if at else Verdict.BAD)
    for size in judge.rest(start):
        # Nobody says here that there is such a copy.
        text = Checkpoint.objects.using(DATABASE).filter(size=size).values_list("note", flat=True)
        found[witnesses.COPY].take(size, None, judge.copy(size, text.first()))
    for standing in found.values():
        _remember(standing, start)
    return list(found.values())


def _remember(standing: Standing, start: int) -> None:
    """Whoever has seen nothing of the newest may have seen what lies before."""
    rows = Attestation.objects.using(DATABASE).filter(witness=standing.witness, size__lte=start)
    if standing.at is None and (row := rows.order_by("-size").first()):
        standing.size, standing.at = row.size, _moment(row.at)


def _asked() -> Iterator[str]:
    if settings.KPM_WITNESS_DIR:
        yield witnesses.COPY
    if settings.KPM_TIMESTAMP_ADDRESS:
        yield stamps.STAMP
    yield from (str(each.key) for each in witnesses.configured())


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


class _Judge:
    """Holds what was said against the notes on record."""

    def __init__(self) -> None:
        self.place = Path(settings.KPM_WITNESS_DIR) if settings.KPM_WITNESS_DIR else None
        self.chain = Path(settings.KPM_TIMESTAMP_CHAIN) if settings.KPM_TIMESTAMP_CHAIN else None
        # The copies that were looked at.
        self._compared: set[int] = set()

    def verdict(self, row: Attestation, text: str | None, at: datetime) -> Verdict:
        """What became of one that was said under this note."""
        if row.witness == witnesses.COPY:
            return self.copy(row.size, text)
        if not text:
            return Verdict.BAD
        try:
            if row.witness == stamps.STAMP:
                return self._stamp(row.evidence, text, at)
            return _verdict(holds=_is_cosigned(row, text))
        except ValueError:
            return Verdict.BAD

    def copy(self, size: int, text: str | None) -> Verdict:
        """Whether the copy says the same of the tree as the note does."""
        if self.place is None:
            return Verdict.UNSEEN
        self._compared.add(size)
        try:
            kept = witnesses.copy_of(self.place, size)
            holds = bool(text) and notes.parse(kept).text == notes.parse(text or "").text
            return _verdict(holds=holds)
        except OSError:
            return Verdict.GONE
        except ValueError:
            return Verdict.BAD

    def rest(self, start: int) -> list[int]:
        """The sizes of copies that were not looked at yet."""
        try:
            there = witnesses.copies(self.place) if self.place else frozenset()
        except OSError:
            return []
        return sorted(size for size in there - self._compared if size > start)

    def _stamp(self, evidence: str, text: str, at: datetime) -> Verdict:
        if self.chain is None:
            return Verdict.UNSEEN
        response = notes.decoded(evidence)
        return _verdict(holds=stamps.is_stamp_of(text.encode(), response, self.chain, at))


def _verdict(*, holds: bool) -> Verdict:
    return Verdict.GOOD if holds else Verdict.BAD


def _is_cosigned(row: Attestation, text: str) -> bool:
    """Whether the witness signed the text of the note; a line of somebody else does not count."""
    key = VerifierKey.parse(row.witness)
    (line,) = notes.parse_signatures(row.evidence)
    signed = notes.parse(text).text
    return (line.name, line.id) == (key.name, key.id) and key.vouches(signed, line.signature)
