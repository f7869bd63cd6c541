"""Let new keys take over: root, vault, search or index."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import log
from kpm.custody import actions
from kpm.custody.kinds import Kind
from kpm.errors import Refused

BY = log.System("operator")


class Command(BaseCommand):
    """The root key changes here and now, all others in the background."""

    help = "Let new keys take over from the ones in use, while everything goes on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which keys."""
        parser.add_argument("kind", choices=Kind.values)

    def handle(self, *args: Any, **options: Any) -> None:
        """Change the root key, or ask for the others to be changed."""
        try:
            if options["kind"] == Kind.ROOT:
                self.stdout.write(actions.change_root(by=BY))
                return
            actions.change(kind=options["kind"], by=BY)
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        self.stdout.write("Asked for: manage.py work does it, vault_status shows how far it is.")
