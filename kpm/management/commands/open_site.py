"""The first steps on a new site: units, rules, and the two administrators, who do the rest."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from audit import log
from kpm.accounts import actions
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.actions import seed_rule_set


class Command(BaseCommand):
    """Opens a city, a county, a system administrator and a security administrator, once."""

    help = (
        "Open the first two units and the first two administrators of a new site. "
        "Their one-time passwords are shown once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Two units and two people."""
        for name in ("city", "county"):
            parser.add_argument(f"--{name}", nargs=2, metavar=("CODE", "NAME"), required=True)
        for name in ("system", "security"):
            parser.add_argument(f"--{name}", nargs=2, metavar=("USERNAME", "NAME"), required=True)

    def handle(self, **options: Any) -> None:
        """All of it or nothing."""
        try:
            with log.entered(log.Context(channel="cli")), transaction.atomic():
                opened = self._open(options)
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        for account in opened:
            self.stdout.write(f"{account.user.username}  {account.password}")
        self.stdout.write("Hand these over in person. Both are changed at the first sign-in.")

    def _open(self, options: dict[str, Any]) -> list[actions.Opened]:
        if RoleGrant.objects.exists():
            raise CommandError("This site has administrators already: ask them.")
        by = actions.system_account("work")
        for code, name in (options["city"], options["county"]):
            if not Unit.objects.filter(code=code).exists():
                actions.open_unit(code=code, name=name, by=by)
        # Otherwise whoever decides about a level first would put the rules into force.
        seed_rule_set(on=timezone.localdate(), by=by)
        county = Unit.objects.get(code=options["county"][0])
        roles = {
            "system": Role.SYSTEM_ADMINISTRATOR,
            "security": Role.SECURITY_ADMINISTRATOR,
        }
        return [
            self._administrator(*options[name], role=role, county=county, by=by)
            for name, role in roles.items()
        ]

    def _administrator(
        self, username: str, name: str, *, role: Role, county: Unit, by: User
    ) -> actions.Opened:
        today = timezone.localdate()
        opened = actions.open_account(username=username, name=name, unit=county, by=by)
        actions.grant_role(
            user=opened.user, role=role, unit=county, start_on=today, by=by, today=today
        )
        return opened
