"""A county at work, invented: usual days of many workers, and incidents planted among them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from audit.events import Event
from audit.unusual import Act, Rule

BEGINS = date(2026, 6, 1)
AGENTS = ("Chrome on an office machine", "Firefox on an office machine")


@dataclass(frozen=True)
class Planted:
    """One incident: what it is, about whom or which file, from which day on."""

    rule: Rule
    about: str
    day: date
    days: int = 1


class County:
    """So many workers for so many days; the same seed makes the same county."""

    def __init__(self, *, workers: int, days: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.workers = [f"u:worker{number}" for number in range(workers)]
        self.days = [BEGINS + timedelta(days=n) for n in range(days)]
        self.acts: list[Act] = []
        self.planted: list[Planted] = []
        # How often each opens, reveals and searches on a day, and when they come and go.
        self.pace = {who: self.random.uniform(0.6, 1.6) for who in self.workers}
        self.begins = {who: self.random.choice((7, 8, 8, 9)) for who in self.workers}
        self.weekends = set(self.random.sample(self.workers, workers // 10))
        for who in self.workers:
            for day in self.days:
                if not self._is_away(who, day):
                    self._work(who, day)

    def _is_away(self, who: str, day: date) -> bool:
        if day.weekday() >= 5:
            return who not in self.weekends
        return self.random.random() < 0.06

    def _work(self, who: str, day: date) -> None:
        start = self.begins[who]
        self._sign_in(who, self._at(day, start))
        # Work comes in good days and bad ones.
        load = self.pace[who] * self.random.lognormvariate(0, 0.35)
        for _ in range(self._poisson(9 * load)):
            at = self._at(day, self.random.randrange(start, start + 9))
            number = self.random.randrange(30)
            self._open(who, at, f"{who}-file{number}")
            if self.random.random() < 0.2:
                self._reveal(who, at + timedelta(seconds=20), f"{who}-file{number}")
        for _ in range(self._poisson(2 * load)):
            at = self._at(day, self.random.randrange(start, start + 9))
            file = f"{who}-file{self.random.randrange(30)}"
            self.add(Act(at, who, Event.SEARCH_RUN, (file,)))
            if self.random.random() < 0.8:
                self._open(who, at + timedelta(minutes=1), file)
        if self.random.random() < 0.05:
            # A number that was typed wrongly, or a file handed over last week.
            self._try(who, self._at(day, start + 2), f"old{self.random.randrange(1000)}")
        if self.random.random() < 0.02:
            for _ in range(self._poisson(2.5)):
                self._open(who, self._at(day, start + 11), f"{who}-file1")

    # --- what is planted

    def plant(self, number: int, *, after: int) -> None:
        """So many incidents of each kind, on days after the first ones."""
        away = self.random.sample(self.workers, number)
        for who in away:
            self._dormant(who, self.days[self.random.randrange(after, len(self.days))])
        there = [who for who in self.workers if who not in away]
        steps = {
            Rule.MASS_REVEAL: self._mass_reveal,
            Rule.NOT_THEIRS: self._not_theirs,
            Rule.OFF_HOURS: self._off_hours,
            Rule.MANY_VIEWERS: self._many_viewers,
            Rule.SLOW_DRIP: self._slow_drip,
            Rule.VAIN_SEARCHES: self._vain_searches,
            Rule.NEW_DEVICE: self._new_device,
        }
        for rule, step in steps.items():
            for who in self.random.sample(there, number):
                # A fortnight must fit behind a slow drip's first day.
                latest = len(self.days) - (15 if rule == Rule.SLOW_DRIP else 1)
                step(who, self.days[self.random.randrange(after, max(latest, after + 1))])

    def _dormant(self, who: str, day: date) -> None:
        gone = day - timedelta(days=33)
        self.acts = [
            act for act in self.acts if act.actor != who or not gone <= act.at.date() <= day
        ]
        self._sign_in(who, self._at(day, 10))
        self.planted.append(Planted(Rule.DORMANT, who, day))

    def _mass_reveal(self, who: str, day: date) -> None:
        for _ in range(self.random.randrange(22, 45)):
            self._reveal(who, self._at(day, self.begins[who] + 3), f"{who}-file2")
        self.planted.append(Planted(Rule.MASS_REVEAL, who, day))

    def _not_theirs(self, who: str, day: date) -> None:
        for number in range(self.random.randrange(7, 20)):
            self._try(who, self._at(day, self.begins[who] + 1), f"other{number}")
        self.planted.append(Planted(Rule.NOT_THEIRS, who, day))

    def _off_hours(self, who: str, day: date) -> None:
        for number in range(self.random.randrange(5, 12)):
            self._open(who, self._at(day, self.random.choice((0, 1, 2, 3))), f"{who}-file{number}")
        self.planted.append(Planted(Rule.OFF_HOURS, who, day))

    def _many_viewers(self, who: str, day: date) -> None:
        file = f"{who}-famous"
        for other in self.random.sample(self.workers, self.random.randrange(5, 9)):
            self.add(
                Act(
                    self._at(day, self.begins[other] + 4),
                    other,
                    Event.CASE_FILE_READ,
                    (file,),
                    is_team=False,
                )
            )
        self.planted.append(Planted(Rule.MANY_VIEWERS, file, day))

    def _slow_drip(self, who: str, day: date) -> None:
        usual = 1.8 * self.pace[who]
        for n in range(14):
            for _ in range(self._poisson(3 + 1.6 * usual)):
                hour = self.random.randrange(self.begins[who], self.begins[who] + 9)
                self._reveal(who, self._at(day + timedelta(days=n), hour), f"{who}-file3")
        self.planted.append(Planted(Rule.SLOW_DRIP, who, day, days=15))

    def _vain_searches(self, who: str, day: date) -> None:
        for _ in range(self.random.randrange(14, 30)):
            hour = self.random.randrange(self.begins[who], self.begins[who] + 9)
            self.add(Act(self._at(day, hour), who, Event.SEARCH_RUN, ("nobody's",)))
        self.planted.append(Planted(Rule.VAIN_SEARCHES, who, day))

    def _new_device(self, who: str, day: date) -> None:
        at = self._at(day, self.begins[who] + 5)
        self.add(Act(at, who, Event.SESSION_STARTED, agent="curl", network="203.0.113"))
        self.planted.append(Planted(Rule.NEW_DEVICE, who, day))

    # --- single acts

    def add(self, act: Act) -> None:
        """One more; they are put in order when they are asked for."""
        self.acts.append(act)

    def in_order(self) -> Iterator[Act]:
        """Everything as the log has it."""
        yield from sorted(self.acts, key=lambda act: act.at)

    def _sign_in(self, who: str, at: datetime) -> None:
        agent = self.random.choice(AGENTS)
        network = self.random.choice(("10.0.1", "10.0.2"))
        self.add(Act(at, who, Event.SESSION_STARTED, agent=agent, network=network))

    def _open(self, who: str, at: datetime, file: str) -> None:
        self.add(Act(at, who, Event.CASE_FILE_READ, (file,)))

    def _reveal(self, who: str, at: datetime, file: str) -> None:
        self.add(Act(at, who, Event.CASE_FILE_REVEALED, (file,)))

    def _try(self, who: str, at: datetime, file: str) -> None:
        self.add(Act(at, who, Event.CASE_FILE_REFUSED, (file,), is_granted=False, is_team=False))

    def _at(self, day: date, hour: int) -> datetime:
        moment = time(hour, self.random.randrange(60), self.random.randrange(60))
        return datetime.combine(day, moment, UTC)

    def _poisson(self, mean: float) -> int:
        count, reached = 0, self.random.expovariate(1)
        while reached < mean:
            count += 1
            reached += self.random.expovariate(1)
        return count
