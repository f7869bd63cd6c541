"""What is done to a whole file: its due date, and single fields that open with a reason."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.caseload import Calendar, Rhythm
from casework.models import CaseFile
from casework.models.incidents import moments_by_file
from kpm.accounts.models import User
from kpm.vault.opening import open_groups
from risk_levels.levels import Level
from risk_levels.models import Decision, RuleSet
from risk_levels.models.rule_sets import default_numbers
from risk_levels.populations import POPULATIONS


def calendars(
    files: Sequence[CaseFile], today: date, rule_set: RuleSet | None = None
) -> dict[CaseFile, Calendar]:
    """What the due dates of each file follow from; give files with their levels loaded.

    Under a rule set that is not in force they show what it would bring.
    """
    # One for all of them.
    rule_set = rule_set or rule_set_on(today)
    kept = [each for each in files if not each._state.adding]
    moments = moments_by_file([each.id for each in kept])
    steps = Decision.objects.rhythms_by_level([each.risk_level_id for each in kept])
    return {
        each: Calendar(
            opened_on=each.opened_on,
            review_on=each.risk_level.review_on,
            rhythms=[
                Rhythm(since_on, rule_set.duties(each.population, level))
                for since_on, level in (
                    (each.opened_on, Level.UNGRADED),
                    *steps.get(each.risk_level_id, ()),
                )
            ],
            first_visit_days=POPULATIONS[each.population].first_visit_days,
            last_contact_on=day_of(moments[each.id].get("contact_at")),
            last_visit_on=day_of(moments[each.id].get("visit_at")),
            event_by_at=event_by(
                moments[each.id].get("event_at"), rule_set.event_visit_hours(each.population)
            ),
        )
        for each in files
    }


def rule_set_on(today: date) -> RuleSet:
    """The one that holds on a day; the numbers as delivered where none does yet."""
    return RuleSet.objects.in_force(today) or RuleSet(numbers=default_numbers())


def day_of(moment: datetime | None) -> date | None:
    """The day here on which something happened."""
    return timezone.localtime(moment).date() if moment else None


def event_by(happened_at: datetime | None, hours: int | None) -> datetime | None:
    """Until when somebody comes by after an incident; nothing where no rule asks for it."""
    if happened_at is None or hours is None:
        return None
    return timezone.localtime(happened_at) + timedelta(hours=hours)


def due_days(files: Sequence[CaseFile], today: date) -> dict[CaseFile, date | None]:
    """The day that belongs into next_due_on of each file; nothing is due on a closed one."""
    found: dict[CaseFile, date | None] = dict.fromkeys(files)
    for each, calendar in calendars([each for each in files if each.is_open], today).items():
        found[each] = calendar.next_due_on()
    return found


@transaction.atomic
def refresh_due(case_file: CaseFile, today: date) -> date | None:
    """Write next_due_on anew after anything that it follows from has changed."""
    fresh = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    (due_on,) = due_days([fresh], today).values()
    # No history row: the day follows from rows that have theirs.
    CaseFile.objects.filter(pk=fresh.pk).update(next_due_on=due_on)
    case_file.next_due_on = due_on
    return due_on


@transaction.atomic
def refresh_many(files: Sequence[CaseFile], today: date) -> None:
    """The same for many files, in a few queries."""
    for case_file, due_on in due_days(files, today).items():
        case_file.next_due_on = due_on
    CaseFile.objects.bulk_update(files, ["next_due_on"], batch_size=500)


def reveal(
    *, case_file: CaseFile, field: str, reason: str, by: User, purpose: Purpose | None
) -> str:
    """The value of one field, after who asked for it and why is in the log for good."""
    rules.check_can_reveal_field(by, case_file, field)
    is_identity = field in rules.REVEALED_OF_PERSON
    with transaction.atomic():
        log.record(
            Event.CASE_FILE_REVEALED,
            by=by,
            target=case_file,
            groups=[f"{'person' if is_identity else 'case_file'}.{field}"],
            purpose=purpose,
            detail={"reason": reason},
        )
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=purpose,
        about=[case_file],
        rule=rules.why_readable(by, case_file),
    ) as reading:
        if is_identity:
            open_groups([case_file.person], "head", "body", reading=reading)
            return str(getattr(case_file.person, field))
        open_groups([case_file], "body", reading=reading)
        return str(case_file.details.get(field, ""))
