"""Child processes: limits hold, nothing of ours is in them, the parent outlives them all."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kpm import children
from kpm.children import MEGABYTE, Child, ChildFailed, ChildRefused, Limits, Warm, ask_once

HERE = "tests.kpm.test_children"
LIMITS = Limits(memory=512 * MEGABYTE, cpu=5, wall=5)


# What the children of these tests do.
def backwards(request: bytes) -> bytes:
    return request[::-1]


def whoami(request: bytes) -> bytes:
    return str(os.getpid()).encode()


def environment(request: bytes) -> bytes:
    return repr(sorted(os.environ)).encode()


def swell(request: bytes) -> bytes:
    return b"x" * (4 << 30)


def sleep(request: bytes) -> bytes:
    time.sleep(float(request))
    return b"awake"


def spin(request: bytes) -> bytes:
    while True:
        pass


def abort(request: bytes) -> bytes:
    os.abort()


def refuse(request: bytes) -> bytes:
    raise ChildRefused("because")


def stumble(request: bytes) -> bytes:
    raise LookupError("the name of somebody")


def chatter(request: bytes) -> bytes:
    print("to nobody")  # noqa: T201 that is the point
    return b"answer"


def write_file(request: bytes) -> bytes:
    with open(request, "wb") as out:
        out.write(b"secret")
        out.flush()
    return b"written"


def half_answer(request: bytes) -> bytes:
    os.kill(os.getpid(), 9)
    return b""


def ask(function, request=b"", limits=LIMITS):
    return ask_once(f"{HERE}:{function.__name__}", request, limits)


def test_a_child_answers():
    assert ask(backwards, b"abc") == b"cba"
    assert ask(backwards, b"") == b""


def test_much_goes_through_the_pipes_in_both_directions():
    request = os.urandom(5 * MEGABYTE)
    assert ask(backwards, request) == request[::-1]


def test_nothing_of_our_environment_is_in_the_child(monkeypatch):
    monkeypatch.setenv("KPM_ROOT_KEY_FILE", "/somewhere")
    seen = ask(environment).decode()
    assert "KPM" not in seen
    assert "PATH" in seen


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (swell, "too_big"),
        (abort, "ended"),
        (half_answer, "ended"),
        (stumble, "LookupError"),
    ],
)
def test_a_child_that_breaks_says_only_how(function, code):
    with pytest.raises(ChildFailed) as failure:
        ask(function)
    assert failure.value.code == code
    assert str(failure.value) == code


def test_a_child_writes_no_file(tmp_path):
    path = tmp_path / "out"
    with pytest.raises(ChildFailed, match="OSError"):
        ask(write_file, bytes(path))
    assert path.read_bytes() == b""


def test_a_child_that_takes_too_long_is_ended():
    child = Child(f"{HERE}:sleep", Limits(memory=512 * MEGABYTE, cpu=5, wall=0.5))
    with pytest.raises(ChildFailed, match="too_long"):
        child.ask(b"600")
    # Killed while it slept: whoever asked did not wait until it woke.
    assert child.process.returncode == -signal.SIGKILL


def test_a_child_that_burns_the_processor_is_ended_by_the_kernel():
    with pytest.raises(ChildFailed, match="ended"):
        ask(spin, b"", Limits(memory=512 * MEGABYTE, cpu=1, wall=10))


def test_an_answer_that_is_too_much_is_not_read():
    with pytest.raises(ChildFailed, match="too_much"):
        ask(backwards, b"x" * 5000, Limits(memory=512 * MEGABYTE, cpu=5, wall=5, answer=1000))


def test_a_child_may_refuse():
    with pytest.raises(ChildRefused) as refusal:
        ask(refuse)
    assert refusal.value.code == "because"


def test_what_a_library_prints_is_no_answer():
    assert ask(chatter) == b"answer"


def test_a_warm_child_is_kept_and_replaced_in_time():
    warm = Warm(f"{HERE}:whoami", Limits(memory=512 * MEGABYTE, cpu=5, wall=5, requests=2))
    try:
        seen = [warm.ask(b"", patience=1) for _ in range(4)]
    finally:
        warm.close()
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_warm_child_that_died_is_replaced():
    warm = Warm(f"{HERE}:whoami", Limits(memory=512 * MEGABYTE, cpu=5, wall=5, requests=9))
    try:
        first = warm.ask(b"", patience=1)
        os.kill(int(first), 9)
        warm.child.process.wait()
        assert warm.ask(b"", patience=1) != first
    finally:
        warm.close()


def test_whoever_waits_too_long_for_a_warm_child_is_told():
    warm = Warm(f"{HERE}:sleep", Limits(memory=512 * MEGABYTE, cpu=5, wall=5, requests=9))
    try:
        warm.ask(b"0", patience=1)
        with ThreadPoolExecutor(1) as pool:
            busy = pool.submit(warm.ask, b"1", patience=1)
            time.sleep(0.2)
            with pytest.raises(TimeoutError):
                warm.ask(b"0", patience=0.1)
            assert busy.result() == b"awake"
    finally:
        warm.close()


def test_a_forked_copy_leaves_the_child_to_its_owner(monkeypatch):
    child = Child(f"{HERE}:whoami", LIMITS)
    try:
        monkeypatch.setattr(child, "owner", 1)
        assert not child.is_fresh()
        child.close()
        assert child.process.poll() is None
    finally:
        monkeypatch.undo()
        child.close()


def test_answers_are_marked_by_how_they_ended():
    assert children.answer_to(backwards, b"ab") == b"\0ba"
    assert children.answer_to(refuse, b"") == b"\1because"
    assert children.answer_to(stumble, b"") == b"\2LookupError"
    assert children.answer_to(swell_here, b"") == b"\2too_big"


def swell_here(request: bytes) -> bytes:
    raise MemoryError


def test_a_process_with_keys_leaves_no_core_dump():
    code = (
        "import resource; from kpm.children import keep_no_core\n"
        "keep_no_core(); keep_no_core(); print(resource.getrlimit(resource.RLIMIT_CORE))\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); keep_no_core()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n") == ["(1, 1)", "(0, 0)", ""]
