"""Reasons that are looked at by lot: nobody knows which, and nobody chooses."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from secrets import SystemRandom
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from audit import log, rules, threads
from audit.bodies import NotLoggable, parse
from audit.events import Event, Outcome, Purpose
from audit.labels import reason_label
from audit.log import Actor
from audit.models import Detail, LoggedEvent, Sample, SampleState
from audit.searches import DATABASE, Filters, Row, matching, shown
from kpm.errors import Refused

# One in twenty, and ten in any case.
SHARE, LEAST = 0.05, 10
A_WEEK = timedelta(days=7)
# Older ones that nobody has looked at stay on the page.
MOST = 300


def last_week(today: date) -> date:
    """The Monday of the last week that is over."""
    return today - timedelta(days=today.weekday()) - A_WEEK


@dataclass(frozen=True)
class Drawn:
    """A drawn event as the log names it."""

    log_reference: str
    log_type: str = "event"


@transaction.atomic
def draw(*, by: Any, today: date) -> int:
    """Draw from what was shown in full in the last week; how many were drawn."""
    rules.check_can_ask(by)
    week_on = last_week(today)
    if Sample.objects.filter(week_on=week_on).exists():
        raise Refused(_("The sample of that week was drawn already."))
    until = week_on + A_WEEK - timedelta(days=1)
    found = matching(
        Filters(event=Event.CASE_FILE_REVEALED, outcome=Outcome.OK, since=week_on, until=until)
    )
    names = dict(_sound(found.order_by("id").values_list("id", "body")))
    if not names:
        raise Refused(_("Nothing was shown in full in that week."))
    number = min(len(names), max(LEAST, ceil(len(names) * SHARE)))
    chosen = sorted(SystemRandom().sample(sorted(names), number))
    for place in chosen:
        Sample(place=place, week_on=week_on).save(force_insert=True)
    drawn = [Drawn(names[place]) for place in chosen]
    log.record(Event.SAMPLE_DRAWN, by=by, targets=drawn, count=len(names))
    return number


def _sound(rows: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Place and name of each event that the site wrote; verifying tells of the others."""
    for place, text in rows:
        try:
            body = parse(text)
        except NotLoggable:
            continue
        if "o" in body:
            yield place, body["ev"]


@transaction.atomic
def approve(*, sample: Sample, by: Any) -> None:
    """The reason fits."""
    sample = Sample.objects.select_for_update().get(pk=sample.pk)
    rules.check_can_judge_sample(by, sample, actor=_actor(sample))
    sample.approve()
    sample.save()
    log.record(Event.SAMPLE_JUDGED, by=by, target=sample, rule=sample.state)


def was_asked(*, place: int, person: str, by: Any) -> None:
    """A question about an event was asked; if the lot fell on it, that is what came of it.

    Asking somebody else may help, but only whoever did it can answer for it.
    """
    drawn = Sample.objects.select_for_update().filter(place=place, state=SampleState.DRAWN)
    for sample in drawn:
        actor = _actor(sample)
        rules.check_can_judge_sample(by, sample, actor=actor)
        if person != actor:
            continue
        sample.ask()
        sample.save()
        log.record(Event.SAMPLE_JUDGED, by=by, target=sample, rule=sample.state)


def _actor(sample: Sample) -> str:
    """Who did what the lot fell on."""
    return LoggedEvent.objects.using(DATABASE).get(id=sample.place).actor


@dataclass(frozen=True)
class Reasoned:
    """The file whose key keeps the reason; nothing else of it is opened here."""

    log_reference: str
    log_owners: tuple[UUID, ...]
    log_type: str = "case_file"


@dataclass(frozen=True)
class SampleRow:
    """One drawn event with its reason."""

    sample: Sample
    row: Row
    reason: str
    is_erased: bool


def read(*, by: Actor) -> list[SampleRow]:
    """The newest sample and what is left of older ones, reasons open; that is written down."""
    newest = Sample.objects.order_by("-week_on").values_list("week_on", flat=True).first()
    wanted = Q(week_on=newest) | Q(state=SampleState.DRAWN)
    samples = list(Sample.objects.filter(wanted)[:MOST])
    if not samples:
        return []
    places = [sample.place for sample in samples]
    events = LoggedEvent.objects.using(DATABASE).filter(id__in=places)
    rows = {row.id: row for row in shown(events)}
    reasons = _reasons(rows.values(), by=by)
    # Events that have left for the archive are not judged any more.
    here = [sample for sample in samples if sample.place in rows]
    return [_row(sample, rows[sample.place], reasons) for sample in here]


def _row(sample: Sample, row: Row, reasons: dict[str, str | None]) -> SampleRow:
    text = reasons.get(row.ev)
    return SampleRow(sample, row, reason_label(text or ""), is_erased=text is None)


def _reasons(rows: Iterable[Row], *, by: Actor) -> dict[str, str | None]:
    files = {row.ev: row.subjects[0] for row in rows}
    details = list(Detail.objects.filter(ev__in=list(files), owner__isnull=False))
    about = [Reasoned(files[str(each.ev)], (each.owner,)) for each in details if each.owner]
    reading = log.reading(by, event=Event.AUDIT_READ, purpose=Purpose.QUALITY, about=about)
    return {str(each.ev): threads.text_of(each, reading) for each in details}
