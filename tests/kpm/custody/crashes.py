"""A worker that is killed (SIGKILL) at a chosen moment, as a process of its own."""

import os
import subprocess
import sys

MAIN = """
import os
import signal
import sys
from datetime import timedelta
from importlib import import_module
import django
django.setup()
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.vault import rotations

rotations.rewrap.__defaults__ = (7,)
module, name, nth, when = sys.argv[1:]
holder = import_module(module)
real = getattr(holder, name)
calls = 0


def killed(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(nth) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = real(*args, **kwargs)
    if calls == int(nth) and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result


if nth != "0":
    setattr(holder, name, killed)
worker = Worker(around=in_the_log, lease=timedelta(seconds=0.2))
while worker.run_job():
    pass
"""


def work(environment, module="kpm.vault.rotations", name="newest_version", nth=0, when="before"):
    """Work until nothing is left, or until killed; how the process ended."""
    told = subprocess.run(
        [sys.executable, "-c", MAIN, module, name, str(nth), when],
        env={**environment, "PYTHONPATH": os.getcwd()},
        capture_output=True,
        check=False,
    )
    assert told.returncode in (0, -9), told.stderr.decode()
    return told.returncode
