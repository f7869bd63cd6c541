"""Prove that an old copy of the data, with the keys of today, does not open a destroyed file."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from audit import log
from audit.events import Event, Outcome
from casework.actions import destructions
from casework.actions.matches import scope_of
from casework.models import CaseFile, Destruction
from kpm.database.copies import opened_copy
from kpm.vault.rehearsals import Rehearsal, rehearse

BY = log.System("operator")


class Command(BaseCommand):
    """Ends with 1 when anything opened, or when nothing was there to try."""

    help = "Try every key of today on an old copy of a destroyed file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, and where the old copy is."""
        parser.add_argument("number", help="the number of the file")
        parser.add_argument(
            "--data",
            required=True,
            metavar="PLACE",
            help="an old copy of the data: a SQLite file, or how to connect to a restored dump",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Try, tell, write it down."""
        destruction = Destruction.objects.filter(case_file__number=options["number"]).first()
        if destruction is None or not destruction.certificate:
            raise CommandError("No file of this number was destroyed.")
        owners = destructions.certified_owners(destruction)
        scope = scope_of(destruction.case_file.district)
        with opened_copy(options["data"]) as alias:
            found = rehearse(alias, owners, scope)
        self._tell(found)
        with transaction.atomic():
            log.record(
                Event.DESTRUCTION_REHEARSED,
                by=BY,
                target=CaseFile.objects.get(pk=destruction.case_file_id),
                count=found.blobs,
                outcome=Outcome.OK if found.is_good else Outcome.ERROR,
            )
        if not found.is_good:
            raise SystemExit(1)

    def _tell(self, found: Rehearsal) -> None:
        say = self.stdout.write
        say(f"sealed values of the file in the old copy: {found.blobs}")
        say(f"shards of its district in the old copy: {found.shards}")
        say(f"keys of today tried on each: {found.keys} and {found.scope_keys}")
        say(f"opened: {found.opened} and {found.shards_opened}")
        say(f"for comparison, values of other files opened with their own keys: {found.control}")
        say("The file is destroyed." if found.is_good else "NOT PROVED: see above.")
