"""The project in another place, where breaking, starting and killing it hurts nobody."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.architecture.sources import ROOT, tracked


class Copy:
    """All files that are, or are about to be, in the history; the environment is shared."""

    def __init__(self, place: Path) -> None:
        self.place = place
        for path in tracked():
            target = place / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
        (place / ".venv").symlink_to(ROOT / ".venv")
        if (ROOT / ".mypy_cache").is_dir():
            shutil.copytree(ROOT / ".mypy_cache", place / ".mypy_cache")
        subprocess.run(["git", "init", "--quiet", "."], cwd=place, check=True)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run something there, and wait for its end."""
        return subprocess.run(
            command,
            cwd=self.place,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        """An environment as if nobody was testing here."""
        ours = ("KPM_", "PYTEST_", "COV_", "COVERAGE_", "DJANGO_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
        return environment | {"PATH": f"{ROOT / '.venv' / 'bin'}:{environment['PATH']}"}

    @contextmanager
    def planted(self, name: str, lines: str) -> Iterator[None]:
        """Some lines more at the end of a file (a new one, if it is not there); gone afterwards."""
        path = self.place / name
        before = path.read_bytes() if path.exists() else None
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(lines)
        try:
            yield
        finally:
            if before is None:
                path.unlink()
            else:
                path.write_bytes(before)
