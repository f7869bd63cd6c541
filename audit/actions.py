"""What people do with the log: search, verify and sign it, all of which it records."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from audit import (
    digests,
    exports,
    log,
    notes,
    openings,
    proofs,
    signers,
    stamps,
    timelines,
    verifications,
    witnesses,
)
from audit.bodies import moment, parse
from audit.checkpoints import DATABASE as SEQUENCER
from audit.checkpoints import latest
from audit.digests import Digest
from audit.events import Event, Outcome, Purpose
from audit.log import Actor, Thing
from audit.models import (
    Alert,
    Attestation,
    Checkpoint,
    Detail,
    Finding,
    LoggedEvent,
    LogKey,
)
from audit.notes import VerifierKey, encoded
from audit.openings import Openings
from audit.posts import Unwilling
from audit.proofs import NothingToProve, Proof
from audit.searches import Filters, Page, find
from audit.timelines import Kind, Record, Timeline, Turn
from audit.verifications import Result
from audit.witnesses import Contradicted, Witness
from kpm import pdf
from kpm.database.readiness import refuse_without_sequencer
from kpm.errors import Refused
from kpm.pdf import PdfFailed

A_DAY = timedelta(days=1)
# What a page may verify while somebody waits: about two seconds.
NEWEST = 20_000


def search(*, by: Actor, filters: Filters) -> Page:
    """Find events, and record that somebody looked and how (never for whom by name)."""
    page = find(filters)
    with transaction.atomic():
        spelt = filters.spell()
        log.record(
            Event.AUDIT_SEARCHED,
            by=by,
            count=len(page.rows),
            detail={"filters": spelt} if spelt else None,
        )
    return page


def read(*, by: Actor, about: Thing | None, count: int) -> None:
    """Record that somebody read what the log says of one thing."""
    with transaction.atomic():
        log.record(Event.AUDIT_READ, by=by, target=about, count=count)


def read_timeline(*, by: Actor, kind: Kind, reference: str, turn: Turn) -> Timeline:
    """What the log says of one account, thing or sign-in; that is written down as well."""
    timeline = timelines.of(kind, reference, turn)
    read(by=by, about=timeline if timeline.rows else None, count=len(timeline.rows))
    return timeline


def read_event(*, by: Actor, place: int) -> Record | None:
    """Everything that one event says; that is written down as well."""
    found = timelines.record_of(place)
    if found is not None:
        read(by=by, about=Named(found.row.ev) if found.row.ev else None, count=1)
    return found


def read_openings(*, by: Actor, number: str, since: date, until: date) -> Openings:
    """Who opened a file; that is written down as well."""
    found = openings.of(number, since, until)
    read(by=by, about=found, count=len(found.openings))
    return found


def print_statement(*, by: Actor, number: str, since: date, until: date, now: datetime) -> bytes:
    """The same for the person, on paper and in Chinese; in the log before it is handed out."""
    found = openings.of(number, since, until)
    with translation.override("zh-hans"):
        html = render_to_string("audit/reports/statement.html", {"openings": found, "made_at": now})
    try:
        document = pdf.render(html)
    except PdfFailed as failure:
        raise Refused(failure.words) from None
    with transaction.atomic():
        log.record(
            Event.AUDIT_EXPLAINED,
            by=by,
            target=found,
            purpose=Purpose.SUBJECT_REQUEST,
            count=len(found.openings),
        )
    return document


def read_digest(*, by: Actor, until: date) -> Digest:
    """A week in counts; reading it is written down like every other look at the log."""
    digest = digests.of(until)
    read(by=by, about=None, count=digest.lines[0].count)
    return digest


def verify_now(*, by: Actor) -> Result:
    """Verify as much as somebody can wait for: all of it while that is little."""
    last = latest(verifications.DATABASE)
    return verify_log(by=by, newest=None if last is None or last.size <= NEWEST else NEWEST)


def verify_log(
    *,
    by: Actor,
    newest: int | None = None,
    pinned: dict[int, bytes] | None = None,
    archive: Path | None = None,
) -> Result:
    """Verify the log, all of it without `newest`, and record how that ended."""
    result = verifications.verify(newest=newest, pinned=pinned, archive=archive)
    with transaction.atomic():
        log.record(
            Event.AUDIT_VERIFIED,
            by=by,
            count=result.checked,
            rule="everything" if newest is None else "newest",
            outcome=Outcome.OK if result.is_good else Outcome.ERROR,
        )
    return result


@dataclass(frozen=True)
class Root:
    """A root as the log names it."""

    root: bytes
    log_type: str = "log_root"

    @property
    def log_reference(self) -> str:
        """All of it, in characters that a reference may have."""
        return "root:" + encoded(self.root).translate(str.maketrans("+/", "-_", "="))


def confirm_root(*, by: Actor) -> None:
    """The heartbeat: how far the log is. Events between two cannot claim another time."""
    last = latest()
    with transaction.atomic():
        target = Root(bytes(last.root)) if last else None
        log.record(Event.LOG_ROOT_CONFIRMED, by=by, target=target, count=last.size if last else 0)


def show_root(*, by: Actor, now: datetime) -> int:
    """Show the newest root to everybody who keeps roots elsewhere; how many have it.

    All are asked before the first one's silence is told. What contradicts the log is an event.
    """
    try:
        checkpoint = proofs.signed_checkpoint(0, witnessed=False)
    except NothingToProve:
        return 0
    shown, unwilling = 0, []
    try:
        for show in _everybody(checkpoint, now):
            try:
                shown += show()
            except (Unwilling, OSError, ValueError) as error:
                unwilling.append(f"{type(error).__name__}: {error}")
    except Contradicted:
        with transaction.atomic():
            log.record(
                Event.AUDIT_VERIFIED, by=by, rule="kept_elsewhere", count=0, outcome=Outcome.ERROR
            )
        raise
    if unwilling:
        raise Unwilling("; ".join(unwilling))
    return shown


def _everybody(checkpoint: Checkpoint, now: datetime) -> list[Callable[[], int]]:
    asked = [partial(_ask, witness, checkpoint, now) for witness in witnesses.configured()]
    copies = [partial(_keep_copy, checkpoint, now)] if settings.KPM_WITNESS_DIR else []
    stamped = [partial(_stamp, checkpoint, now)] if settings.KPM_TIMESTAMP_ADDRESS else []
    return [*copies, *asked, *stamped]


def _stamp(checkpoint: Checkpoint, now: datetime) -> int:
    """Once a day: an authority may count, and a day is what it has to say."""
    if Attestation.objects.filter(witness=stamps.STAMP, at__gt=moment(now - A_DAY)).exists():
        return 0
    address, chain = settings.KPM_TIMESTAMP_ADDRESS, Path(settings.KPM_TIMESTAMP_CHAIN)
    stamp = stamps.stamp(address, chain, checkpoint.note.encode())
    return _attest(checkpoint, stamps.STAMP, encoded(stamp), now)


def _keep_copy(checkpoint: Checkpoint, now: datetime) -> int:
    witnesses.keep_copy(Path(settings.KPM_WITNESS_DIR), notes.parse(checkpoint.note))
    return _attest(checkpoint, witnesses.COPY, "", now)


def _ask(witness: Witness, checkpoint: Checkpoint, now: datetime) -> int:
    before = Attestation.objects.filter(witness=str(witness.key))
    seen = before.aggregate(Max("size"))["size__max"] or 0
    if seen == checkpoint.size:
        return 1
    line = witnesses.ask(witness, notes.parse(checkpoint.note), seen=seen)
    return _attest(checkpoint, str(witness.key), str(line), now)


def _attest(checkpoint: Checkpoint, witness: str, evidence: str, now: datetime) -> int:
    Attestation.objects.using(SEQUENCER).get_or_create(
        size=checkpoint.size,
        witness=witness,
        defaults={"evidence": evidence, "at": moment(now)},
    )
    return 1


def export(*, by: Actor, directory: Path, witnessed: bool = False) -> tuple[Checkpoint, int]:
    """Write the log into files for others, after recording that; how many files were written."""
    checkpoint = proofs.signed_checkpoint(0, witnessed=witnessed)
    with transaction.atomic():
        target = Root(bytes(checkpoint.root))
        log.record(Event.AUDIT_EXPORTED, by=by, target=target, count=checkpoint.size)
    return checkpoint, exports.export(directory, checkpoint)


def prove(*, by: Actor, ev: UUID) -> tuple[str, Proof]:
    """One event and the proof that it is in the log, after recording that."""
    body, proof = proofs.of_event(ev)
    with transaction.atomic():
        log.record(Event.AUDIT_PROVED, by=by, target=Named(str(ev)))
    return body, proof


def erase_detail(*, by: Actor, number: int, purpose: str) -> None:
    """Take away for ever what lies beside an event, and record that.

    Never of one's own doing, nor what others wrote about oneself: it may be evidence.
    """
    event = LoggedEvent.objects.filter(id=number).first()
    if event is None:
        raise Refused(_("The log has no event of this number."), field="number")
    if event.actor == by.log_reference:
        raise Refused(_("Of what you did yourself, somebody else erases the detail."))
    if _is_about(by.log_reference, event):
        raise Refused(_("This is about yourself: somebody else erases the detail."))
    ev = UUID(parse(event.body)["ev"])
    with transaction.atomic():
        if not Detail.objects.filter(ev=ev).delete()[0]:
            words = _("This event has no detail, or it was erased before.")
            raise Refused(words, field="number")
        target = Named(str(ev))
        log.record(Event.EVENT_DETAIL_ERASED, by=by, target=target, purpose=Purpose(purpose))


def _is_about(person: str, event: LoggedEvent) -> bool:
    """Whether an event is about this account, what was noticed of it, or a question to it."""
    if event.subject_type == Alert.log_type:
        return Alert.objects.filter(number=event.subject, about=person).exists()
    if event.subject_type == Finding.log_type:
        return Finding.objects.filter(number=event.subject, person=person).exists()
    return event.subject == person


@dataclass(frozen=True)
class Named:
    """An event as another event names it."""

    ev: str
    log_type: str = "event"

    @property
    def log_reference(self) -> str:
        """Its own name."""
        return self.ev


def start_key(*, by: Actor, now: datetime) -> VerifierKey:
    """Sign with a new key from now on: the first one, or the one after the last.

    The private half is sealed before anything is said of it, and the log says so before the key
    is on record: two doors, so two transactions. Whoever was interrupted in between finds it again.
    """
    refuse_without_sequencer()
    before = signers.rows()
    key, note = signers.next_key(
        VerifierKey.parse(before[0].vkey).name if before else signers.new_origin(uuid4()), before
    )
    with transaction.atomic():
        log.record(Event.LOG_KEY_STARTED, by=by, target=signers.KeyOfTheLog(key))
    LogKey.objects.using(SEQUENCER).create(
        generation=len(before) + 1, vkey=str(key), note=str(note), at=moment(now)
    )
    return key


def start_missing_key(*, by: Actor, now: datetime) -> VerifierKey | None:
    """The first key, where there is none."""
    return None if signers.rows() else start_key(by=by, now=now)
