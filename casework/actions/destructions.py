"""Forgetting a file: one proposes, another decides, the worker does it step by step."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.actions.matches import scope_of
from casework.models import CaseFile, Destruction, Ledger, Person
from casework.models.case_files import Status
from casework.models.destructions import DestructionState
from kpm import replay_log
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.custody.actions import change
from kpm.custody.kinds import Kind
from kpm.errors import Refused
from kpm.jobs.actions import enqueue
from kpm.vault import providers, rotations, search, shredding, storage
from kpm.vault.models import VaultKey

JOB = "case_file.destroy"


@transaction.atomic
def propose(*, case_file: CaseFile, ground: str, by: User, now: datetime) -> Destruction:
    """Say that a file should be forgotten, and on what ground."""
    case_file = CaseFile.objects.select_for_update().get(pk=case_file.pk)
    rules.check_can_propose_destruction(by, case_file)
    destruction = Destruction(case_file=case_file, ground=ground, proposed_by=by, proposed_at=now)
    destruction.save(force_insert=True)
    log.record(Event.DESTRUCTION_PROPOSED, by=by, target=case_file, purpose=Purpose.LEGAL)
    return destruction


@transaction.atomic
def approve(*, destruction: Destruction, by: User, now: datetime) -> None:
    """The second person says yes; from here on the worker does it, and nobody can stop it."""
    destruction = _locked(destruction)
    rules.check_can_decide_destruction(by, destruction)
    destruction.approve(by=by, at=now)
    destruction.save()
    case_file = destruction.case_file
    log.record(Event.DESTRUCTION_APPROVED, by=by, target=case_file, purpose=Purpose.LEGAL)
    enqueue(JOB, destruction.number, by=by, now=now)


@transaction.atomic
def reject(*, destruction: Destruction, by: User, now: datetime) -> None:
    """The second person says no."""
    destruction = _locked(destruction)
    rules.check_can_decide_destruction(by, destruction)
    destruction.reject(by=by, at=now)
    destruction.save()
    case_file = destruction.case_file
    log.record(Event.DESTRUCTION_REJECTED, by=by, target=case_file, purpose=Purpose.LEGAL)


def _locked(destruction: Destruction) -> Destruction:
    return (
        Destruction.objects.select_for_update(of=("self",))
        .select_related("case_file", "proposed_by")
        .get(pk=destruction.pk)
    )


# --- what the worker does, each step again if it was cut off


def owners_of(case_file: CaseFile) -> list[UUID]:
    """The keys that go: the file's, its ledgers', and the person's with their last file.

    A ledger holds the row as it was uploaded, beside those of others, under one key: it goes whole.
    """
    ledgers = Ledger.objects.filter(rows__case_file=case_file).values_list("id", flat=True)
    return [case_file.id, *_person_too(case_file), *sorted(set(ledgers))]


def _person_too(case_file: CaseFile) -> list[UUID]:
    others = CaseFile.objects.filter(person=case_file.person_id).exclude(pk=case_file.pk)
    return [] if others.exclude(status=Status.DESTROYED).exists() else [case_file.person_id]


def certify(destruction: Destruction) -> None:
    """Write down what will be gone, while it is there; what was written stays."""
    if destruction.certificate:
        return
    case_file = CaseFile.objects.select_for_update().get(pk=destruction.case_file_id)
    owners = owners_of(case_file)
    destruction.certificate = {
        "owners": [str(owner) for owner in owners],
        "keys": shredding.fingerprints(owners),
    }
    destruction.save(update_fields=["certificate"])
    # Found by nobody from now on, so that nobody opens another file under the key that goes.
    Person.objects.filter(pk__in=owners).update(
        id_number_index=None,
        phone_index=None,
        next_id_number_index=None,
        next_phone_index=None,
    )


def certified_owners(destruction: Destruction) -> list[UUID]:
    """The owners of the keys that go."""
    return [UUID(owner) for owner in destruction.certificate["owners"]]


def note(destruction: Destruction) -> None:
    """Say outside the database what is gone, before it is: no old copy brings it back.

    Here nothing can be rolled back any more. Said again where a worker was cut off: that is one
    line more.
    """
    decided_by, decided_at = destruction.decided_by, destruction.decided_at
    assert decided_by is not None  # noqa: S101 it was approved
    assert decided_at is not None  # noqa: S101 it was approved
    replay_log.append(
        replay_log.CASE_FILE_DESTROYED,
        number=destruction.number,
        file=destruction.case_file.number,
        ground=destruction.ground,
        proposed_by=destruction.proposed_by.log_reference,
        proposed_at=destruction.proposed_at.isoformat(),
        decided_by=decided_by.log_reference,
        decided_at=decided_at.isoformat(),
        owners=destruction.certificate["owners"],
        keys=destruction.certificate["keys"],
    )


def empty(destruction: Destruction) -> None:
    """Every row under the keys says that they are gone, and nobody finds the person any more."""
    by = system_account("clock")
    owners = certified_owners(destruction)
    case_file = CaseFile.objects.select_for_update().get(pk=destruction.case_file_id)
    count = shredding.forget(owners)
    # Unreadable since the key went; if this is cut off, it is done again.
    for file_id in case_file.attachments.values_list("file_id", flat=True):
        storage.remove(file_id)
    if case_file.status != Status.DESTROYED:
        case_file.refresh_from_db()
        case_file.destroy()
        case_file.save_as(by=by, reason=destruction.number)
    if case_file.person_id in owners:
        search.remove(scope_of(case_file.district), [case_file.person_id])
    destruction.certificate["rows"] = count
    destruction.save(update_fields=["certificate"])


def reseal(destruction: Destruction) -> None:
    """The search of the district under a new key: old copies of it open no more."""
    if destruction.case_file.person_id in certified_owners(destruction):
        rotations.reseal(scope_of(destruction.case_file.district))


def finish(destruction: Destruction, *, now: datetime) -> None:
    """It is done as far as this site goes; what old bundles of keys still open comes next."""
    destruction.finish(vault_key=rotations.newest_version(), at=now)
    destruction.save()
    log.record(
        Event.CASE_FILE_DESTROYED,
        by=system_account("clock"),
        target=destruction.case_file,
        purpose=Purpose.LEGAL,
        count=len(destruction.certificate["keys"]),
    )


# --- every night


def settle(now: datetime) -> int:
    """Change the keys above what was destroyed; complete what no old bundle can open."""
    waiting = Destruction.objects.filter(state=DestructionState.DESTROYED)
    oldest = min(VaultKey.objects.values_list("version", flat=True), default=0)
    if waiting.filter(vault_key__gte=oldest).exists():
        _change(Kind.VAULT)
    gone = list(waiting.filter(vault_key__lt=oldest, vault_key_gone_at__isnull=True))
    if gone:
        waiting.filter(pk__in=[each.pk for each in gone]).update(vault_key_gone_at=now)
        if providers.configured().renews:
            _change(Kind.ROOT)
    kept = timedelta(days=settings.KPM_KEY_BUNDLE_DAYS)
    done = 0
    for each in waiting.filter(vault_key_gone_at__lte=now - kept).select_related("case_file"):
        _complete(each, now)
        done += 1
    return done


def _change(kind: Kind) -> None:
    # Refused: these keys are being changed already, and the next night looks again.
    try:
        change(kind=kind, by=system_account("clock"))
    except Refused:
        return


@transaction.atomic
def _complete(destruction: Destruction, now: datetime) -> None:
    destruction.complete(at=now)
    destruction.save()
    log.record(
        Event.DESTRUCTION_FINISHED,
        by=system_account("clock"),
        target=destruction.case_file,
        purpose=Purpose.LEGAL,
    )


def certificate(destruction: Destruction) -> dict[str, Any]:
    """What a certificate of destruction says: numbers and pseudonyms, nothing of the content."""
    return {
        "number": destruction.number,
        "file": destruction.case_file.number,
        "ground": destruction.ground,
        "state": destruction.state,
        "proposed_by": destruction.proposed_by.log_reference,
        "proposed_at": destruction.proposed_at,
        "decided_by": destruction.decided_by.log_reference if destruction.decided_by else None,
        "decided_at": destruction.decided_at,
        "destroyed_at": destruction.destroyed_at,
        "vault_key_gone_at": destruction.vault_key_gone_at,
        "complete_at": destruction.complete_at,
        "keys": destruction.certificate.get("keys", []),
        "rows": destruction.certificate.get("rows", 0),
    }
