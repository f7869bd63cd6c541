"""Searches begin by themselves after three tries, are looked at, and end when somebody is met."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery

from audit import log
from audit.events import Event
from casework import lost_rules, team_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, LostContact, Visit
from casework.models.case_files import CaseFileQuerySet, Status
from casework.models.lost_contacts import LostState
from casework.models.visits import MET, Outcome
from kpm.accounts.actions import system_account
from kpm.accounts.models import User

GOING_ON = (LostState.OPEN, LostState.SOUGHT)


def in_vain(files: CaseFileQuerySet) -> CaseFileQuerySet:
    """The open files among these with three tries since somebody was met the last time."""
    met = Visit.objects.filter(case_file=OuterRef("pk"), outcome__in=MET)
    tried = Q(visits__outcome=Outcome.NOT_MET) & (
        Q(met_at__isnull=True) | Q(visits__happened_at__gt=F("met_at"))
    )
    return (
        files.filter(status=Status.OPEN)
        .annotate(met_at=Subquery(met.order_by("-happened_at").values("happened_at")[:1]))
        .annotate(tries=Count("visits", filter=tried))
        .filter(tries__gte=lost_rules.TRIES)
    )


def follow_visit(visit: Visit, *, by: User, now: datetime) -> None:
    """What a visit that was just recorded means; give the file locked."""
    case_file = visit.case_file
    if visit.outcome in MET:
        _end(case_file, by=by, now=now)
    elif visit.outcome == Outcome.NOT_MET:
        begin(case_file, by=by, now=now)


def begin(case_file: CaseFile, *, by: User, now: datetime) -> bool:
    """Open a search if there is a reason and none goes on; give the file locked."""
    if LostContact.objects.filter(case_file=case_file, state__in=GOING_ON).exists():
        return False
    if not in_vain(CaseFile.objects.filter(pk=case_file.pk)).exists():
        return False
    search = LostContact(case_file=case_file, district=case_file.district, opened_at=now)
    search.save_as(by=by)
    log.record(Event.LOST_CONTACT_OPENED, by=by, target=case_file)
    return True


def _end(case_file: CaseFile, *, by: User, now: datetime) -> None:
    """Somebody was met after the tries: an older visit that is written down late ends nothing."""
    search = LostContact.objects.filter(case_file=case_file, state__in=GOING_ON).first()
    if search is None or in_vain(CaseFile.objects.filter(pk=case_file.pk)).exists():
        return
    search.end(at=now)
    search.save_as(by=by)
    log.record(Event.LOST_CONTACT_ENDED, by=by, target=case_file)


@transaction.atomic
def decide(
    *,
    case_file: CaseFile,
    search: LostContact,
    known: str,
    look_again_on: date,
    by: User,
    now: datetime,
    seen: str | None = None,
) -> LostContact:
    """A supervisor says what is known and when somebody looks again; no level changes by it.

    Where it was decided on a page, `seen` is the search as it stood there.
    """
    case_file = locked(case_file)
    search = LostContact.objects.get(pk=search.pk)
    lost_rules.check_can_decide_lost(by, case_file)
    lost_rules.check_is_lost(search)
    team_rules.check_is_as_seen(search.seen, seen)
    lost_rules.check_look_fits(known, look_again_on, now.date())
    search.decide(known=known, look_again_on=look_again_on, by=by, at=now)
    search.save_as(by=by)
    log.record(Event.LOST_CONTACT_DECIDED, by=by, target=case_file)
    return search


def look(now: datetime) -> int:
    """Find what no single recording has seen, such as visits that came in together."""
    going_on = LostContact.objects.filter(state__in=GOING_ON)
    found = in_vain(CaseFile.objects.exclude(pk__in=going_on.values("case_file")))
    return sum(_begin(each, now) for each in list(found.order_by("id")))


@transaction.atomic
def _begin(case_file: CaseFile, now: datetime) -> bool:
    return begin(locked(case_file), by=system_account("clock"), now=now)
