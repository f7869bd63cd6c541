"""deploy/run: one command from nothing to a site that answers, ended as one."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.copies import Copy

PATIENCE = 300
SIGN_IN = re.compile(r"^  [a-z]+\d*  +\S", re.MULTILINE)


class Started:
    """One start of deploy/run, and what it has said so far."""

    def __init__(self, copy: Copy, log: Path) -> None:
        self.log = log
        self.place = copy.place
        with log.open("w") as file:
            self.process = subprocess.Popen(
                ["deploy/run"],
                cwd=copy.place,
                env=copy.environment | {"KPM_DEMO_FILES": "40"},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def address(self) -> str:
        """Where it answers, once it says so."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(r"KPM answers at (\S+)", self.said):
                return found[1]
            time.sleep(0.2)
        raise AssertionError(self.said)

    def running(self) -> list[int]:
        """What still runs in its directory."""
        return [
            int(process.name)
            for process in Path("/proc").glob("[0-9]*")
            if is_in(process, self.place) and int(process.name) != os.getpid()
        ]

    def kill(self, victim: str) -> None:
        """End one of its processes outright."""
        for number in self.running():
            command = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            if victim in command:
                os.kill(number, signal.SIGKILL)
                return
        raise AssertionError(victim)

    def wait_until_nothing_runs(self) -> None:
        end = time.monotonic() + 30
        while self.running() and time.monotonic() < end:
            time.sleep(0.1)
            # Nobody else is its parent, so it stays a name in the list until we ask.
            self.process.poll()
        assert self.running() == []


def is_in(process: Path, place: Path) -> bool:
    """Whether a process works in this directory."""
    with suppress(OSError):
        return (process / "cwd").resolve(strict=True) == place
    return False


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def start(copy: Copy, tmp_path: Path) -> Iterator[Callable[[], Started]]:
    sites: list[Started] = []

    def one_more() -> Started:
        sites.append(Started(copy, tmp_path / f"log{len(sites)}"))
        return sites[-1]

    yield one_more
    for site in sites:
        with suppress(ProcessLookupError):
            os.killpg(site.process.pid, signal.SIGKILL)
        site.process.wait()


# One test, since a later start is one that finds what the first has left.
def test_it_makes_a_county_once_and_ends_as_one_however_it_ends(start: Callable[[], Started]):
    first = start()
    with socket.socket() as taken:
        # Whether or not somebody else has it already, it is taken now.
        with suppress(OSError):
            taken.bind(("127.0.0.1", 8000))
        address = first.address()
        assert not address.endswith(":8000/")
    assert "An invented county" in first.said
    with urlopen(f"{address}health/") as answer:
        assert answer.read() == b"ok\n"
    with urlopen(f"{address}sign-in/") as answer:
        assert "password" in answer.read().decode()
    assert len(SIGN_IN.findall(first.said)) == 6
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(30) == 0
    first.wait_until_nothing_runs()
    # Nobody else on the machine reads keys or data.
    for private in (".data", ".data-keys"):
        assert (first.place / private).stat().st_mode & 0o077 == 0

    for victim in ("gunicorn", "deploy/run"):
        later = start()
        later.address()
        # It finds the county, and says again who may sign in.
        assert "An invented county" not in later.said
        assert len(SIGN_IN.findall(later.said)) == 6
        later.kill(victim)
        assert later.process.wait(30) != 0
        later.wait_until_nothing_runs()
