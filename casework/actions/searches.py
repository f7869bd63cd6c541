"""Looking for people: how fast somebody may, and whether one person is known already."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from casework import rules
from casework.actions import matches
from casework.actions.matches import Found
from casework.models import Person
from casework.sheets.problems import PROBLEMS
from kpm.accounts.models import User
from kpm.accounts.scoping import units_under
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

SEARCHES, WITHIN = 30, timedelta(minutes=1)


def check_pace(user: User, event: Event, now: datetime, *, field: str) -> None:
    """Whoever tries names or numbers one after the other is slowed down."""
    runs = LoggedEvent.objects.filter(actor=user.log_reference, event=event)
    last = runs.order_by("-id").values_list("at", flat=True)[SEARCHES - 1 : SEARCHES]
    for at in last:
        if datetime.fromisoformat(at) > now - WITHIN:
            log.refused(event, by=user, rule="too_often")
            words = _("Too many searches in a minute. Please wait a moment.")
            raise Refused(words, field=field)


@dataclass(frozen=True)
class Asked:
    """What somebody who takes people in knows of one of them."""

    name: str = ""
    id_number: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Answer:
    """Whether a person is known; who it is, where the one who asked meets them anyway."""

    is_known: bool
    person: Person | None = None
    # Whom to ask, where the person is somebody else's.
    words: str = ""


def seek(*, name: str, id_number: str, phone: str, by: User, now: datetime) -> Answer:
    """The one question of intake: by ID number, or by phone and name."""
    rules.check_can_find_person(by)
    check_pace(by, Event.PERSON_SOUGHT, now, field="id_number" if id_number else "phone")
    asked = Asked(name=name, id_number=id_number, phone=phone)
    with transaction.atomic():
        districts = units_under(by).order_by().values_list("district", flat=True).distinct()
        answers = [
            answer
            for district in sorted(districts)
            for answer in matches.look_up(district, [asked], by=by)
        ]
        found = next((each for each in answers if each.person is not None), None)
        log.record(
            Event.PERSON_SOUGHT,
            by=by,
            target=found.person if found else None,
            purpose=Purpose.INTAKE,
            count=1 if found else 0,
        )
    return _answer(found, answers, by)


def _answer(found: Found | None, answers: list[Found], by: User) -> Answer:
    if not is_granted(by, Permission.ADMIT_PERSON):
        # Yes or no, and nothing about whose they are.
        several = any(each.problem == "several_fit" for each in answers)
        is_known = found is not None or several
        return Answer(is_known, words=rules.words_of_known_elsewhere(by) if is_known else "")
    if found is not None and found.problem == "known_elsewhere":
        return Answer(is_known=True, words=rules.words_of_known_elsewhere(by))
    for each in answers:
        if each.problem:
            raise Refused(PROBLEMS[each.problem].told, field=each.field)
    return Answer(is_known=found is not None, person=found.person if found else None)
