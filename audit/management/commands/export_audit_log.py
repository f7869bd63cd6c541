"""Writes the log into a directory in the C2SP tlog-tiles layout; again adds what has grown."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from audit import log
from audit.actions import export
from audit.proofs import NothingToProve
from audit.trees import Missing
from kpm.errors import Refused


class Command(BaseCommand):
    """Anybody with the log's vkey verifies it: python audit/offline.py log DIRECTORY --vkey …"""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to."""
        parser.add_argument("directory", type=Path)
        parser.add_argument(
            "--witnessed", action="store_true", help="only as far as a witness has seen it"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say how far the log goes and how much was new."""
        try:
            with log.entered(log.Context(channel="cli")):
                checkpoint, written = export(
                    by=log.System("export"),
                    directory=options["directory"],
                    witnessed=options["witnessed"],
                )
        except (Refused, NothingToProve, Missing) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(
            _("Events: %(size)s, files written: %(files)s")
            % {"size": checkpoint.size, "files": written}
        )
