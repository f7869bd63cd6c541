"""Correcting the calendar: terms that begin to run afterwards are counted by it."""

from datetime import date

from django.db import transaction

from audit import log
from audit.events import Event
from kpm.accounts.models import User
from risk_levels import rules
from risk_levels.models import CalendarDay


@transaction.atomic
def correct_calendar(
    *, day: date, is_workday: bool | None, note: str, by: User, today: date
) -> CalendarDay:
    """Say whether the office works on a day; None takes back what was said.

    Days that were told to people already stay: they are kept where they were told.
    """
    rules.check_can_correct_calendar(by, day, today=today)
    row = CalendarDay.objects.select_for_update().filter(day=day).first() or CalendarDay(day=day)
    row.is_workday = is_workday
    row.note = note
    row.entered_by = by
    row.save_as(by=by)
    log.record(Event.CALENDAR_CORRECTED, by=by, target=row)
    return row
