"""Verifies the log: exit code 0 good, 1 altered, 2 cannot be read, 3 a guard or key is missing."""

import re
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from audit import log, notes, signers, tree_heads, verifications
from audit.actions import verify_log
from audit.attestations import Standing, Verdict

PIN = re.compile(r"([0-9]{1,18}):([0-9a-fA-F]{64})")


class Command(BaseCommand):
    """Hash everything again and say the first bad place."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """All of it by default."""
        parser.add_argument(
            "--newest", type=int, metavar="N", help="look only at the newest N events"
        )
        parser.add_argument(
            "--pinned",
            action="append",
            default=[],
            metavar="SIZE:ROOT",
            help="a root (hexadecimal) that was kept elsewhere; may be given several times",
        )

        parser.add_argument(
            "--since",
            action="append",
            default=[],
            type=Path,
            metavar="NOTE_FILE",
            help="a signed checkpoint that was kept elsewhere; may be given several times",
        )

        parser.add_argument(
            "--archive",
            type=Path,
            metavar="DIRECTORY",
            help="where old events lie that have left the database",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the result in words."""
        pinned = dict(_pin(text) for text in options["pinned"])
        pinned |= dict(_since(path) for path in options["since"])
        with log.entered(log.Context(channel="cli")):
            result = verify_log(
                by=log.System("verify"),
                newest=options["newest"],
                pinned=pinned,
                archive=options["archive"],
            )
        self.stdout.write(
            _("Events in the tree: %(size)s, of these verified: %(checked)s, waiting: %(waiting)s")
            % {"size": result.size, "checked": result.checked, "waiting": result.waiting}
        )
        self.stdout.write(_("Root: %s") % result.root.hex())
        if result.archived:
            words = (
                _("Of these in the archive, and read there: %s")
                if options["archive"]
                else _("Of these in an archive, and known here by their hashes: %s")
            )
            self.stdout.write(words % result.archived)
        if result.erased:
            self.stdout.write(_("Details erased, as events say: %s") % result.erased)
        if result.compared or result.unnamed:
            words = _("Sealed groups as their last events wrote them: %(count)s, without: %(rest)s")
            self.stdout.write(words % {"count": result.compared, "rest": result.unnamed})
        for standing in result.standings:
            self.stdout.write(_words(standing, result.size))
        if result.kind is None:
            if not result.standings:
                words = _("Nobody else keeps roots of this log: see deploy/README.md.")
                self.stdout.write(words)
            self.stdout.write(_("Everything is as it was written."))
            return
        self.stderr.write(result.problem)
        sys.exit(result.kind.value)


def _words(standing: Standing, size: int) -> str:
    """How old the newest is that somebody else said of the log, and what of the rest is gone."""
    told = {
        "witness": standing.name,
        "size": standing.size,
        "behind": size - standing.size,
        "good": len(standing.having(Verdict.GOOD)),
    }
    if standing.at is None:
        return _("%(witness)s: has not seen the log yet.") % told
    told["age"] = timesince(standing.at, timezone.now())
    words = [
        _("%(witness)s: saw %(size)s events %(age)s ago, %(behind)s fewer than there are now.")
        % told,
        _("Verified: %(good)s.") % told,
    ]
    if gone := standing.having(Verdict.GONE):
        words.append(
            _("Missing: %(count)s, the first of %(size)s events.")
            % {"count": len(gone), "size": gone[0]}
        )
    if unseen := standing.having(Verdict.UNSEEN):
        words.append(_("Not verified, for want of settings: %s.") % len(unseen))
    if not standing.is_asked:
        words.append(_("Is not asked any more."))
    return " ".join(words)


def _pin(text: str) -> tuple[int, bytes]:
    found = PIN.fullmatch(text)
    if found is None:
        raise CommandError(_("A pinned root is written as size:hexadecimal root."))
    return int(found[1]), bytes.fromhex(found[2])


def _since(path: Path) -> tuple[int, bytes]:
    """The size and root in a note, if one of this log's keys vouches for it."""
    try:
        note = notes.parse(path.read_text(encoding="utf-8"))
        head = tree_heads.parse(note.text)
    except (OSError, ValueError) as error:
        words = _("%(file)s holds no checkpoint: %(problem)s") % {"file": path, "problem": error}
        raise CommandError(words, returncode=2) from None
    try:
        note.verified(signers.known(verifications.DATABASE))
    except notes.NotSigned:
        words = _("%s was not signed by a key of this log.") % path
        raise CommandError(words, returncode=3) from None
    return head.size, head.root
