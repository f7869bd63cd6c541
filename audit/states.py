"""How the log stands: its size, its root, what waits, and when it was last verified."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from audit import retention
from audit.bodies import parse
from audit.checkpoints import latest
from audit.events import Event, Outcome
from audit.models import Attestation, Leaf, LoggedEvent
from audit.searches import DATABASE

# The sequencer runs every second; behind this something is wrong with it.
PATIENCE = timedelta(minutes=5)
# Roots are shown to others every quarter of an hour; behind this nobody has taken one for long.
WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Verified:
    """How one verification ended."""

    at: datetime
    count: int
    is_good: bool


@dataclass(frozen=True)
class Witnessed:
    """The newest root that somebody else keeps."""

    size: int
    at: datetime
    is_old: bool


@dataclass(frozen=True)
class State:
    """What the badge shows."""

    size: int
    root: str
    sequenced_at: datetime | None
    waiting: int
    # When the event came that has been waiting longest.
    waiting_since: datetime | None
    is_late: bool
    # The newest root that somebody else keeps, and how many events came after it.
    witnessed: Witnessed | None
    unwitnessed: int
    # The last one over everything, and the last one of any kind.
    whole: Verified | None
    last: Verified | None
    # When the oldest event came that is here, once older ones have left for an archive.
    kept_since: datetime | None

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against the log."""
        return not self.is_late and (self.last is None or self.last.is_good)


def state(now: datetime) -> State:
    """How the log stands now, through the auditor's door."""
    events = LoggedEvent.objects.using(DATABASE)
    last = latest(DATABASE)
    in_tree = Leaf.objects.using(DATABASE).filter(event_id=OuterRef("id"))
    waiting = events.filter(~Exists(in_tree), id__gt=last.event_id if last else 0)
    oldest = waiting.order_by("id").values_list("at", flat=True).first()
    size = last.size if last else 0
    oldest_at = datetime.fromisoformat(oldest) if oldest is not None else None
    witnessed = _witnessed(now)
    return State(
        size=size,
        root=bytes(last.root).hex() if last else "",
        sequenced_at=datetime.fromisoformat(last.at) if last else None,
        waiting=waiting.count(),
        waiting_since=oldest_at,
        is_late=oldest_at is not None and oldest_at < now - PATIENCE,
        witnessed=witnessed,
        unwitnessed=size - (witnessed.size if witnessed else 0),
        whole=_verified("everything"),
        last=_verified(),
        kept_since=retention.kept_since(),
    )


def _witnessed(now: datetime) -> Witnessed | None:
    newest = Attestation.objects.using(DATABASE).order_by("-size", "-at").first()
    if newest is None:
        return None
    at = datetime.fromisoformat(newest.at)
    return Witnessed(size=newest.size, at=at, is_old=at < now - WINDOW)


def _verified(rule: str = "") -> Verified | None:
    """The last verification, or the last one of this kind among the most recent."""
    events = LoggedEvent.objects.using(DATABASE).filter(event=Event.AUDIT_VERIFIED)
    for event in events.order_by("-id")[:200]:
        body = parse(event.body)
        if not rule or body.get("dec", {}).get("rule") == rule:
            return Verified(
                at=datetime.fromisoformat(event.at),
                count=body.get("n", 0),
                is_good=event.outcome == Outcome.OK,
            )
    return None
