"""What taking in a large ledger costs: `python -m tests.bench.ledgers [ROWS]`.

Prints seconds, rows per second and the worker's peak of memory; times mean little alone.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


def peak_of(process: subprocess.Popen[bytes]) -> int:
    """The most memory that a running process has had so far, in kilobytes."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")), 0)


def worked_off() -> tuple[float, int]:
    """Let a worker process do everything; seconds and peak kilobytes."""
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "manage.py", "work", "--once"])
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_of(process))
        time.sleep(0.2)
    return time.monotonic() - start, peak


def ask_meanwhile(stop: threading.Event, waits: list[float]) -> None:
    """Open a worker's day again and again, as others do while a ledger is taken in."""
    from django.db import connections
    from django.test import Client

    from kpm.management.demo.staff import PASSWORD

    client = Client(SERVER_NAME="127.0.0.1")
    client.post("/sign-in/", {"username": "worker1", "password": PASSWORD})
    while not stop.is_set():
        start = time.monotonic()
        answer = client.get("/today/")
        waits.append(time.monotonic() - start)
        if answer.status_code != 200:
            sys.stdout.write(f"a page answered {answer.status_code}\n")
            return
        stop.wait(0.2)
    connections.close_all()


def main() -> None:
    """One ledger, all the way."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    place = Path(tempfile.mkdtemp(prefix="kpm-bench-"))
    (place / "secret.key").write_text("x" * 64, encoding="ascii")
    os.environ |= {
        "KPM_DEMO": "1",
        "KPM_DATA_DIR": str(place),
        "KPM_ROOT_KEY_FILE": str(place / "keys" / "root.key"),
        "KPM_SECRET_KEY_FILE": str(place / "secret.key"),
        "DJANGO_SETTINGS_MODULE": "kpm.settings",
    }
    for arguments in (
        ("migrate", "--database=default", "-v0"),
        ("migrate", "--database=keys", "-v0"),
        ("create_keys",),
        ("make_demo", "--files=6"),
    ):
        subprocess.run([sys.executable, "manage.py", *arguments], check=True, capture_output=True)

    import django
    from django.conf import settings

    # Pages without static files collected first.
    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    django.setup()
    _measure(count)


def _measure(count: int) -> None:
    from django.utils import timezone

    from casework.actions import ledgers
    from casework.models import CaseFile
    from kpm.accounts.models import User
    from tests.casework.ledgers import large

    by = User.objects.get(username="supervisor1")
    before = CaseFile.objects.count()
    workbook = large.workbook(count)
    start = time.monotonic()
    ledger = ledgers.upload(
        population="empty_nest_elder",
        workbook=ledgers.read(workbook, "empty_nest_elder"),
        by=by,
        now=timezone.now(),
    )
    sys.stdout.write(f"upload: {time.monotonic() - start:.1f} s\n")
    stop = threading.Event()
    waits: list[float] = []
    asking = threading.Thread(target=ask_meanwhile, args=(stop, waits))
    asking.start()
    for what, step in (("check", None), ("apply", ledgers.confirm)):
        if step is not None:
            step(ledger=ledger, by=by, now=timezone.now())
        seconds, peak = worked_off()
        sys.stdout.write(
            f"{what}: {seconds:.1f} s, {count / seconds:.0f} rows/s, peak {peak / 1024:.0f} MB\n"
        )
    stop.set()
    asking.join()
    middle = sorted(waits)[len(waits) // 2]
    sys.stdout.write(
        f"{len(waits)} pages opened meanwhile: median {middle:.2f} s, longest {max(waits):.2f} s\n"
    )
    sys.stdout.write(
        f"files: {CaseFile.objects.count() - before} of {count - count // large.FAULTY}\n"
    )


if __name__ == "__main__":
    main()
