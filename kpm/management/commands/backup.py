"""Make a backup: a sealed copy of the data, and a small bundle of the keys that open it."""

from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import log
from kpm.errors import Refused
from kpm.management.backups.failures import FAILURES, words_of
from kpm.management.backups.making import make
from kpm.management.backups.progress import Progress


class Command(BaseCommand):
    """The site goes on meanwhile. What is cut off leaves nothing that looks whole."""

    help = "Make a backup: the data, sealed, and a bundle of the keys that open it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, and how long bundles are kept."""
        parser.add_argument("folder", type=Path, help="where backups of the data are kept")
        parser.add_argument(
            "--keys",
            type=Path,
            metavar="FOLDER",
            help="where bundles of keys are kept: on another disk, if possible (the same folder)",
        )
        parser.add_argument(
            "--keep-days",
            type=int,
            default=settings.KPM_KEY_BUNDLE_DAYS,
            metavar="N",
            help="remove bundles of keys that are older (KPM_KEY_BUNDLE_DAYS)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make both, say where they are."""
        folder = options["folder"]
        try:
            with log.entered(log.Context(channel="cli")):
                made = make(
                    folder,
                    options["keys"] or folder,
                    keep=timedelta(days=options["keep_days"]),
                    now=timezone.now(),
                    heard=Progress(self.stderr),
                )
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from None
        except FAILURES as failed:
            raise CommandError(f"No backup was made. {words_of(failed)}") from None
        self.stdout.write(f"data, with {made.files} files: {made.data}")
        self.stdout.write(f"keys: {made.bundle}")
        for path in made.removed:
            self.stdout.write(f"removed, too old: {path}")
        self.stdout.write("Keep them apart. Neither opens without the root key of today.")
