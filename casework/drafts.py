"""The best draft for many files at once; the one door to numpy and scipy. Nobody is assigned here.

Files that ask for the same number of points are placed together, at the least cost there is, each
worker counting as many times as they have room. Where points differ, this is done for the urgent
and the heavy first, then again for each in turn until nothing gets better; few files are placed at
the least cost that any draft has.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from casework.matching import (
    NEVER,
    REASONS,
    File,
    Fit,
    Worker,
    bands,
    load_cost,
    rank,
)

# A file without anybody is worse than any choice, an urgent one most of all.
UNPLACED, URGENT = 1_000, 5
# Up to so many pairs every draft there is counts; beyond, it would take too long.
FEW_PAIRS, MOST_NODES = 2_000, 500
# So often everything is looked at again; it rarely takes more than three.
MOST_ROUNDS = 8

Chosen = Mapping[Hashable, Hashable | None]


@dataclass(frozen=True)
class Draft:
    """Who could help whom, nobody where nobody has room; and whether nothing better exists."""

    chosen: Chosen
    cost: int
    is_best: bool


def match(files: Sequence[File], workers: Sequence[Worker]) -> Draft:
    """The draft for all these files together."""
    if not files:
        return Draft({}, 0, is_best=True)
    table = _Table(files, workers)
    is_best = len({each.points for each in files}) == 1
    places = table.place_by_weight()
    if not is_best and len(files) * len(workers) <= FEW_PAIRS:
        is_best, found = _Exact(table).solve()
        if found is not None and table.cost(found) <= table.cost(places):
            places = found
        else:
            is_best = False
    keys = [each.key for each in workers]
    chosen = {
        file.key: None if place is None else keys[place]
        for file, place in zip(files, places, strict=True)
    }
    return Draft(chosen, table.cost(places), is_best)


def unplaced_cost(file: File) -> int:
    """What it costs to leave a file without anybody."""
    return UNPLACED * file.points * (URGENT if file.is_urgent else 1)


def choices(
    files: Sequence[File], workers: Sequence[Worker], chosen: Chosen
) -> dict[Hashable, list[Fit]]:
    """For each file everybody who could help, as if all the others went as drafted."""
    given: dict[Hashable, int] = {}
    for file in files:
        key = chosen[file.key]
        if key is not None:
            given[key] = given.get(key, 0) + file.points
    loaded = {each.key: replace(each, load=each.load + given.get(each.key, 0)) for each in workers}
    found = {}
    for file in files:
        beside = dict(loaded)
        key = chosen[file.key]
        if key is not None:
            beside[key] = replace(beside[key], load=beside[key].load - file.points)
        found[file.key] = rank(file, beside.values())
    return found


def pair_costs(files: Sequence[File], workers: Sequence[Worker]) -> list[list[int]]:
    """What each pair costs but for the load; what many files share is asked once."""
    known: dict[tuple[int, Any], list[int]] = {}
    rows = []
    for file in files:
        parts = []
        for number, (of, reason_of) in enumerate(REASONS):
            key = (number, of(file))
            if key not in known:
                said = (reason_of(key[1], worker) for worker in workers)
                known[key] = [each.cost if each else 0 for each in said]
            if any(known[key]):
                parts.append(known[key])
        rows.append([sum(costs) for costs in zip(*parts, strict=True)] or [0] * len(workers))
    return rows


Places = list[int | None]


@dataclass
class _Table:
    """All pairs and what they cost; a place is the position of a worker."""

    files: Sequence[File]
    workers: Sequence[Worker]
    pairs: Any = field(init=False)

    def __post_init__(self) -> None:
        import numpy as np

        self.pairs = np.array(pair_costs(self.files, self.workers), dtype=np.float64)

    def cost(self, places: Places) -> int:
        """What a draft costs as a whole: pairs, the loads they add up to, and who is left out."""
        total = 0
        for number, place in enumerate(places):
            if place is None:
                total += unplaced_cost(self.files[number])
            else:
                total += int(self.pairs[number, place])
        return total + sum(
            load_cost(load, each.capacity) - load_cost(each.load, each.capacity)
            for load, each in zip(self.loads(places), self.workers, strict=True)
        )

    def loads(self, places: Places) -> list[int]:
        """What everybody carries then."""
        loads = [each.load for each in self.workers]
        for number, place in enumerate(places):
            if place is not None:
                loads[place] += self.files[number].points
        return loads

    def place_by_weight(self) -> Places:
        """Those alike together, the urgent and the heavy first, until nothing gets better."""
        alike: dict[int, list[int]] = {}
        first = sorted(
            range(len(self.files)),
            key=lambda number: (not self.files[number].is_urgent, -self.files[number].points),
        )
        for number in first:
            alike.setdefault(self.files[number].points, []).append(number)
        places: Places = [None] * len(self.files)
        cost = self.cost(places)
        for _round in range(MOST_ROUNDS if len(alike) > 1 else 1):
            for numbers in alike.values():
                self._place(numbers, places)
            before, cost = cost, self.cost(places)
            if cost >= before:
                break
        return places

    def _place(self, numbers: list[int], places: Places) -> None:
        """Place files that ask for the same, all at once, beside everything else as it is."""
        import numpy as np
        from scipy.optimize import linear_sum_assignment

        for number in numbers:
            places[number] = None
        slots = self._slots(self.files[numbers[0]].points, len(numbers), self.loads(places))
        owners = np.array([place for place, _price in slots], dtype=np.intp)
        prices = np.array([price for _place, price in slots], dtype=np.float64)
        nobody = np.array([[unplaced_cost(self.files[number])] for number in numbers])
        costs = np.hstack(
            [self.pairs[numbers][:, owners] + prices, np.repeat(nobody, len(numbers), axis=1)]
        )
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if column < len(slots):
                places[numbers[row]] = slots[column][0]

    def _slots(self, asked: int, most: int, loads: list[int]) -> list[tuple[int, int]]:
        """Each worker as often as they have room, each time at the price of that load."""
        found = []
        for place, (worker, load) in enumerate(zip(self.workers, loads, strict=True)):
            room = worker.room + worker.load - load
            for time in range(min(most, max(0, room) // asked)):
                after = load + (time + 1) * asked
                price = load_cost(after, worker.capacity) - load_cost(
                    after - asked, worker.capacity
                )
                found.append((place, price))
        return found


@dataclass
class _Exact:
    """All drafts of few files, as a mixed-integer programme.

    Columns: the pairs that may be; nobody, for each file; the points of each band of load.
    """

    table: _Table
    costs: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    entries: list[tuple[int, int, int]] = field(default_factory=list)

    def solve(self) -> tuple[bool, Places | None]:
        """The best draft, and whether it is known to be the best."""
        said, pairs = self.ask(is_whole=True)
        if said.x is None:
            return False, None
        places: Places = [None] * len(self.table.files)
        for (number, place), is_chosen in zip(pairs, said.x, strict=False):
            if is_chosen > 0.5:
                places[number] = place
        return said.status == 0, places

    def ask(self, *, is_whole: bool) -> tuple[Any, list[tuple[int, int]]]:
        """What the solver says, and the pairs of its first columns; parts of files bound it."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import coo_array

        files, workers = self.table.files, self.table.workers
        pairs = self._pairs()
        whole = len(self.costs) if is_whole else 0
        self._bands()
        rows, columns, values = zip(*self.entries, strict=True)
        shape = (len(files) + len(workers), len(self.costs))
        wanted = np.repeat([1, 0], [len(files), len(workers)])
        said = milp(
            self.costs,
            constraints=LinearConstraint(
                coo_array((values, (rows, columns)), shape=shape).tocsr(), wanted, wanted
            ),
            bounds=Bounds(0, self.most),
            integrality=np.repeat([1, 0], [whole, len(self.costs) - whole]),
            options={"mip_rel_gap": 0, "node_limit": MOST_NODES},
        )
        return said, pairs

    def _add(self, cost: int, most: int, *entries: tuple[int, int]) -> None:
        self.entries += [(row, len(self.costs), value) for row, value in entries]
        self.costs.append(cost)
        self.most.append(most)

    def _pairs(self) -> list[tuple[int, int]]:
        """Each file has somebody or nobody; whoever it is carries its points."""
        files = self.table.files
        found = [
            (number, place)
            for number, file in enumerate(files)
            for place, worker in enumerate(self.table.workers)
            if self.table.pairs[number, place] < NEVER / 2 and file.points <= worker.room
        ]
        for number, place in found:
            cost = self.table.pairs[number, place]
            self._add(cost, 1, (number, 1), (len(files) + place, files[number].points))
        for number, file in enumerate(files):
            self._add(unplaced_cost(file), 1, (number, 1))
        return found

    def _bands(self) -> None:
        """The points that somebody gets lie in bands, the cheap ones below the dear."""
        for place, worker in enumerate(self.table.workers):
            below = worker.load
            for limit, slope in bands(worker.capacity):
                if limit is not None and limit > below:
                    self._add(slope, limit - below, (len(self.table.files) + place, -1))
                    below = limit
