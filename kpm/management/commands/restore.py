"""Put a backup back, end again what had ended since, and verify the log."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit import log
from kpm.database import readiness
from kpm.errors import Refused
from kpm.management.backups.failures import FAILURES, words_of
from kpm.management.backups.progress import Progress
from kpm.management.backups.restoring import Restored, restore


class Command(BaseCommand):
    """Into an empty site that is not running. What is cut off is begun again, as before."""

    help = "Put a backup back into an empty site."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Both artefacts, and what one has to say aloud."""
        parser.add_argument("folder", type=Path, help="a backup of the data: kpm-….data")
        parser.add_argument(
            "--keys",
            type=Path,
            required=True,
            metavar="BUNDLE",
            help="the bundle of keys that was made with it, or a later one: kpm-….keys",
        )
        parser.add_argument(
            "--replace", action="store_true", help="lose what this site holds, for good"
        )
        parser.add_argument(
            "--without-replay-log",
            action="store_true",
            help="bring back roles that ended and files that were destroyed since",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what was done; ends with 1 where something is not as it was written."""
        try:
            with log.entered(log.Context(channel="cli")):
                done = restore(
                    options["folder"],
                    options["keys"],
                    replaces=options["replace"],
                    without_replay_log=options["without_replay_log"],
                    now=timezone.now(),
                    heard=Progress(self.stderr),
                )
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from None
        except ImproperlyConfigured as wrong:
            raise CommandError(str(wrong)) from None
        except FAILURES as failed:
            words = words_of(failed)
            if readiness.is_half_restored():
                words += " The site does not start before this command has ended well."
            raise CommandError(words) from None
        self._tell(done)
        if not done.is_good:
            self.stderr.write(done.log.problem)
            raise SystemExit(1)

    def _tell(self, done: Restored) -> None:
        say = self.stdout.write
        say(f"restored: what there was at {done.made:%Y-%m-%d %H:%M} UTC, with {done.files} files")
        say(f"sign-ins ended: {done.sessions}")
        say(f"ended again: {done.grants} roles, {done.accounts} accounts")
        say(f"destroyed again: {done.destroyed} files")
        say(f"passwords changed since, to be issued anew: {done.passwords}")
        for each in done.opened:
            say(f"{each.user.username}  {each.password}")
        say(f"sealed values tried: {done.tried}, opened: {done.readable}")
        say(f"the log: {done.log.checked} of {done.log.size} events verified")
        say("Everything is as it was written." if done.is_good else "NOT WHOLE: see above.")
