"""Make the root key, the first vault key and the log's first key where they are missing."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import log
from audit.actions import start_missing_key
from kpm.vault.ciphers import new_key
from kpm.vault.errors import VaultError
from kpm.vault.keys import create_missing
from kpm.vault.providers import written


class Command(BaseCommand):
    """Safe to run again: what exists is never touched."""

    help = (
        "Make the root key, the first vault key and the first key of the log where they are "
        "missing. Migrate both databases before."
    )

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
            with log.entered(log.Context(channel="cli")):
                key = start_missing_key(by=log.System("keys"), now=timezone.now())
        except (VaultError, ImproperlyConfigured) as refused:
            raise CommandError(str(refused)) from None
        if key is not None:
            made.append("key of the log 1")
        self.stdout.write(f"Made: {', '.join(made)}." if made else "All keys are there.")
        if key is not None:
            self.stdout.write(f"Give this to whoever checks the log from outside: {key}")
