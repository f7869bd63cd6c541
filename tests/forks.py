"""A part of the product in a process of its own, which can be killed at a chosen moment.

The process is a copy of the one that tests: starting Python and reading the whole product takes two
seconds of processor time, and some hundred tests need such a process, most of them two.
"""

import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from subprocess import CompletedProcess
from typing import IO

from django.db import connections

from kpm.vault.keys import ring

# A function of a module, which of its calls, and whether before or after it.
Point = tuple[str, str, int, str]


def forked(act: Callable[[], object], environment: Mapping[str, str]) -> CompletedProcess[str]:
    """Do something in a process that knows no key and has no connection; how it ended, and why."""
    connections.close_all()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told, warnings.catch_warnings():
        # From Python 3.12 on, whoever has threads is warned; those here only talk about tests.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if child == 0:
            _live(act, environment, told)
        _child, status = os.waitpid(child, 0)
        told.seek(0)
        return CompletedProcess((), os.waitstatus_to_exitcode(status), stderr=told.read())


def _live(act: Callable[[], object], environment: Mapping[str, str], told: IO[str]) -> None:
    """The life of the child: it never comes back to the test that it was copied from."""
    code = 1
    try:
        os.environ.update(environment)
        sys.stdout = sys.stderr = told
        for stream in (1, 2):
            os.dup2(told.fileno(), stream)
        ring.forget()
        act()
        code = 0
    except SystemExit as end:
        told.write(str(end))
    except BaseException:  # noqa: BLE001 nothing of the test above may go on here
        traceback.print_exc(file=told)
    finally:
        told.flush()
        os._exit(code)


def kill_at(point: Point) -> None:
    """Let this process be killed as soon as it comes there."""
    module, name, nth, when = point
    holder = import_module(module)
    real = getattr(holder, name)
    calls = 0

    def killed(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls == nth and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, name, killed)
