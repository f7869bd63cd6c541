"""Invent a county: units, people who work there, files over six populations."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from kpm.accounts.models import Unit
from kpm.management.demo.staff import PASSWORD, posts
from kpm.management.demo.world import World


class Command(BaseCommand):
    """Refuses anywhere but in a demo, and where something is already there."""

    help = "Invent a county with people and files. For demos only; refuses elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """How large, and which of the possible worlds."""
        parser.add_argument("--files", type=int, default=1200, help="how many case files")
        parser.add_argument("--seed", type=int, default=1, help="the same seed, the same county")

    def handle(self, *args: Any, **options: Any) -> None:
        """Build it unless it stands."""
        if not settings.KPM_DEMO:
            raise CommandError("This is no demo (KPM_DEMO is not 1): nothing is invented here.")
        if Unit.objects.exists():
            self.stdout.write("The demo world stands already.")
        else:
            world = World(seed=options["seed"], files=options["files"], now=timezone.now())
            world.build(self.stdout.write)
        self._sign_ins()

    def _sign_ins(self) -> None:
        shown: set[str] = set()
        self.stdout.write(f"Sign in with the password {PASSWORD} as:")
        for post in posts():
            if post.role not in shown:
                shown.add(post.role)
                self.stdout.write(f"  {post.username:12} {post.role.label}")
