"""Make the root key file, the first vault key and the log's first key where they are missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import log
from audit.actions import start_missing_key
from kpm.vault.errors import VaultError
from kpm.vault.keys import create_missing


class Command(BaseCommand):
    """Safe to run again: what exists is never touched."""

    help = (
        "Make the root key file, the first vault key and the first key of the log where they are "
        "missing. Migrate both databases before."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = create_missing()
            with log.entered(log.Context(channel="cli")):
                key = start_missing_key(by=log.System("keys"), now=timezone.now())
        except VaultError as refused:
            raise CommandError(str(refused)) from None
        if key is not None:
            made.append("key of the log 1")
        self.stdout.write(f"Made: {', '.join(made)}." if made else "All keys are there.")
        if key is not None:
            self.stdout.write(f"Give this to whoever checks the log from outside: {key}")
