"""Runs the program that prints a root key: no shell, a limit of time, words without the key."""

import contextlib
import os
import shlex
import signal
import subprocess
from typing import Final

from django.conf import settings

from kpm.vault.errors import KeysUnavailable

MOST: Final = 4096


def output_of(command: str) -> str:
    """What a program prints. The key comes by a pipe: no argument and no variable carries it."""
    words = shlex.split(command)
    if not words:
        raise KeysUnavailable("KPM_ROOT_KEY_COMMAND names no program.")
    name = os.path.basename(words[0])
    # It needs its own home and agents, and nothing that was set for us.
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith("KPM_")}
    try:
        process = subprocess.Popen(  # noqa: S603 the operator names it, nobody else
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
            # A group of its own: whatever it started ends with it.
            start_new_session=True,
        )
    except OSError as error:
        raise KeysUnavailable(f"The program {name} did not start ({error.strerror}).") from None
    seconds = settings.KPM_ROOT_KEY_SECONDS
    with process:
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            raise KeysUnavailable(f"The program {name} gave no key in {seconds} seconds.") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise KeysUnavailable(f"The program {name} ended with {process.returncode}: no key.")
    try:
        return output[:MOST].decode("ascii")
    except UnicodeDecodeError:
        raise KeysUnavailable(f"What the program {name} prints is not a root key.") from None
