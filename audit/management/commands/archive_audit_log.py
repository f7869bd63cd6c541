"""Lets events that are older than three years leave for an archive, as the owner of the tables."""

from argparse import ArgumentParser
from datetime import datetime, time
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from audit import log, retention
from audit.archiving import archive
from audit.proofs import NothingToProve
from audit.trees import Missing
from kpm.ages import years_after
from kpm.errors import Refused


class Command(BaseCommand):
    """The directory holds the whole log from its first event on; give the same one each time."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and up to which day."""
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--before", metavar="DAY", help="the first day that stays; by default three years ago"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say how far the archive goes and how much left."""
        now = timezone.now()
        try:
            with log.entered(log.Context(channel="cli")):
                done = archive(
                    by=log.System("archive"),
                    directory=options["directory"],
                    before=_day(options["before"], now),
                    now=now,
                )
        except (Refused, NothingToProve, Missing, ImproperlyConfigured) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            _("Events in the archive: %(size)s, taken out of the database: %(gone)s")
            % {"size": done.size, "gone": done.gone}
        )


def _day(text: str | None, now: datetime) -> datetime:
    """The moment at which that day begins here."""
    today = timezone.localtime(now).date()
    try:
        day = parse_date(text) if text else years_after(today, -retention.LEAST_YEARS)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(_("A day is written as year-month-day."))
    return timezone.make_aware(datetime.combine(day, time()))
