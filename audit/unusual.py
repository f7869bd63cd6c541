"""What is unusual in who opened what: counted against everybody's own last four weeks.

Static limits find the diligent as often as the curious. Here a count is unusual when a Poisson
process with the rate of the same account would hardly ever reach it. Nothing here knows a name, a
database or what the time is.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from math import exp, lgamma, log

from audit.events import Event

WINDOW = timedelta(days=28)
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)
# A slow drip is looked at in two weeks, against the four before them.
DRIP = timedelta(days=14)
HISTORY = WINDOW + DRIP
# Alerts of one rule about one account or file are one alert while no more lies between them.
MERGED = timedelta(days=7)
# Whoever searched and opened nothing that was found in this time searched in vain.
PATIENCE = timedelta(minutes=30)
# Fewer days of work than these say nothing about somebody's habits.
FEW, ENOUGH = 5, 10

REVEALS = frozenset(
    {
        Event.CASE_FILE_REVEALED,
        Event.CASE_FILE_PRINTED,
        Event.REFERRAL_PRINTED,
        Event.ATTACHMENT_DOWNLOADED,
    }
)
SEARCHES = frozenset({Event.SEARCH_RUN, Event.PERSON_SOUGHT})
OPENS = frozenset({Event.CASE_FILE_READ, Event.CASE_FILE_REFUSED})
SIGN_IN = Event.SESSION_STARTED
# Everything else is of no use here.
WATCHED = REVEALS | SEARCHES | OPENS | {SIGN_IN, Event.CASE_FILE_LISTED}


class Rule(StrEnum):
    """What can be unusual."""

    MASS_REVEAL = "mass_reveal"
    NOT_THEIRS = "not_theirs"
    OFF_HOURS = "off_hours"
    MANY_VIEWERS = "many_viewers"
    SLOW_DRIP = "slow_drip"
    VAIN_SEARCHES = "vain_searches"
    DORMANT = "dormant"
    NEW_DEVICE = "new_device"


@dataclass(frozen=True, slots=True)
class Limit:
    """From which count on, and how unlikely it must be; habits below the floor count as it."""

    least: int
    chance: float
    floor: float

    def is_passed(self, count: int, usual: float) -> bool:
        """Whether a count is more than chance explains."""
        return count >= self.least and tail(count, max(self.floor, usual)) < self.chance


LIMITS = {
    Rule.MASS_REVEAL: Limit(20, 1e-6, 1.0),
    Rule.NOT_THEIRS: Limit(6, 1e-3, 0.5),
    Rule.OFF_HOURS: Limit(4, 1e-4, 0.2),
    Rule.SLOW_DRIP: Limit(28, 1e-5, 7.0),
    Rule.VAIN_SEARCHES: Limit(10, 1e-4, 1.0),
}
VIEWERS = 5
# So many reveals on one day are no drip any more.
MANY = 8
# What somebody works on comes and goes; less than this much more is work.
MUCH_MORE = 1.75
# An hour in which somebody does less than this on an average day is not one of their hours.
SELDOM = 0.3
# How far an act colours the hours beside it.
SPREAD = ((-2, 1 / 9), (-1, 2 / 9), (0, 3 / 9), (1, 2 / 9), (2, 1 / 9))


def tail(count: int, mean: float) -> float:
    """How likely a Poisson process with this mean reaches this count."""
    if count <= mean:
        return 1.0
    term = exp(count * log(mean) - mean - lgamma(count + 1))
    total = 0.0
    while term > total * 1e-12:
        total += term
        count += 1
        term *= mean / count
    return total


@dataclass(frozen=True, slots=True)
class Act:
    """One event, at local time."""

    at: datetime
    actor: str
    event: str
    subjects: tuple[str, ...] = ()
    # Something allowed it: a caseload, supervision, intake.
    is_granted: bool = True
    # They have a place in the team of the file.
    is_team: bool = True
    # With what and from where somebody signed in, as far as it is known.
    agent: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something unusual on one day, about an account or (many viewers) about a file."""

    rule: Rule
    about: str
    day: date
    count: int
    usual: float = 0.0


@dataclass(slots=True)
class Search:
    """A search, and whether something that it found was opened."""

    at: datetime
    found: frozenset[str]
    is_vain: bool = True


@dataclass(slots=True)
class Day:
    """What one account did on one day."""

    hours: Counter[int] = field(default_factory=Counter)
    reveals: list[datetime] = field(default_factory=list)
    not_theirs: set[str] = field(default_factory=set)
    searches: list[Search] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    has_signed_in: bool = False

    def add(self, act: Act) -> None:
        """One more act."""
        self.hours[act.at.hour] += 1
        if act.event in REVEALS:
            self.reveals.append(act.at)
        if act.event in SEARCHES:
            self.searches.append(Search(act.at, frozenset(act.subjects)))
        if act.event in OPENS:
            self._open(act)
        if act.event == SIGN_IN:
            self.has_signed_in = True
            self.agents |= {act.agent} - {""}
            self.networks |= {act.network} - {""}

    def _open(self, act: Act) -> None:
        if not act.is_granted:
            self.not_theirs.update(act.subjects)
        for search in self.searches:
            if search.is_vain and act.at - search.at <= PATIENCE:
                search.is_vain = search.found.isdisjoint(act.subjects)

    @property
    def burst(self) -> int:
        """The most reveals within an hour."""
        times = sorted(self.reveals)
        within = (bisect_right(times, at + AN_HOUR) - i for i, at in enumerate(times))
        return max(within, default=0)

    @property
    def dripped(self) -> int:
        """Reveals, as far as a day has many: more of them is another matter than a drip."""
        return min(len(self.reveals), MANY)

    @property
    def vain(self) -> int:
        """Searches after which nothing was opened."""
        return sum(search.is_vain for search in self.searches)


class History:
    """What everybody did, by day, in the order in which it happened."""

    def __init__(
        self, acts: Iterable[Act], *, seen: Callable[[str], date | None] = lambda _actor: None
    ) -> None:
        """`seen` says when an account last did something before all these acts."""
        self._seen = seen
        self._days: dict[str, dict[date, Day]] = defaultdict(dict)
        self._viewers: dict[date, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for act in acts:
            day = act.at.date()
            self._days[act.actor].setdefault(day, Day()).add(act)
            if act.event in OPENS and not act.is_team:
                for subject in act.subjects:
                    self._viewers[day][subject].add(act.actor)

    def unusual(self, day: date) -> Iterator[Found]:
        """Everything unusual on one day."""
        for actor, days in sorted(self._days.items()):
            if day in days:
                yield from self._of_actor(actor, days, day)
        for subject, viewers in sorted(self._viewers.get(day, {}).items()):
            if len(viewers) >= VIEWERS:
                yield Found(Rule.MANY_VIEWERS, subject, day, len(viewers))

    def _of_actor(self, actor: str, days: dict[date, Day], day: date) -> Iterator[Found]:
        today = days[day]
        found = partial(Found, about=actor, day=day)
        past = {on: one for on, one in days.items() if day - WINDOW <= on < day}
        for rule, count, usual in (
            (Rule.MASS_REVEAL, today.burst, _usual_burst(past)),
            (Rule.NOT_THEIRS, *_per_day(past, today, lambda one: len(one.not_theirs))),
            (Rule.OFF_HOURS, *_off_hours(past, today, day)),
            (Rule.SLOW_DRIP, *_drip(days, day)),
            (Rule.VAIN_SEARCHES, *_per_day(past, today, lambda one: one.vain)),
        ):
            if LIMITS[rule].is_passed(count, usual):
                yield found(rule, count=count, usual=usual)
        if today.has_signed_in and not past:
            before = max((on for on in days if on < day), default=None) or self._seen(actor)
            if before is not None:
                yield found(Rule.DORMANT, count=(day - before).days)
        if _is_new_device(past, today):
            yield found(Rule.NEW_DEVICE, count=1)


def _usual_burst(past: Mapping[date, Day]) -> float:
    """What somebody reveals in an hour of work; half of their busiest hour is usual in any case."""
    hours = sum(len(one.hours) for one in past.values())
    reveals = sum(len(one.reveals) for one in past.values())
    busiest = max((one.burst for one in past.values()), default=0)
    return max(reveals / max(hours, 1), busiest / 2)


def _per_day(
    past: Mapping[date, Day], today: Day, count: Callable[[Day], int]
) -> tuple[int, float]:
    """Today's count, and that of an average day of work."""
    return count(today), sum(map(count, past.values())) / max(len(past), 1)


def _off_hours(past: Mapping[date, Day], today: Day, day: date) -> tuple[int, float]:
    """What was done in hours that are not somebody's own, and how much usually is."""
    if len(past) < FEW:
        return 0, 0.0
    alike = [one for on, one in past.items() if _is_weekend(on) == _is_weekend(day)]
    number = sum(_is_weekend(day - A_DAY * back) == _is_weekend(day) for back in range(1, 29))
    rates = [0.0] * 24
    for one in alike:
        for hour, count in one.hours.items():
            for offset, share in SPREAD:
                rates[(hour + offset) % 24] += count * share / number
    off = {hour for hour, rate in enumerate(rates) if rate < SELDOM}
    seen = off & today.hours.keys()
    around = off & {(hour + step) % 24 for hour in seen for step in (-1, 0, 1)}
    return sum(today.hours[hour] for hour in seen), sum(rates[hour] for hour in around)


def _is_weekend(day: date) -> bool:
    return day.weekday() >= 5


def _drip(days: Mapping[date, Day], day: date) -> tuple[int, float]:
    """Reveals of two weeks, and of two average weeks before them."""
    begins = day - DRIP
    past = [one for on, one in days.items() if begins - WINDOW < on <= begins]
    count = sum(one.dripped for on, one in days.items() if begins < on <= day)
    usual = sum(one.dripped for one in past) * (DRIP / WINDOW)
    is_much = len(past) >= ENOUGH and count >= MUCH_MORE * usual
    return count if is_much else 0, usual


def _is_new_device(past: Mapping[date, Day], today: Day) -> bool:
    """Both the browser and the network are new: one alone is an update or another desk."""
    agents = set().union(*(one.agents for one in past.values()))
    networks = set().union(*(one.networks for one in past.values()))
    is_known = bool(agents and networks)
    return is_known and bool(today.agents - agents) and bool(today.networks - networks)


def family(agent: str) -> str:
    """A browser without its versions, which change every few weeks."""
    return "".join(c for c in agent if not c.isdigit() and c != ".")[:200]


def network(address: str) -> str:
    """The network of an address: a lease changes the end of it."""
    mark = ":" if ":" in address else "."
    return mark.join(address.split(mark)[:3])
