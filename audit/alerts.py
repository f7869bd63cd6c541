"""What is unusual becomes an alert, once; the auditor says what they make of it."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log, rules, threads, unusual
from audit.bodies import parse
from audit.events import Event, Outcome
from audit.log import Actor
from audit.models import Alert, AlertState, Detail, LoggedEvent
from audit.searches import begins
from audit.threads import Said
from audit.unusual import Act, Found, History

BY = log.System("watch")
DATABASE = "auditor"
CHUNK = 2_000
# Before that there is no log.
EARLIEST = "2000"
# A worker that stood still for days looks at all of them.
LOOKED_AT = timedelta(days=7)
# What allows somebody to open a file, as events say it.
GRANTS = frozenset({"caseload", "supervision", "intake"})
STEPS = {
    AlertState.JUSTIFIED: Alert.justify,
    AlertState.UNJUSTIFIED: Alert.object_to,
    AlertState.ESCALATED: Alert.escalate,
}


def raise_alerts(*, now: datetime) -> int:
    """Look at the last days that are over; how many alerts are new or have grown."""
    today = timezone.localdate(now)
    first = today - LOOKED_AT
    known = first - unusual.HISTORY
    history = History(acts(known), seen=lambda actor: last_seen(actor, known))
    days = [first + timedelta(days=n) for n in range(LOOKED_AT.days)]
    return sum(_raise(found) for day in days for found in history.unusual(day))


@transaction.atomic
def _raise(found: Found) -> bool:
    """Write it down unless it is; what goes on is the same alert, until somebody judged it."""
    same = Alert.objects.select_for_update().filter(rule=found.rule, about=found.about)
    alert = same.order_by("-last_on").first()
    if alert is not None and found.day <= alert.last_on:
        return False
    if alert is None or not _goes_on(alert, found):
        alert = Alert(rule=found.rule, about=found.about, first_on=found.day, count=0)
    if found.count > alert.count:
        alert.count, alert.usual = found.count, found.usual
    alert.last_on = found.day
    alert.save()
    log.record(Event.ALERT_RAISED, by=BY, target=alert, rule=found.rule, count=found.count)
    return True


def _goes_on(alert: Alert, found: Found) -> bool:
    return alert.state == AlertState.OPEN and found.day - alert.last_on <= unusual.MERGED


def read(*, by: Actor, alert: Alert) -> list[Said]:
    """What was written about an alert, opened; that is written down as well."""
    reading = log.reading(by, event=Event.ALERT_READ, purpose=None, about=[alert])
    return threads.about(alert, reading)


@transaction.atomic
def judge(*, alert: Alert, state: str, reason: str, by: Any, now: datetime) -> None:
    """Say what it was, and why; the reason is sealed beside the event."""
    alert = Alert.objects.select_for_update().get(pk=alert.pk)
    rules.check_can_judge_alert(by, alert)
    if state == AlertState.ESCALATED:
        rules.check_can_pass_on_alert(by, alert)
    STEPS[AlertState(state)](alert, by=by.log_reference, at=now)
    alert.save()
    log.record(Event.ALERT_JUDGED, by=by, target=alert, rule=alert.state, detail={"reason": reason})


def last_seen(actor: str, before: date) -> date | None:
    """When an account did something last, before this day."""
    events = LoggedEvent.objects.using(DATABASE).filter(actor=actor, at__lt=begins(before))
    at = events.filter(at__gte=EARLIEST).order_by("-id").values_list("at", flat=True).first()
    try:
        return None if at is None else _here(at).date()
    except ValueError:
        return None


def _here(at: str) -> datetime:
    """A moment of the log, on the clock of this place."""
    return timezone.localtime(datetime.fromisoformat(at))


def acts(since: date) -> Iterator[Act]:
    """What people did from this day on, as far as it is watched."""
    events = LoggedEvent.objects.using(DATABASE).filter(
        event__in=unusual.WATCHED, actor__startswith="u:", at__gte=begins(since)
    )
    rows: list[tuple[LoggedEvent, dict[str, Any]]] = []
    for event in events.order_by("id").iterator(CHUNK):
        try:
            body = parse(event.body)
            _here(event.at)
        except (ValueError, OverflowError):
            # Written past the application. Verifying says so; here it must not blind the watch.
            continue
        rows.append((event, body))
        if len(rows) == CHUNK:
            yield from _acts(rows)
            rows.clear()
    yield from _acts(rows)


def _acts(rows: list[tuple[LoggedEvent, dict[str, Any]]]) -> Iterator[Act]:
    signed_in = [body["ev"] for event, body in rows if event.event == unusual.SIGN_IN]
    beside = Detail.objects.using(DATABASE).filter(ev__in=signed_in, owner=None)
    devices = {row.ev: json.loads(bytes(row.body)) for row in beside}
    for event, body in rows:
        decision, device = body.get("dec", {}), devices.get(UUID(body["ev"]), {})
        rule = decision.get("rule")
        allowed = rule in GRANTS if rule else "grant" in decision
        yield Act(
            at=_here(event.at),
            actor=event.actor,
            event=event.event,
            subjects=(event.subject,) if event.subject else tuple(body.get("os", ())),
            is_granted=allowed and event.outcome != Outcome.DENIED,
            is_team=rule == "caseload",
            agent=unusual.family(device.get("agent", "")),
            network=unusual.network(device.get("address", "")),
        )
