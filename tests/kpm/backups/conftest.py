"""A site that can be backed up and restored: databases, files, keys and a replay log of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL, OWNER

# Anything of the product runs to one moment and is killed there, or meets a full disk.
MAIN = """
import json
import os
import resource
import signal
import sys
from importlib import import_module
import django
django.setup()
from django.conf import settings
from django.core.management import CommandError, call_command

said = json.loads(sys.argv[1])
for name, value in said["settings"].items():
    setattr(settings, name, value)
if said["point"]:
    module, name, nth, when = said["point"]
    holder = import_module(module)
    real = getattr(holder, name)
    calls = 0

    def killed(*args, **kwargs):
        global calls
        calls += 1
        if calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls == nth and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, killed)
if said["bytes"]:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (said["bytes"], said["bytes"]))
try:
    call_command(*said["command"])
except CommandError as error:
    sys.exit(f"CommandError: {error}")
"""


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
        point: tuple[str, str, int, str] | None = None,
        most: int = 0,
    ) -> subprocess.CompletedProcess[str]:
        """A command in a process of its own: killed at a point, or on a disk that is full."""
        connections.close_all()
        said = {"settings": self.settings, "command": command, "point": point, "bytes": most}
        # What counts lines writes a file of its own, and would meet the full disk as well.
        without = ("COV_", "COVERAGE_") if most else ()
        around = {**self.commits.environment, "PYTHONPATH": os.getcwd()}
        return subprocess.run(
            [sys.executable, "-c", MAIN, json.dumps(said)],
            env={name: value for name, value in around.items() if not name.startswith(without)},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def whole(self) -> list[str]:
        """The artefacts that look whole."""
        return sorted(each.name for each in self.folder.glob("kpm-*") if each.suffix != ".part")


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
