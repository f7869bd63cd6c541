"""Does the same thing several times at one moment."""

from collections.abc import Callable
from threading import Barrier, Thread

from django.db import DatabaseError, connections


def at_once(number: int, act: Callable[[int], object]) -> list[object]:
    """What several threads got that started together."""
    barrier, got = Barrier(number), []

    def run(turn: int) -> None:
        barrier.wait()
        try:
            got.append(act(turn))
        except DatabaseError as error:
            got.append(type(error))
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(turn,)) for turn in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got
