"""Make the root key file and the first vault key where they are missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kpm.vault.errors import KeysUnavailable
from kpm.vault.keys import create_missing


class Command(BaseCommand):
    """Safe to run again: what exists is never touched."""

    help = "Make the root key file and the first vault key where they are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = create_missing()
        except KeysUnavailable as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"Made: {', '.join(made)}." if made else "All keys are there.")
