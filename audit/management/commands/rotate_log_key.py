"""Signs the log with a new key from now on; what the old ones signed stays good."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from audit import log, signers
from audit.actions import start_key
from kpm.vault.errors import VaultError


class Command(BaseCommand):
    """The old key vouches for the new one, so whoever holds the old one can follow."""

    help = __doc__ or ""

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Say the new key in the form in which others keep it."""
        if not signers.rows():
            raise CommandError(_("The log has no key yet: run manage.py create_keys"))
        try:
            with log.entered(log.Context(channel="cli")):
                key = start_key(by=log.System("keys"), now=timezone.now())
        except (VaultError, ImproperlyConfigured) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(_("The log signs with a new key: %s") % key)
