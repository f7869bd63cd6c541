"""A worker that is killed (SIGKILL) at a chosen moment, as a process of its own."""

from datetime import timedelta

from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.vault import rotations
from tests.forks import Point, forked, kill_at


def work(environment, *point):
    """Work until nothing is left, or until killed; how the process ended."""
    told = forked(lambda: _work(point), environment)
    assert told.returncode in (0, -9), told.stderr
    return told.returncode


def _work(point: Point | tuple[()]):
    rotations.rewrap.__defaults__ = (7,)
    if point:
        kill_at(point)
    worker = Worker(around=in_the_log, lease=timedelta(seconds=0.2))
    while worker.run_job():
        pass
