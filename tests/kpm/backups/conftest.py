"""A site that can be backed up and restored: databases, files, keys and a replay log of its own."""

import resource
import signal
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from tests.conftest import RealCommits
from tests.forks import Point, forked, kill_at
from tests.settings import IS_POSTGRESQL, OWNER


@dataclass
class Site:
    """Where everything of it lies."""

    commits: RealCommits
    folder: Path
    settings: dict[str, str]

    def backup(self, *more: str) -> tuple[Path, Path]:
        """Make one; both artefacts."""
        told = StringIO()
        call_command("backup", str(self.folder), *more, stdout=told, stderr=StringIO())
        data, keys = (line.rpartition(": ")[2] for line in told.getvalue().splitlines()[:2])
        return Path(data), Path(keys)

    def restore(self, data: Path, keys: Path, *more: str) -> str:
        """Put one back; what it said."""
        told = StringIO()
        words = ("restore", str(data), f"--keys={keys}", *more)
        call_command(*words, stdout=told, stderr=StringIO())
        return told.getvalue()

    def run(
        self,
        *command: str,
        point: Point | None = None,
        most: int = 0,
    ) -> CompletedProcess[str]:
        """A command in a process of its own: killed at a point, or on a disk that is full."""
        return forked(lambda: _run(command, point, most), self.commits.environment)

    @property
    def whole(self) -> list[str]:
        """The artefacts that look whole."""
        return sorted(each.name for each in self.folder.glob("kpm-*") if each.suffix != ".part")


def _run(command: tuple[str, ...], point: Point | None, most: int) -> None:
    """In that process: a command as the console runs it."""
    if point:
        kill_at(point)
    _least, allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    if most:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, allowed))
    try:
        call_command(*command)
    except CommandError as error:
        sys.exit(f"CommandError: {error}")
    finally:
        # What counts lines writes a file of its own, and would meet the full disk as well.
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, allowed))


@pytest.fixture
def site(real_commits: RealCommits, settings: Any, tmp_path: Path) -> Site:
    """One of one's own."""
    places = {
        "DATA_DIR": str(tmp_path / "data"),
        "KPM_FILES_DIR": str(tmp_path / "data" / "files"),
        "KPM_REPLAY_LOG": str(tmp_path / "outside" / "replay.log"),
    }
    if IS_POSTGRESQL:
        server = connections.settings["default"]
        owner = f"host={server['HOST']} port={server['PORT']} user={OWNER} dbname="
        places["KPM_OWNER_DATABASE"] = owner + real_commits.names["default"]
        places["KPM_OWNER_KEYS_DATABASE"] = owner + real_commits.names["keys"]
    for name, value in places.items():
        setattr(settings, name, value)
    return Site(real_commits, tmp_path / "backups", places)
