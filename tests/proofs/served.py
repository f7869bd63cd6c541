"""A site in a process of its own, and a visitor: for what both leave behind."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.architecture.sources import ROOT
from tests.journeys.sites import free_port

# Throwaway servers do not reach the disk, which a site refuses: here it may.
WSGI: Final = """
import django
django.setup()
from django.conf import settings
from kpm.database import readiness
readiness.problems = list
settings.KPM_FILES_DIR = {files!r}
settings.KPM_REPLAY_LOG = {replay_log!r}
from kpm.wsgi import application
"""
PATIENCE: Final = 60.0
TOKEN: Final = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
ONCE: Final = re.compile(r'name="once" value="([^"]+)"')


class Visitor:
    """Somebody with a browser: keeps cookies, follows, hands in forms."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()
        self._browser = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies)
        )
        self.answers: dict[str, bytes] = {}

    def get(self, path: str) -> str:
        """A page, whatever its status."""
        return self._asked(path, None, {})

    def post(self, path: str, *, form_on: str = "", **fields: str) -> str:
        """Open the page with the form, fill it in, hand it in."""
        said = self._form(form_on or path) | fields
        return self._asked(path, urllib.parse.urlencode(said).encode(), {})

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> str:
        """Hand in a file with the other fields of its form."""
        limit = uuid4().hex
        parts = [
            f'--{limit}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in (self._form(path) | fields).items()
        ]
        head = f'--{limit}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        body = b"".join([*parts, head.encode(), b"\r\n", content, f"\r\n--{limit}--\r\n".encode()])
        return self._asked(path, body, {"Content-Type": f"multipart/form-data; boundary={limit}"})

    @property
    def session(self) -> str:
        """The key that signs this browser in."""
        return next(str(each.value) for each in self.cookies if each.name == "kpm_session")

    def _form(self, path: str) -> dict[str, str]:
        page = self.get(path)
        found = {"csrfmiddlewaretoken": TOKEN, "once": ONCE}
        return {name: hit[1] for name, shape in found.items() if (hit := shape.search(page))}

    def _asked(self, path: str, body: bytes | None, headers: dict[str, str]) -> str:
        origin = {"Origin": self.address, "Referer": self.address + path}
        request = urllib.request.Request(self.address + path, body, headers | origin)
        try:
            with self._browser.open(request, timeout=PATIENCE) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            content = error.read()
        self.answers[path] = content
        return str(content, "utf-8", "replace")


@contextmanager
def served(
    environment: dict[str, str], place: Path, **places: str
) -> Iterator[tuple[Visitor, int]]:
    """A server with everything that it says in `server.log`; killed outright at the end."""
    (place / "tmp").mkdir()
    (place / "served_site.py").write_text(WSGI.format(**places), encoding="utf-8")
    port = free_port()
    surroundings = environment | {
        "PYTHONPATH": f"{place}:{ROOT}",
        "TMPDIR": str(place / "tmp"),
        "XDG_CACHE_HOME": str(place / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (place / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=KILL", sys.executable, "-m", "gunicorn"),
                *("served_site:application", "--bind", f"127.0.0.1:{port}", "--threads=4"),
                *("--worker-class=gthread", "--no-control-socket", "--log-level=debug"),
                "--access-logfile=-",
            ],
            cwd=ROOT,
            env=surroundings,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        visitor = Visitor(f"http://127.0.0.1:{port}")
        until = time.monotonic() + PATIENCE
        while True:
            try:
                visitor.get("/sign-in/")
                break
            except OSError:
                said = (place / "server.log").read_text()
                assert process.poll() is None, said
                assert time.monotonic() < until, said
                time.sleep(0.1)
        yield visitor, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def core_limits(pid: int) -> set[str]:
    """How large a core dump of each child of a process may be, as the kernel has it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    lines = [
        line
        for child in children
        for line in Path(f"/proc/{child}/limits").read_text("ascii").splitlines()
        if line.startswith("Max core file size")
    ]
    return {" ".join(line.split()[4:6]) for line in lines}
