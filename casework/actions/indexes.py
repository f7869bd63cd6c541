"""New index keys for a district: second columns are filled, then take the place of the first."""

from django.db import transaction
from django.db.models import F, Q

from audit import log
from audit.events import Event, Purpose
from casework.actions.matches import scope_of
from casework.models import Person
from kpm.custody import actions
from kpm.vault import rotations
from kpm.vault.blind_index import index_keys
from kpm.vault.opening import open_groups

STEP = 500

# Who is not yet found by the next key.
WAITING = Q(id_number_index__isnull=False, next_id_number_index__isnull=True) | Q(
    phone_index__isnull=False, next_phone_index__isnull=True
)


def waiting(district: str) -> int:
    """How many people of a district are still to be indexed anew."""
    return Person.objects.filter(WAITING, district=district).count()


@transaction.atomic
def fill(district: str) -> int:
    """Index some of those who wait under the next key; returns how many that were."""
    keys = index_keys(scope_of(district))
    rows = Person.objects.select_for_update().filter(WAITING, district=district)
    people = list(rows.order_by("id")[:STEP])
    if not people:
        return 0
    with log.reading(
        actions.BY, event=Event.PERSON_INDEXED, purpose=Purpose.SYSTEM, about=people
    ) as reading:
        open_groups(people, "body", reading=reading)
    for person in people:
        person.next_id_number_index = keys.next_of("id_number", person.id_number)
        person.next_phone_index = keys.next_of("phone", person.phone)
    # Indexes stay out of the history, and nothing else changes.
    Person.objects.bulk_update(people, ("next_id_number_index", "next_phone_index"))
    return len(people)


@transaction.atomic
def swap(district: str) -> bool:
    """Let the second columns take the place of the first; False while somebody waits."""
    rotations.finish_index(scope_of(district))
    if waiting(district):
        transaction.set_rollback(True)
        return False
    Person.objects.filter(district=district).update(
        id_number_index=F("next_id_number_index"),
        phone_index=F("next_phone_index"),
        next_id_number_index=None,
        next_phone_index=None,
    )
    return True
