"""How days and moments are written: one way for every page, list and printed paper."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _


def in_words(on: date | str | None) -> str:
    """A day as the language writes it; sealed texts hold it in ISO form."""
    if isinstance(on, str):
        try:
            on = date.fromisoformat(on)
        except ValueError:
            return str(on)
    if isinstance(on, datetime):
        on = timezone.localtime(on)
    # Translators: letters of Django's date filter.
    return formatted(on, _("Y-m-d")) if on else ""


def month_in_words(on: date | None) -> str:
    """The month of a day, with its year."""
    # Translators: letters of Django's date filter, for a month with its year.
    return formatted(on, _("F Y")) if on else ""


def moment_in_words(at: datetime | None) -> str:
    """A day with hour and minute, here."""
    return formatted(timezone.localtime(at), _("Y-m-d H:i")) if at else ""


def clock_in_words(at: datetime | None) -> str:
    """The time alone, to the second, under a heading that says the day."""
    return f"{timezone.localtime(at):%H:%M:%S}" if at else ""


def second_in_words(at: datetime | None) -> str:
    """The same with the second, where the order of events matters."""
    return formatted(timezone.localtime(at), _("Y-m-d H:i:s")) if at else ""
