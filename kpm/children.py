"""Child processes for risky work: hard limits, no secrets, no files, killed when they take long.

What opens strangers' files or lays out pages may crash, hang or swell. It does so in a process of
its own, which is told everything by pipe; the process that serves people only waits, and not long.
"""

import contextlib
import ctypes
import os
import resource
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
START: Final = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from kpm.children import serve; serve()"
)
# The child needs to find programs' data (fonts) and to read UTF-8; nothing else of ours.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONWARNINGS": "ignore"}
LENGTH: Final = 8
DONE, REFUSED, BROKEN = b"\0", b"\1", b"\2"
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
CHUNK: Final = 1 << 16
MEGABYTE: Final = 1 << 20


class ChildRefused(Exception):
    """The child looked at the request and says no; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class ChildFailed(Exception):
    """The child broke, swelled or took too long; `code` says which, never with what."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a child may use before the kernel or the parent ends it."""

    # Bytes of address space, seconds of processor, seconds on the clock, bytes of one answer.
    memory: int
    cpu: int
    wall: float
    answer: int = 64 * MEGABYTE
    # A child that has served so many requests makes room for a fresh one.
    requests: int = 1


class Child:
    """One process that answers requests with one function, each within the limits."""

    def __init__(self, function: str, limits: Limits) -> None:
        self.limits = limits
        self.owner = os.getpid()
        self.asked = 0
        cpu = limits.cpu * limits.requests
        command = [sys.executable, "-I", "-B", "-c", START, function, str(limits.memory), str(cpu)]
        self.process = subprocess.Popen(  # noqa: S603 our own interpreter and our own arguments
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd="/",
            close_fds=True,
            bufsize=0,
        )
        for pipe in (self.process.stdin, self.process.stdout):
            os.set_blocking(_number(pipe), False)

    def is_fresh(self) -> bool:
        """Whether it can take one more request in this process."""
        alive = self.owner == os.getpid() and self.process.poll() is None
        return alive and self.asked < self.limits.requests

    def ask(self, request: bytes) -> bytes:
        """The answer to one request; whatever goes wrong ends the child."""
        self.asked += 1
        try:
            answer = self._exchange(len(request).to_bytes(LENGTH) + request)
        except BaseException:
            self.close()
            raise
        kind, rest = answer[:1], answer[1:]
        if kind == DONE:
            return rest
        if kind == REFUSED:
            raise ChildRefused(rest.decode())
        self.close()
        raise ChildFailed(rest.decode())

    def close(self) -> None:
        """End it, whatever it is doing."""
        if self.owner != os.getpid():
            return
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self.process.wait()

    def _exchange(self, request: bytes) -> bytes:
        """Write the request and read the answer at the same time, until the clock runs out."""
        deadline = time.monotonic() + self.limits.wall
        into, out = _number(self.process.stdin), _number(self.process.stdout)
        waiting, got = memoryview(request), bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(into, selectors.EVENT_WRITE)
            ready.register(out, selectors.EVENT_READ)
            while (wanted := self._wanted(got)) is None or len(got) < wanted:
                left = deadline - time.monotonic()
                events = ready.select(left) if left > 0 else []
                if not events:
                    raise ChildFailed("too_long")
                for key, _mask in events:
                    if key.fd == out:
                        self._read(out, got)
                        continue
                    waiting = _write(into, waiting)
                    if not waiting:
                        ready.unregister(into)
        return bytes(got[LENGTH:])

    def _wanted(self, got: bytearray) -> int | None:
        if len(got) < LENGTH:
            return None
        length = int.from_bytes(got[:LENGTH])
        if length > self.limits.answer:
            raise ChildFailed("too_much")
        return LENGTH + length

    @staticmethod
    def _read(out: int, got: bytearray) -> None:
        part = os.read(out, CHUNK)
        if not part:
            raise ChildFailed("ended")
        got += part


def _number(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined, no-any-return]  # a pipe, as both were asked for


def _write(into: int, waiting: memoryview) -> memoryview:
    try:
        return waiting[os.write(into, waiting[:CHUNK]) :]
    except BrokenPipeError:
        raise ChildFailed("ended") from None


def ask_once(function: str, request: bytes, limits: Limits) -> bytes:
    """Start a child for one request and end it."""
    child = Child(function, limits)
    try:
        return child.ask(request)
    finally:
        child.close()


class Warm:
    """A child that is kept between requests, for work whose start is slow. One at a time."""

    def __init__(self, function: str, limits: Limits) -> None:
        self.function = function
        self.limits = limits
        self.lock = threading.Lock()
        self.child: Child | None = None

    def ask(self, request: bytes, *, patience: float) -> bytes:
        """The answer, after at most so many seconds in the queue; TimeoutError beyond."""
        if not self.lock.acquire(timeout=patience):
            raise TimeoutError
        try:
            if self.child is None or not self.child.is_fresh():
                self.close()
                self.child = Child(self.function, self.limits)
            return self.child.ask(request)
        finally:
            self.lock.release()

    def close(self) -> None:
        """End the child that is kept, if there is one."""
        if self.child is not None:
            self.child.close()
            self.child = None


# --- Inside the child -------------------------------------------------------------------------
def serve() -> None:
    """Answer requests from one pipe into the other until the parent closes it."""
    function, memory, cpu = sys.argv[1:]
    requests, answers = os.dup(0), os.dup(1)
    # Whatever a library prints goes nowhere: the pipes carry answers only.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    confine(int(memory), int(cpu))
    module, name = function.split(":")
    work: Callable[[bytes], bytes] = getattr(import_module(module), name)
    with open(requests, "rb") as source, open(answers, "wb") as sink:
        while len(header := source.read(LENGTH)) == LENGTH:
            answer = answer_to(work, source.read(int.from_bytes(header)))
            sink.write(len(answer).to_bytes(LENGTH) + answer)
            sink.flush()


def answer_to(work: Callable[[bytes], bytes], request: bytes) -> bytes:
    """What goes back: the answer, a refusal, or the kind of failure without any of its words."""
    try:
        return DONE + work(request)
    except ChildRefused as refusal:
        return REFUSED + refusal.code.encode()
    except MemoryError:
        return BROKEN + b"too_big"
    except BaseException as error:  # noqa: BLE001 Rust panics are no Exception; nothing may pass
        return BROKEN + type(error).__name__.encode("ascii", "replace")


def keep_no_core() -> None:
    """No core dump of this process: keys and what they open are in its memory.

    One byte and not none: the system asks no limit where a program takes the dumps, but for this.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    most = 1 if hard == resource.RLIM_INFINITY else min(hard, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))


def confine(memory: int, cpu: int) -> None:
    """Take away what the work does not need: memory, time, files, core dumps, privileges."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu),
        # Nothing that was handed in by pipe may land on a disk.
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 128),
    ):
        resource.setrlimit(what, (most, most))
    system = ctypes.CDLL(None, use_errno=True)
    system.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # Other processes of the same user cannot read its memory.
    system.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
