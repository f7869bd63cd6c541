"""A draft for many files, beside taking each file in turn, and beside what no draft can reach."""

import time
from collections.abc import Iterator, Sequence
from random import Random  # noqa: TID251 invents the same county every time

from casework import drafts
from casework.drafts import match, unplaced_cost
from casework.matching import NEVER, File, Sex, Worker, load_cost

FILES, WORKERS = 1_200, 300
POPULATIONS = ("released", "drug", "left_behind_child", "empty_nest_elder")
# What green, yellow and red of several populations ask for; red is the rarest.
POINTS = (2, 2, 3, 3, 3, 3, 7, 9, 13, 33)
RED = 13


def county(
    files: int, workers: int, *, points: Sequence[int], busy: int
) -> tuple[list[File], list[Worker]]:
    """A county of twelve townships with twenty villages each, its files without a lead."""
    invented = Random(5)  # noqa: S311 nothing here is secret
    villages = [
        f"100122{100 + township}{200 + village}" for township in range(12) for village in range(20)
    ]
    staff = [
        Worker(
            key=number,
            unit=invented.choice(villages),
            reaches="100122",
            sex=invented.choice(list(Sex)),
            trained=frozenset(invented.sample(POPULATIONS, 2)),
            load=full * invented.randint(busy, 100) // 100,
            capacity=full,
        )
        for number, full in enumerate(invented.choices((80, 120, 160, 160, 160), k=workers))
    ]

    def some(share: float) -> frozenset[int]:
        is_there = invented.random() < share
        return frozenset({invented.randrange(workers)}) if is_there else frozenset()

    asked = [invented.choice(points) for _ in range(files)]
    found = [
        File(
            key=number,
            unit=invented.choice(villages),
            population=invented.choice(POPULATIONS),
            points=each,
            is_urgent=each >= RED,
            conflicts=some(0.1),
            wanted=some(0.1),
            former=some(0.3),
        )
        for number, each in enumerate(asked)
    ]
    return found, staff


def in_turn(files: Sequence[File], workers: Sequence[Worker]) -> int:
    """What it costs to give each file, the heaviest first, to whoever is best at that moment."""
    rows = drafts.pair_costs(files, workers)
    loads = [each.load for each in workers]
    total = 0
    for number in sorted(range(len(files)), key=lambda each: -files[each].points):
        asked = files[number].points
        ways = [
            (row + load_cost(load + asked, each.capacity) - load_cost(load, each.capacity), place)
            for place, (row, load, each) in enumerate(
                zip(rows[number], loads, workers, strict=True)
            )
            if row < NEVER / 2 and load - each.load + asked <= each.room
        ]
        cost, place = min(ways, default=(unplaced_cost(files[number]), -1))
        total += cost
        if place >= 0:
            loads[place] += asked
    return total


def measure(*, quick: bool = False) -> Iterator[str]:
    """Files that ask for the same, files that do not, and those where there is hardly any room."""
    size = (12, 5) if quick else (FILES, WORKERS)
    for points, busy, words in (
        ((5,), 0, "5 points each"),
        (POINTS, 0, "2 to 33 points"),
        (POINTS, 60, "2 to 33 points, hardly any room"),
    ):
        files, workers = county(*size, points=points, busy=busy)
        start = time.perf_counter()
        draft = match(files, workers)
        taken = time.perf_counter() - start
        one = in_turn(files, workers)
        # Parts of files may go to several workers here: no draft of whole files is below.
        bound = drafts._Exact(drafts._Table(files, workers)).ask(is_whole=False)[0].fun
        without = sum(each is None for each in draft.chosen.values())
        assert bound - 1 <= draft.cost <= one
        yield (
            f"{len(files)} files × {len(workers)} workers, {words}: {taken:.2f} s (target 5), "
            f"{without} without anybody; one file after the other costs {one / draft.cost:.3f} "
            f"times that; the draft is at most {draft.cost / bound:.4f} times the least there is"
        )
