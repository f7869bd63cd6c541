"""What is unusual: planted incidents are found, and usual work is left alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from audit import unusual
from audit.events import Event
from audit.unusual import Act, Found, History, Rule
from tests.audit.incidents import County, Planted

WORKERS, DAYS, LEARNT = 100, 84, 42
DAY = date(2026, 11, 24)  # a Tuesday
ME = "u:me"


def at(day: date = DAY, hour: int = 10, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def read(moment: datetime, file: str = "a", who: str = ME, **more: object) -> Act:
    return Act(moment, who, Event.CASE_FILE_READ, (file,), **more)


def usual_days(number: int = 20, before: date = DAY) -> list[Act]:
    """So many days of work, each with two files opened in the morning."""
    days = [before - timedelta(days=n) for n in range(number, 0, -1)]
    return [read(at(day, hour)) for day in days for hour in (9, 10)]


def found_on(day: date, acts: list[Act], **more: object) -> list[Found]:
    return list(History(acts, **more).unusual(day))


def rules_on(day: date, acts: list[Act]) -> list[Rule]:
    return [found.rule for found in found_on(day, acts)]


def merged(found: list[Found]) -> list[tuple[Found, date]]:
    """What close days have in common is one alert: its first day, and its last."""
    alerts: dict[tuple[Rule, str], list[tuple[Found, date]]] = {}
    for each in sorted(found, key=lambda one: one.day):
        same = alerts.setdefault((each.rule, each.about), [])
        if same and each.day - same[-1][1] <= unusual.MERGED:
            same[-1] = (same[-1][0], each.day)
        else:
            same.append((each, each.day))
    return [alert for same in alerts.values() for alert in same]


def is_about(alert: tuple[Found, date], planted: Planted) -> bool:
    found, last = alert
    ends = planted.day + timedelta(days=planted.days - 1)
    same = (found.rule, found.about) == (planted.rule, planted.about)
    return same and last >= planted.day and found.day <= ends


@pytest.mark.parametrize("seed", range(3))
def test_planted_incidents_are_found_and_hardly_anything_else(seed: int) -> None:
    county = County(workers=WORKERS, days=DAYS, seed=seed)
    county.plant(6, after=LEARNT)
    history = History(county.in_order())
    judged = county.days[LEARNT:]
    alerts = merged([found for day in judged for found in history.unusual(day)])
    missed = [one for one in county.planted if not any(is_about(a, one) for a in alerts)]
    false = [a for a in alerts if not any(is_about(a, one) for one in county.planted)]
    assert {one.rule for one in county.planted} == set(Rule)
    assert len(missed) <= 0.05 * len(county.planted), missed
    assert len(false) <= WORKERS / 100 * len(judged), false


def test_the_tail_is_that_of_poisson() -> None:
    assert unusual.tail(3, 3.0) == 1.0
    assert unusual.tail(1, 0.5) == pytest.approx(1 - 2.718281828459045**-0.5)
    assert unusual.tail(20, 1.0) == pytest.approx(1.588e-19, rel=1e-3)
    assert unusual.tail(4000, 10.0) == 0.0


def test_an_hour_of_reveals_is_unusual_unless_such_hours_are_usual() -> None:
    burst = [Act(at(DAY, 10, n), ME, Event.CASE_FILE_REVEALED, ("a",)) for n in range(20)]
    found = [one for one in found_on(DAY, usual_days() + burst) if one.rule == Rule.MASS_REVEAL]
    assert [(one.about, one.count) for one in found] == [(ME, 20)]
    assert Rule.MASS_REVEAL not in rules_on(DAY, usual_days() + burst[1:])
    before = [
        Act(at(DAY - timedelta(days=9), 10, n), ME, Event.CASE_FILE_PRINTED, ("a",))
        for n in range(19)
    ]
    assert Rule.MASS_REVEAL not in rules_on(DAY, usual_days() + before + burst)


def test_tries_on_files_of_others_are_counted_by_file() -> None:
    tries = [
        Act(at(DAY, 10, n), ME, Event.CASE_FILE_REFUSED, (f"x{n}",), is_granted=False)
        for n in range(6)
    ]
    assert Rule.NOT_THEIRS in rules_on(DAY, usual_days() + tries)
    assert Rule.NOT_THEIRS not in rules_on(DAY, usual_days() + tries[:1] * 6)


def test_nights_are_unusual_for_whoever_works_by_day_and_has_worked_for_a_while() -> None:
    nights = [read(at(DAY, 2, n)) for n in range(4)]
    assert Rule.OFF_HOURS in rules_on(DAY, usual_days() + nights)
    assert Rule.OFF_HOURS not in rules_on(DAY, usual_days() + nights[:3])
    assert Rule.OFF_HOURS not in rules_on(DAY, usual_days(unusual.FEW - 1) + nights)


def test_a_weekend_is_compared_with_weekends() -> None:
    sunday = date(2026, 11, 29)
    weekdays = [act for act in usual_days(28, sunday) if act.at.weekday() < 5]
    today = [read(at(sunday, 10, n)) for n in range(5)]
    assert Rule.OFF_HOURS in rules_on(sunday, weekdays + today)
    assert Rule.OFF_HOURS not in rules_on(sunday, usual_days(28, sunday) + today)


def test_five_readers_from_outside_the_team_are_many() -> None:
    readers = [read(at(DAY, 10, n), "famous", f"u:{n}", is_team=False) for n in range(5)]
    assert found_on(DAY, readers) == [Found(Rule.MANY_VIEWERS, "famous", DAY, 5)]
    assert found_on(DAY, readers[:4]) == []
    assert found_on(DAY, [*readers[:4], read(at(), "famous", "u:team")]) == []


def test_a_drip_is_seen_over_two_weeks_by_whoever_has_worked_before_them() -> None:
    def drip(a_day: int) -> list[Act]:
        days = [DAY - timedelta(days=n) for n in range(13, -1, -1)]
        return [
            Act(at(day, 9, n), ME, Event.CASE_FILE_REVEALED, ("a",))
            for day in days
            for n in range(a_day)
        ]

    past = usual_days(28, DAY - timedelta(days=13))
    assert Rule.SLOW_DRIP in rules_on(DAY, past + drip(2))
    assert Rule.SLOW_DRIP not in rules_on(DAY, past + drip(1))
    assert Rule.SLOW_DRIP not in rules_on(DAY, drip(2))


def test_searches_are_vain_when_nothing_they_found_is_opened_soon() -> None:
    searches = [Act(at(DAY, 9, n), ME, Event.SEARCH_RUN, ("a", "b")) for n in range(10)]
    assert Rule.VAIN_SEARCHES in rules_on(DAY, usual_days() + searches)
    assert Rule.VAIN_SEARCHES in rules_on(DAY, [*usual_days(), *searches, read(at(), "c")])
    assert Rule.VAIN_SEARCHES in rules_on(DAY, [*usual_days(), *searches, read(at(DAY, 15), "a")])
    assert Rule.VAIN_SEARCHES not in rules_on(
        DAY, [*usual_days(), *searches, read(at(DAY, 9, 20), "b")]
    )


def test_an_account_that_was_silent_for_weeks_is_noticed_when_it_signs_in() -> None:
    sign_in = Act(at(), ME, Event.SESSION_STARTED)
    old = [read(at(DAY - timedelta(days=29)))]
    assert found_on(DAY, [*old, sign_in]) == [Found(Rule.DORMANT, ME, DAY, 29)]
    assert rules_on(DAY, [*usual_days(), sign_in]) == []
    # Somebody new was never silent; somebody from before is known to whoever asks the log.
    assert rules_on(DAY, [sign_in]) == []
    seen = found_on(DAY, [sign_in], seen=lambda _actor: DAY - timedelta(days=100))
    assert seen == [Found(Rule.DORMANT, ME, DAY, 100)]
    assert rules_on(DAY, [*old, read(at())]) == []


def test_a_device_is_new_when_browser_and_network_both_are() -> None:
    def sign_in(day: date, agent: str, network: str) -> Act:
        return Act(at(day, 9), ME, Event.SESSION_STARTED, agent=agent, network=network)

    past = [*usual_days(), sign_in(DAY - timedelta(days=1), "Firefox", "10.0.0")]
    assert rules_on(DAY, [*past, sign_in(DAY, "curl", "203.0.113")]) == [Rule.NEW_DEVICE]
    assert rules_on(DAY, [*past, sign_in(DAY, "curl", "10.0.0")]) == []
    assert rules_on(DAY, [*past, sign_in(DAY, "Firefox", "203.0.113")]) == []
    assert rules_on(DAY, [*past, sign_in(DAY, "", "")]) == []
    assert rules_on(DAY, [*usual_days(), sign_in(DAY, "curl", "203.0.113")]) == []


def test_versions_and_leases_make_no_new_device() -> None:
    assert unusual.family("Firefox/151.0 (X11)") == unusual.family("Firefox/152.1 (X11)")
    assert unusual.network("10.1.2.3") == unusual.network("10.1.2.99") == "10.1.2"
    assert unusual.network("2001:db8:1:2::3") == "2001:db8:1"
    assert unusual.network("") == ""


def test_a_quiet_day_has_nothing() -> None:
    assert found_on(DAY, usual_days()) == []
    assert found_on(DAY, []) == []
