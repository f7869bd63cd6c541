"""Writes one event and the proof that it is in the log, for somebody who has only the vkey."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audit import log
from audit.actions import prove
from audit.proofs import NothingToProve
from audit.trees import Missing


class Command(BaseCommand):
    """Two files: what was written, and its proof (C2SP tlog-proof)."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which, and where to."""
        parser.add_argument("ev", type=UUID, help="the name (ev) of the event")
        parser.add_argument("directory", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Say the names of both files."""
        ev, directory = options["ev"], options["directory"]
        try:
            with log.entered(log.Context(channel="cli")):
                body, proof = prove(by=log.System("export"), ev=ev)
        except (NothingToProve, Missing) as refused:
            raise CommandError(str(refused)) from None
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in ((f"{ev}.json", body), (f"{ev}.tlog-proof", str(proof))):
            path = directory / name
            path.write_text(text, encoding="utf-8", newline="")
            self.stdout.write(str(path))
