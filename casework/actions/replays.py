"""After a restore: what was destroyed since the backup is destroyed again, search works again."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from casework.actions import destructions
from casework.actions.matches import scope_of
from casework.models import CaseFile, Destruction, Person
from casework.models.destructions import DestructionState
from kpm import replay_log
from kpm.accounts.actions import system_account
from kpm.accounts.models import Unit, User
from kpm.replay_log import Line
from kpm.vault import rotations, search, shredding
from kpm.vault.blind_index import index_keys
from kpm.vault.keys import ring
from kpm.vault.opening import open_groups

BY = log.System("operator")
STEP = 500
OVER = (DestructionState.DESTROYED, DestructionState.COMPLETE)


def replay(*, now: datetime) -> int:
    """Destroy again what was destroyed since; how many files that were.

    Search comes last: shards from before a destruction may lie under a key that is gone.
    """
    found = []
    for line in _lines():
        # Whatever the rows say: an old bundle has brought the keys back.
        shredding.destroy_keys([UUID(owner) for owner in line["owners"]])
        if (destruction := _taken_up(line)) is not None:
            with transaction.atomic():
                destructions.empty(destruction)
            found.append(destruction)
    touched = {scope_of(each.case_file.district) for each in found}
    make_findable(touched)
    for destruction in found:
        with transaction.atomic():
            destructions.finish(destruction, now=now)
    return len(found)


def note_missing() -> int:
    """Write down what was destroyed and the replay log does not say: somebody has lost it."""
    known = {line["number"] for line in _lines()}
    rows = Destruction.objects.filter(state__in=OVER).exclude(number__in=known)
    missing = list(rows.select_related("case_file", "proposed_by", "decided_by").order_by("id"))
    for destruction in missing:
        destructions.note(destruction)
    return len(missing)


def _lines() -> list[Line]:
    """The last line of each destruction: a worker that was cut off has said it twice."""
    if not replay_log.path().exists():
        return []
    every = {
        line["number"]: line
        for line in replay_log.lines()
        if line["kind"] == replay_log.CASE_FILE_DESTROYED
    }
    return list(every.values())


@transaction.atomic
def _taken_up(line: Line) -> Destruction | None:
    """The destruction as it was decided; nothing where it is over, or the file came later."""
    case_file = CaseFile.objects.select_for_update().filter(number=line["file"]).first()
    if case_file is None:
        return None
    standing = Destruction.objects.filter(case_file=case_file)
    destruction = standing.exclude(state=DestructionState.REJECTED).first()
    if destruction is not None and destruction.state in OVER:
        return None
    decided_at = datetime.fromisoformat(line["decided_at"])
    if destruction is None:
        destruction = Destruction(
            case_file=case_file,
            number=line["number"],
            ground=line["ground"],
            proposed_by=_somebody(line["proposed_by"], "work"),
            proposed_at=datetime.fromisoformat(line["proposed_at"]),
        )
        destruction.save(force_insert=True)
    if destruction.state == DestructionState.PROPOSED:
        destruction.approve(by=_somebody(line["decided_by"], "clock"), at=decided_at)
    destruction.certificate = {"owners": line["owners"], "keys": line["keys"]}
    destruction.save()
    if case_file.is_open:
        # It was closed after the backup, or it could not have been destroyed.
        case_file.close(on=max(timezone.localdate(decided_at), case_file.opened_on))
        case_file.save_as(by=system_account("work"), reason=line["number"])
    Person.objects.filter(pk__in=line["owners"]).update(**NOBODY)
    destruction.case_file = case_file
    return destruction


NOBODY: dict[str, Any] = dict.fromkeys(
    ("id_number_index", "phone_index", "next_id_number_index", "next_phone_index")
)


def _somebody(reference: str, otherwise: str) -> User:
    """Who it was; a part of the system where the account was opened after the backup."""
    return User.objects.filter(log_reference=reference).first() or system_account(otherwise)


def make_findable(touched: set[str]) -> None:
    """Every district is searched and indexed under keys that are there; those touched, anew."""
    for district in sorted(set(Unit.objects.values_list("district", flat=True))):
        scope = scope_of(district)
        if search.lacks_keys(scope):
            _search_anew(district)
        elif scope in touched:
            rotations.reseal(scope)
        if rotations.lacks_index_key(scope):
            _index_anew(district)


@transaction.atomic
def _search_anew(district: str) -> None:
    scope = scope_of(district)
    search.empty(scope)
    for people in _people(district):
        records = [
            search.Record.of(each.id, name=each.name, id_number=each.id_number, phone=each.phone)
            for each in people
        ]
        search.add(scope, records)


@transaction.atomic
def _index_anew(district: str) -> None:
    scope = scope_of(district)
    rotations.replace_index_key(scope)
    keys = index_keys(scope)
    for people in _people(district):
        for person in people:
            person.set_indexes(keys)
        Person.objects.bulk_update(people, tuple(NOBODY))


def _people(district: str) -> Any:
    """Everybody of a district whose key is there, opened, so many at a time."""
    last = UUID(int=0)
    while True:
        rows = Person.objects.filter(district=district, id__gt=last).exclude(key_gen=0)
        people = list(rows.order_by("id")[:STEP])
        if not people:
            return
        last = people[-1].id
        kept = ring.load([each.id for each in people])
        people = [each for each in people if each.id.int in kept]
        if not people:
            continue
        with log.reading(
            BY, event=Event.PERSON_INDEXED, purpose=Purpose.SYSTEM, about=people
        ) as reading:
            open_groups(people, "head", "body", reading=reading)
        yield people
