"""Rows that were put back, emptied or taken away show against the events that wrote them."""

# ruff: noqa: S608 the names in the statements stand in this file

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from audit import log, sealed_rows
from audit.events import Event
from audit.leaves import Kind
from audit.models import LoggedEvent
from audit.tags import untagged
from audit.verifications import Result, verify
from casework.actions import people, plans, visits
from casework.models import CaseFile, LedgerRow, Person, Plan, Visit
from kpm.permissions import Role
from kpm.vault import rotations
from kpm.vault.groups import layout_of
from kpm.vault.opening import open_all_groups
from kpm.vault.written import name_all, remember
from risk_levels.models import Assessment, Decision, Proposal
from tests.audit.attackers import Execute, raw, unguarded
from tests.audit.test_verifying import look_without_guards
from tests.audit.things import WORKER, ends_in, sequence_all, write_events
from tests.casework.test_destructions import closed, destroyed
from tests.conftest import RealCommits
from tests.factories import NOW, TODAY, make_case_file, make_level, make_user
from tests.kpm.vault.conftest import Notes
from tests.sealed.models import Human
from tests.settings import IS_POSTGRESQL

STEPS = [{"what": "Repair the stove", "resource": "civil affairs", "who": "", "by_on": ""}]


@pytest.fixture
def case_file(real_commits: RealCommits) -> CaseFile:
    """A file with a row in most tables, in the tree."""
    worker = make_user()
    found = make_case_file(lead=worker)
    visits.record(
        case_file=found,
        way="visit",
        outcome="done",
        happened_at=NOW - timedelta(hours=2),
        by=worker,
        now=NOW,
        notes="The stove is broken.",
    )
    plans.draft(case_file=found, goal="A warm room", steps=STEPS, by=worker, today=TODAY)
    make_level(found, "yellow")
    sequence_all()
    return CaseFile.objects.get(pk=found.pk)


def groups_of(row: Any) -> list[str]:
    return list(layout_of(type(row)).groups)


def identifier(row: Any) -> Any:
    return row.pk if IS_POSTGRESQL else row.pk.hex


def put(execute: Execute, row: Any, **columns: Any) -> None:
    """Write columns of a row by hand."""
    said = ", ".join(f"{name} = ?" for name in columns)
    table = row._meta.db_table
    execute(f"UPDATE {table} SET {said} WHERE id = ?", *columns.values(), identifier(row))


def tampered(commits: RealCommits, change: Callable[[Execute], Any]) -> Result:
    with unguarded(commits) as execute:
        change(execute)
    return verify()


def test_everything_that_the_actions_seal_is_named_in_their_events(case_file: CaseFile) -> None:
    result = verify()
    assert result.is_good, result
    assert result.unnamed == 0
    rows = [
        row
        for model in (Person, CaseFile, Visit, Plan, Proposal, Decision, Assessment)
        for row in model.objects.all()
    ]
    assert len({type(row) for row in rows}) == 7
    assert result.compared == sum(len(groups_of(row)) for row in rows)
    # What is not in the tree yet counts as well.
    correct(case_file, phone="13800138000")
    after = verify()
    assert (after.is_good, after.unnamed, after.waiting > 0) == (True, 0, True)


def correct(case_file: CaseFile, **identity: Any) -> None:
    """Somebody writes down what is known better now."""
    case_file = CaseFile.objects.select_related("person", "unit").get(pk=case_file.pk)
    open_all_groups([case_file, case_file.person], reading=Notes())
    people.correct(
        case_file=case_file,
        identity=identity,
        details={},
        unit=case_file.unit,
        by=make_user(Role.SUPERVISOR),
        today=TODAY,
    )


def blobs(row: Any) -> dict[str, bytes]:
    return {name: bytes(getattr(row, name)) for name in groups_of(row)}


@pytest.mark.parametrize("is_in_tree", [True, False])
def test_a_row_that_was_put_back_is_found_with_the_event_that_wrote_it(
    case_file: CaseFile, real_commits: RealCommits, is_in_tree: bool
) -> None:
    """Row and blob together, as an old backup has them: nothing but the log tells."""
    person = case_file.person
    older = blobs(person)
    correct(case_file, phone="13800138000")
    changed = LoggedEvent.objects.filter(event="person.changed").latest("id")
    if is_in_tree:
        sequence_all()
    newer = blobs(Person.objects.get(pk=person.pk))
    different = [name for name in older if older[name] != newer[name]]
    assert different
    result = tampered(real_commits, lambda execute: put(execute, person, **older))
    if is_in_tree:
        assert result.kind is Kind.ALTERED
        assert result.problem in {
            f"person.{name} of {person.pk} is older than event {changed.id}, which wrote it."
            for name in different
        }
    else:
        # The last event in the tree wrote it so: the next verification sees the one that waits.
        assert result.is_good
        sequence_all()
        assert verify().kind is Kind.ALTERED
    assert tampered(real_commits, lambda execute: put(execute, person, **newer)).is_good


def test_a_row_that_was_put_back_behind_the_tree_is_found_among_what_waits(
    real_commits: RealCommits,
) -> None:
    case_file = make_case_file()
    older = blobs(case_file.person)
    first = LoggedEvent.objects.get(event="case_file.opened")
    foreign = {name: blob[:-1] + bytes([blob[-1] ^ 1]) for name, blob in older.items()}
    result = tampered(real_commits, lambda execute: put(execute, case_file.person, **foreign))
    assert f"is older than event {first.id}, which wrote it." in result.problem


def test_a_flipped_bit_of_any_tag_is_found(case_file: CaseFile, real_commits: RealCommits) -> None:
    rows: list[Any] = [case_file, case_file.person, Visit.objects.get(), Plan.objects.get()]
    with unguarded(real_commits) as execute:
        for row in rows:
            for name, blob in blobs(row).items():
                for bit in range(0, 128, 37):
                    at = len(blob) - 16 + bit // 8
                    flipped = blob[:at] + bytes([blob[at] ^ (1 << bit % 8)]) + blob[at + 1 :]
                    put(execute, row, **{name: flipped})
                    look = sealed_look()
                    assert look is not None
                    assert (look.row, look.label.partition(".")[2]) == (row.pk, name)
                    put(execute, row, **{name: blob})
    assert verify().is_good


def test_every_flipped_bit_of_what_an_event_names_is_found(
    case_file: CaseFile, real_commits: RealCommits
) -> None:
    event = LoggedEvent.objects.get(event="plan.drafted")
    start = event.body.index('"t":["') + len('"t":["')
    with unguarded(real_commits) as execute:
        for at in range(start, start + 28):
            flipped = event.body[:at] + chr(ord(event.body[at]) ^ 1) + event.body[at + 1 :]
            execute("UPDATE audit_event SET body = ? WHERE id = ?", flipped, event.id)
            found = look_without_guards(newest=None)
            execute("UPDATE audit_event SET body = ? WHERE id = ?", event.body, event.id)
            assert found.problem.startswith(f"Event {event.id} is not what leaf"), at
    assert verify().is_good


def sealed_look() -> sealed_rows.Bad | None:
    """What the comparison says while the guards are away."""
    rows = sealed_rows.Rows()
    events = LoggedEvent.objects.order_by("id")
    for event in events:
        rows.take(event.id, json.loads(event.body))
    return rows.look(events.count())


def test_a_row_that_was_taken_away_is_found(case_file: CaseFile, real_commits: RealCommits) -> None:
    (plan,) = Plan.objects.all()
    wrote = LoggedEvent.objects.get(event="plan.drafted")
    result = tampered(
        real_commits,
        lambda execute: execute("DELETE FROM casework_plan WHERE id = ?", identifier(plan)),
    )
    assert result.problem == f"A sealed row that event {wrote.id} wrote is missing."


def test_a_row_that_was_emptied_is_found_while_its_key_is_there(
    case_file: CaseFile, real_commits: RealCommits
) -> None:
    visit = Visit.objects.get()
    wrote = LoggedEvent.objects.get(event="visit.recorded")
    nothing: dict[str, Any] = dict.fromkeys(groups_of(visit))
    for generation in (visit.key_gen, 0):
        result = tampered(
            real_commits,
            lambda execute, now=generation: put(execute, visit, key_gen=now, **nothing),
        )
        assert result.problem == (
            f"visit.{groups_of(visit)[0]} of {visit.pk}, which event {wrote.id} wrote, was emptied."
        )


def test_what_was_destroyed_and_keys_that_were_changed_are_no_alarm(
    case_file: CaseFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_rows, "CHUNK", 1)
    before = verify().compared
    gone = closed(name="刘桂兰")
    assert verify().compared > before
    rotations.renew_vault_key()
    for _progress in rotations.rewrap():
        pass
    assert verify().compared > before
    destroyed(gone)
    sequence_all()
    result = verify()
    assert result.is_good, result
    assert (result.compared, result.unnamed) == (before, 0)


def test_a_row_without_an_event_is_counted_and_said(case_file: CaseFile) -> None:
    with transaction.atomic():
        Human(name="甲").save_as(by=None)
    result = verify()
    assert (result.is_good, result.unnamed) == (True, len(layout_of(Human).groups))
    out = StringIO()
    call_command("verify_audit_log", stdout=out)
    assert (
        f"Sealed groups as their last events wrote them: {result.compared}, without: "
        f"{result.unnamed}\n"
    ) in out.getvalue()


def test_an_event_that_is_none_says_nothing_of_rows(
    case_file: CaseFile, real_commits: RealCommits
) -> None:
    with raw(real_commits) as execute:
        body = json.dumps(dict.fromkeys(("a", "act", "at", "out"), "x"))
        execute("INSERT INTO audit_event (body) VALUES (?)", body)
    with transaction.atomic():
        Human(name="乙").save_as(by=None)
    assert verify().is_good


def tags() -> list[list[str]]:
    bodies = LoggedEvent.objects.order_by("id").values_list("body", flat=True)
    return [json.loads(body).get("t", []) for body in bodies]


def record() -> None:
    log.record(Event.CASE_FILE_CHANGED, by=WORKER)


def test_what_was_rolled_back_is_not_named_and_what_lost_its_event_is_named_again(
    real_commits: RealCommits,
) -> None:
    groups = len(layout_of(Human).groups)
    with transaction.atomic():
        with ends_in(ZeroDivisionError), transaction.atomic():
            Human(name="甲").save_as(by=None)
            raise ZeroDivisionError
        record()
        Human(name="乙").save_as(by=None)
        with ends_in(ZeroDivisionError), transaction.atomic():
            record()
            raise ZeroDivisionError
        record()
        record()
    assert [len(each) for each in tags()] == [0, groups, 0]
    # Nothing is left for the next transaction.
    with transaction.atomic():
        assert name_all("default") == []


def test_of_a_row_that_was_saved_twice_the_last_version_is_named(
    real_commits: RealCommits,
) -> None:
    with transaction.atomic():
        human = Human(name="甲")
        human.save_as(by=None)
        human.name = "乙"
        human.save_as(by=None)
        record()
    sequence_all()
    result = verify()
    assert (result.is_good, result.unnamed) == (True, 0)
    assert result.compared == len(layout_of(Human).groups)


def test_an_event_about_many_rows_has_several_parts(real_commits: RealCommits) -> None:
    groups = len(layout_of(Human).groups)
    with transaction.atomic():
        Human.objects.bulk_create([Human(name=f"甲{number}") for number in range(1_001)])
        record()
    sizes = [len(each) for each in tags()]
    assert sum(sizes) == 1_001 * groups
    assert max(sizes) == 1_000
    parts = [json.loads(event.body)["pt"] for event in LoggedEvent.objects.order_by("id")]
    assert parts == [[number, len(sizes)] for number in range(1, len(sizes) + 1)]
    sequence_all()
    assert verify().compared == 1_001 * groups


def test_of_two_events_the_later_one_counts_wherever_they_stand_in_the_tree() -> None:
    """On PostgreSQL a transaction that began earlier may wait for one that began later."""
    rows = sealed_rows.Rows()
    for event_id, version in ((7, "B"), (5, "A")):
        rows.take(event_id, {"t": ["P" * 12 + version * 16]})
    (last,) = rows._last.values()
    assert (last.event_id, last.version) == (7, untagged("P" * 12 + "B" * 16).version)


def test_rows_of_which_no_event_speaks_may_be_empty(real_commits: RealCommits) -> None:
    with transaction.atomic():
        human = Human(name="甲")
        human.save_as(by=None)
    nothing: dict[str, Any] = dict.fromkeys(groups_of(human))
    assert tampered(real_commits, lambda execute: put(execute, human, **nothing)).unnamed == 0


def test_rows_that_come_and_go_are_not_named(real_commits: RealCommits) -> None:
    with transaction.atomic():
        transaction.on_commit(lambda: None)
        remember([LedgerRow(body=b"x" * 40)])
        assert name_all("default") == []


def test_the_newest_part_alone_says_nothing_of_rows(case_file: CaseFile) -> None:
    write_events(3)
    sequence_all()
    assert verify(newest=2).compared == 0
    assert look_without_guards(newest=None).compared == 0
