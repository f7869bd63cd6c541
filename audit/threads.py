"""What people wrote about something: each text lies sealed beside the event of its writing."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from audit import details
from audit.labels import event_label, role_label, rule_label
from audit.log import Reading, Thing
from audit.models import Detail, LoggedEvent
from audit.searches import staff_names
from kpm.vault.errors import KeyDestroyed

DATABASE = "auditor"


@dataclass(frozen=True)
class Said:
    """One text: who wrote it when, and what it came with."""

    at: datetime
    name: str
    role: str
    what: str
    verdict: str
    text: str
    is_erased: bool


def about(thing: Thing, reading: Reading) -> list[Said]:
    """Everything that was written about one thing, oldest first."""
    events = LoggedEvent.objects.using(DATABASE).filter(subject=thing.log_reference)
    written = events.filter(subject_type=thing.log_type, body__contains='"h":"').order_by("id")
    bodies = [(event, json.loads(event.body)) for event in written]
    names = staff_names({event.actor for event in written})
    rows = {row.ev: row for row in Detail.objects.filter(ev__in=[body["ev"] for _, body in bodies])}
    said = []
    for event, body in bodies:
        text = text_of(rows.get(UUID(body["ev"])), reading)
        said.append(
            Said(
                at=datetime.fromisoformat(event.at),
                name=names.get(event.actor, event.actor),
                role=role_label(body.get("role", "")),
                what=event_label(event.event),
                verdict=rule_label(body.get("dec", {}).get("rule", "")),
                text=text or "",
                is_erased=text is None,
            )
        )
    return said


def text_of(row: Detail | None, reading: Reading) -> str | None:
    """The reason or the words of one detail; nothing where they were erased."""
    if row is None:
        return None
    try:
        told = details.opened(row, reading)
    except KeyDestroyed:
        return None
    return str(told.get("reason", ""))
