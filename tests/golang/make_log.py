"""Make a log and everything of it that leaves the house, for tests/golang/verify."""

import sys
from pathlib import Path
from uuid import UUID

import django

django.setup()

from django.core.management import call_command  # noqa: E402 Django must be set up first
from django.db import transaction  # noqa: E402 as above
from django.utils import timezone  # noqa: E402 as above

from audit import checkpoints, log, notes, proofs, tree_heads  # noqa: E402 as above
from audit.entries import Actor, System  # noqa: E402 as above
from audit.events import Event  # noqa: E402 as above
from audit.models import LoggedEvent  # noqa: E402 as above

BY: Actor = System("test")


def write(number: int) -> None:
    """So many events, in the tree."""
    with transaction.atomic():
        for _ in range(number):
            log.record(Event.SEARCH_RUN, by=BY, count=0)
    while checkpoints.sequence_once(timezone.now()):
        pass


def make(place: Path) -> None:
    """An export, the checkpoint before it, the way between, and the proof of one event."""
    for alias in ("default", "keys"):
        call_command("migrate", database=alias, verbosity=0)
    call_command("create_keys")
    write(300)
    call_command("export_audit_log", place)
    (place / "old").write_bytes((place / "checkpoint").read_bytes())
    write(65_700)
    call_command("export_audit_log", place)
    head = tree_heads.parse(notes.parse((place / "checkpoint").read_text(encoding="utf-8")).text)
    before = tree_heads.parse(notes.parse((place / "old").read_text(encoding="utf-8")).text)
    way = proofs.stored("auditor", head.size).consistency(before.size)
    (place / "way").write_text("".join(f"{notes.encoded(one)}\n" for one in way), encoding="utf-8")
    event = LoggedEvent.objects.order_by("id")[260]
    ev = UUID(event.body.partition('"ev":"')[2][:36])
    call_command("prove_audit_event", ev, place)
    for ending in ("json", "tlog-proof"):
        (place / f"{ev}.{ending}").rename(place / f"event.{ending}")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
