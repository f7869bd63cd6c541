"""Make the root key and the first vault key where they are missing, or print a new root key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kpm.vault.ciphers import new_key
from kpm.vault.errors import KeysUnavailable
from kpm.vault.keys import create_missing
from kpm.vault.providers import written


class Command(BaseCommand):
    """Safe to run again: what exists is never touched."""

    help = "Make the root key and the first vault key where they are missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Keys that this site does not keep by itself."""
        parser.add_argument(
            "--print",
            action="store_true",
            dest="is_printed",
            help="print a new root key and nothing else, for a pipe: … | age -r … > root.key.age",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["is_printed"]:
            self.stdout.write(written(new_key()))
            return
        try:
            made = create_missing()
        except KeysUnavailable as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"Made: {', '.join(made)}." if made else "All keys are there.")
