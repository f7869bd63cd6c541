"""Tell everybody by mail, once a day, how much waits for them: counts alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import log
from casework.actions.digests import NotAllSent
from casework.handlers import send_digests


class Command(BaseCommand):
    """Sends what has not been sent today; the worker does the same by itself each morning."""

    help = "Send the daily digests that have not been sent today."

    def handle(self, *args: Any, **options: Any) -> None:
        """Send."""
        try:
            with log.entered(log.Context(channel="cli")):
                sent = send_digests(timezone.localtime())
        except NotAllSent as error:
            raise CommandError(
                f"{error} of the digests were not taken by the mail server."
            ) from None
        except OSError as error:
            raise CommandError(f"No mail can be sent ({type(error).__name__}).") from None
        self.stdout.write(f"{sent} sent.")
