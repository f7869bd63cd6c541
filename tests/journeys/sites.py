"""A whole site as deploy/run starts it: server and worker in their own processes, own directory."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0
# What a journey must know about the county before it begins: run by the site, in its own words.
COUNTY = """
import json
from casework.models import CaseFile
from kpm.accounts.models import Unit, User
print(json.dumps({
    "units": list(Unit.objects.values_list("name", flat=True)),
    "accounts": [
        {"username": each.username, "name": each.name, "unit": each.unit.prefix}
        for each in User.objects.filter(unit__isnull=False).select_related("unit")
    ],
    "files": [
        {
            "number": each.number,
            "population": each.population,
            "unit": each.unit.code,
            "level": each.risk_level.level,
            "due_on": str(each.next_due_on or ""),
            "waits": each.risk_level.proposals.filter(state="submitted").exists(),
            "team": {
                place.role: place.worker.username
                for place in each.assignments.filter(until_on=None).select_related("worker")
            },
        }
        for each in CaseFile.objects.select_related("unit", "risk_level").order_by("next_due_on")
    ],
}))
"""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@dataclass(frozen=True)
class Account:
    """Somebody who works in the county."""

    username: str
    name: str
    unit: str


@dataclass(frozen=True)
class File:
    """A case file as the invention left it; who has which place in its team."""

    number: str
    population: str
    unit: str
    level: str
    due_on: str
    waits: bool
    team: dict[str, str]

    @property
    def path(self) -> str:
        """Its page."""
        return f"/files/{self.number}/"


@dataclass
class Site:
    """An invented county with its server and its worker; everything lies in one directory."""

    place: Path
    files: int = 60
    seed: int = 1
    port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    case_files: list[File] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of this site and nothing of the tests' own or of this machine's."""
        kept = {name: value for name, value in os.environ.items() if not foreign(name)}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "kpm.settings",
            "KPM_DEMO": "1",
            "KPM_DATA_DIR": str(self.place / "data"),
            "KPM_STATIC_DIR": str(self.place / "static"),
            "KPM_ROOT_KEY_FILE": str(self.place / "keys" / "root.key"),
            "KPM_SECRET_KEY_FILE": str(self.place / "keys" / "secret.key"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def manage(self, *arguments: str) -> str:
        """Run one command of the site to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def prepare(self) -> None:
        """Make texts, keys, databases and the county; nobody answers yet."""
        # What is compiled is not in the repository, and an old one speaks half in English.
        subprocess.run(["deploy/compile_messages"], cwd=ROOT, check=True)
        for name in ("data", "keys"):
            (self.place / name).mkdir(parents=True, mode=0o700)
        secret = secrets.token_urlsafe(64)
        (self.place / "keys" / "secret.key").write_text(secret, encoding="ascii")
        self.manage("migrate", "--verbosity=0", "--database=default")
        self.manage("migrate", "--verbosity=0", "--database=keys")
        self.manage("create_keys")
        self.manage("make_demo", f"--files={self.files}", f"--seed={self.seed}")
        self.manage("collectstatic", "--noinput", "--verbosity=0")
        county = self.ask(COUNTY)
        self.units = county["units"]
        self.accounts = [Account(**each) for each in county["accounts"]]
        self.case_files = [File(**each) for each in county["files"]]

    def copied(self, place: Path) -> "Site":
        """The same county in another directory: what happens in one is unknown in the other."""
        shutil.copytree(self.place, place)
        return Site(
            place, units=self.units, accounts=self.accounts, case_files=list(self.case_files)
        )

    def ask(self, code: str) -> Any:
        """What a few lines print, run by the site in a process of its own."""
        return json.loads(self.manage("shell", "--no-imports", "--command", code))

    def start(self) -> None:
        """Begin to answer, and to work."""
        self._begin(
            "gunicorn",
            "-m",
            "gunicorn",
            "kpm.wsgi",
            "--bind",
            f"127.0.0.1:{self.port}",
            "--worker-class=gthread",
            "--workers=1",
            "--threads=4",
            "--no-control-socket",
            "--log-level=warning",
        )
        self._begin("work", "manage.py", "work")
        self._wait()

    def take_file(
        self, *, level: str, near: str = "", population: str = "empty_nest_elder"
    ) -> File:
        """A file for one journey alone, an elder's unless said, the one that is due first.

        Its lead worker works on it alone, and nothing that was proposed waits.

        With `near` it lies where that social worker is there for.
        """
        for each in self.case_files:
            fits = (each.level, each.population) == (level, population)
            is_free = each.team.keys() == {"lead"} and not each.waits
            if fits and is_free and each.unit.startswith(self.unit_of(near)):
                self.case_files.remove(each)
                return each
        raise AssertionError(f"The county has no {level} file of {population} left.")

    def worker_elsewhere(self, case_file: File) -> str:
        """A social worker whose unit the file is not in."""
        return next(
            each.username for each in self.workers if not case_file.unit.startswith(each.unit)
        )

    def colleague(self, case_file: File) -> str:
        """A social worker of the same unit who has no place in the team of the file."""
        return next(
            each.username
            for each in self.workers
            if case_file.unit.startswith(each.unit) and each.username not in case_file.team.values()
        )

    @property
    def workers(self) -> list[Account]:
        """The social workers."""
        return [each for each in self.accounts if each.username.startswith("worker")]

    def unit_of(self, username: str) -> str:
        """Which units somebody is there for, as the beginning of their codes."""
        return next((each.unit for each in self.accounts if each.username == username), "")

    def name_of(self, username: str) -> str:
        """What somebody is called."""
        return next(each.name for each in self.accounts if each.username == username)

    def end(self) -> None:
        """End both, gently first."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()

    def said(self) -> str:
        """What server and worker wrote to their logs."""
        return "".join(log.read_text(encoding="utf-8") for log in self.place.glob("*.log"))

    def _begin(self, name: str, *arguments: str) -> None:
        with (self.place / f"{name}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen(
                    # Even if the tests are killed outright, the kernel ends the site.
                    ["setpriv", "--pdeathsig=TERM", sys.executable, *arguments],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert all(each.poll() is None for each in self.processes), self.said()
            try:
                with urllib.request.urlopen(f"{self.address}/health/", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise AssertionError(f"The site does not answer.\n{self.said()}")


def foreign(name: str) -> bool:
    """Whether a variable of this process must not reach the site."""
    return name.startswith(("KPM_", "DJANGO_", "COV_", "COVERAGE_"))
