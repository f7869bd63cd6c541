"""Whatever somebody changes behind our back is found, and the first bad place is said."""

# ruff: noqa: S608 the names in the statements stand in this file

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction

from audit import actions, checkpoints, leaves, log, merkle, verifications
from audit.events import Event
from audit.leaves import Kind
from audit.models import Checkpoint, Detail, Leaf, LoggedEvent, Tile
from audit.trees import WIDTH
from audit.verifications import verify
from tests.audit.attackers import Execute, raw, unguarded
from tests.audit.things import NOW, WORKER, File, Worker, sequence_all, write_events
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL

SIZE = 2 * WIDTH + 40


@pytest.fixture
def full_log(real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch) -> RealCommits:
    """Two full tiles and a half one, with roots on the way, and an event about several files."""
    monkeypatch.setattr(checkpoints, "BATCH", 200)
    write_events(SIZE - 1)
    with transaction.atomic():
        log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=[File("a"), File("b")])
    sequence_all()
    return real_commits


def ids() -> list[int]:
    """The ids of events by their leaves."""
    return list(Leaf.objects.order_by("leaf_index").values_list("event_id", flat=True))


def tampered(commits: RealCommits, change: Callable[[Execute], Any]) -> verifications.Result:
    """Change something, with every guard back in its place, and verify."""
    with unguarded(commits) as execute:
        change(execute)
    return verify()


def test_a_log_that_nobody_touched_is_good(full_log: RealCommits) -> None:
    result = verify()
    assert result.is_good, result
    assert (result.size, result.checked, result.waiting) == (SIZE, SIZE, 0)
    assert result.root == bytes(Checkpoint.objects.get(size=SIZE).root)
    assert str(Tile.objects.order_by("idx")[1]) == "0/1"
    assert str(Checkpoint.objects.get(size=SIZE)) == str(SIZE)
    assert str(Leaf.objects.get(leaf_index=3)) == "3"


def test_an_empty_log_is_good(real_commits: RealCommits) -> None:
    result = verify(newest=100)
    assert (result.is_good, result.root, result.size) == (True, merkle.EMPTY, 0)
    write_events(3)
    assert verify().waiting == 3


def test_an_edited_event_is_found_wherever_it_stands(full_log: RealCommits) -> None:
    for place in (SIZE - 2, 520, 511, 256, 255, 0):
        event_id = ids()[place]
        body = json.loads(LoggedEvent.objects.get(id=event_id).body)
        edited = json.dumps(body | {"o": "AAAAA-AAAAA"}, sort_keys=True, separators=(",", ":"))
        with unguarded(full_log) as execute:
            execute("UPDATE audit_event SET body = ? WHERE id = ?", edited, event_id)
        result = verify()
        assert result.kind is Kind.ALTERED
        assert result.problem == f"Event {event_id} is not what leaf {place} was made of."
        assert result.checked == place


def test_every_flipped_bit_of_an_event_is_found(full_log: RealCommits) -> None:
    event_id = ids()[7]
    body = LoggedEvent.objects.get(id=event_id).body
    with unguarded(full_log) as execute:
        for at in range(0, len(body), 9):
            flipped = body[:at] + chr(ord(body[at]) ^ 1) + body[at + 1 :]
            try:
                json.loads(flipped)
            except json.JSONDecodeError:
                continue  # the table takes JSON only
            execute("UPDATE audit_event SET body = ? WHERE id = ?", flipped, event_id)
            found = verifications.Result()
            try:
                found = look_without_guards(newest=None)
            finally:
                execute("UPDATE audit_event SET body = ? WHERE id = ?", body, event_id)
            assert str(event_id) in found.problem, at
    assert verify().is_good


def look_without_guards(newest: int | None) -> verifications.Result:
    """What verify says once the guards are back."""
    look = verifications._Look({})
    try:
        with verifications.log_rows.frozen(verifications.DATABASE):
            look.over(newest)
    except leaves.Found as found:
        return look.result(found.kind, found.problem)
    return look.result()


def test_an_edited_leaf_is_found(full_log: RealCommits) -> None:
    result = tampered(
        full_log,
        lambda execute: execute("UPDATE audit_leaf SET hash = ? WHERE leaf_index = 9", bytes(32)),
    )
    assert result.problem == f"Event {ids()[9]} is not what leaf 9 was made of."


def forge(execute: Execute, place: int) -> None:
    """Edit an event and its leaf so that they agree."""
    event_id = ids()[place]
    body = json.loads(LoggedEvent.objects.get(id=event_id).body)
    edited = json.dumps(body | {"o": "AAAAA-AAAAA"}, sort_keys=True, separators=(",", ":"))
    execute("UPDATE audit_event SET body = ? WHERE id = ?", edited, event_id)
    execute(
        "UPDATE audit_leaf SET hash = ? WHERE leaf_index = ?",
        merkle.leaf_hash(edited.encode()),
        place,
    )


def test_an_event_edited_with_its_leaf_is_found_by_its_tile(full_log: RealCommits) -> None:
    result = tampered(full_log, lambda execute: forge(execute, 300))
    assert result.kind is Kind.ALTERED
    assert result.problem == "The root on record for 400 events is another one." or (
        result.problem == "Tile 0/1 differs from leaf 300 on."
    )


def test_tiles_are_compared_while_the_tree_grows(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifications, "TILES", 1)
    assert verify().is_good
    result = tampered(full_log, lambda execute: forge(execute, 250))
    assert result.problem == "Tile 0/0 differs from leaf 250 on."
    # It went no further than the end of that tile.
    assert result.checked == WIDTH


def test_an_event_edited_with_its_leaf_and_roots_is_found_by_its_tile(
    full_log: RealCommits,
) -> None:
    def change(execute: Execute) -> None:
        forge(execute, 300)
        rewrite_roots(execute)

    result = tampered(full_log, change)
    assert result.problem == "Tile 0/1 differs from leaf 300 on."


def rewrite_roots(execute: Execute) -> None:
    """Make the roots on record agree with the leaves."""
    hashes = [bytes(row[0]) for row in execute("SELECT hash FROM audit_leaf ORDER BY leaf_index")]
    for (size,) in execute("SELECT size FROM audit_checkpoint"):
        execute(
            "UPDATE audit_checkpoint SET root = ? WHERE size = ?", merkle.root(hashes[:size]), size
        )


def rewrite_tiles(execute: Execute) -> None:
    """Make the tiles agree with the leaves."""
    hashes = [bytes(row[0]) for row in execute("SELECT hash FROM audit_leaf ORDER BY leaf_index")]
    for (idx,) in execute("SELECT idx FROM audit_tile WHERE level = 0"):
        data = b"".join(hashes[idx * WIDTH : (idx + 1) * WIDTH])
        execute("UPDATE audit_tile SET data = ? WHERE level = 0 AND idx = ?", data, idx)


def test_what_was_rewritten_with_all_its_hashes_shows_against_a_root_kept_elsewhere(
    full_log: RealCommits,
) -> None:
    kept = Checkpoint.objects.get(size=400)

    def change(execute: Execute) -> None:
        forge(execute, 300)
        rewrite_tiles(execute)
        rewrite_roots(execute)

    assert tampered(full_log, change).is_good
    result = verify(pinned={400: bytes(kept.root)})
    assert result.problem == "The root on record for 400 events is another one."
    # A root of something longer than the log is: its end was cut off.
    assert "Leaf 552 is missing." in verify(pinned={SIZE + 5: bytes(32)}).problem
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as answer:
        call_command(
            "verify_audit_log", pinned=[f"400:{bytes(kept.root).hex()}"], stdout=out, stderr=err
        )
    assert answer.value.code == 1
    assert "400" in err.getvalue()


def test_a_removed_event_is_found(full_log: RealCommits) -> None:
    event_id = ids()[100]
    result = tampered(
        full_log, lambda execute: execute("DELETE FROM audit_event WHERE id = ?", event_id)
    )
    assert result.problem == f"Event {event_id} (leaf 100) is missing."


def test_a_removed_leaf_is_found(full_log: RealCommits) -> None:
    result = tampered(
        full_log, lambda execute: execute("DELETE FROM audit_leaf WHERE leaf_index = 100")
    )
    assert result.problem == "Leaf 100 is missing."


def test_a_removed_end_is_found(full_log: RealCommits) -> None:
    result = tampered(
        full_log,
        lambda execute: execute("DELETE FROM audit_leaf WHERE leaf_index >= ?", SIZE - 3),
    )
    assert result.problem == f"Leaf {SIZE - 3} is missing."


def test_a_removed_end_is_found_where_nothing_is_left_to_read(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "CHUNK", 100)
    result = tampered(
        full_log, lambda execute: execute("DELETE FROM audit_leaf WHERE leaf_index >= 390")
    )
    assert (result.problem, result.checked) == ("Leaf 390 is missing.", 390)


def test_events_whose_places_were_exchanged_are_found(full_log: RealCommits) -> None:
    one, other = ids()[20], ids()[21]

    def change(execute: Execute) -> None:
        rows = execute(
            "SELECT leaf_index, event_id, hash FROM audit_leaf WHERE leaf_index IN (20, 21)"
        )
        (_, _, first), (_, _, second) = sorted(rows)
        execute("DELETE FROM audit_leaf WHERE leaf_index IN (20, 21)")
        execute("INSERT INTO audit_leaf VALUES (20, ?, ?)", other, second)
        execute("INSERT INTO audit_leaf VALUES (21, ?, ?)", one, first)

    result = tampered(full_log, change)
    assert result.kind is Kind.ALTERED
    assert "root" in result.problem or "differs from leaf 20 on" in result.problem


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE audit_tile SET data = ? WHERE idx = 1", "Tile 0/1 differs from leaf 256 on."),
        ("DELETE FROM audit_tile WHERE idx = 1 AND ? = ?", "Tile 0/1 is missing."),
        ("INSERT INTO audit_tile VALUES (0, 2, ?)", "There are tiles of level 0 behind the end."),
        ("INSERT INTO audit_tile VALUES (1, 0, ?)", "There are tiles of level 1 behind the end."),
        (
            "UPDATE audit_checkpoint SET root = ? WHERE size = 400",
            "The root on record for 400 events is another one.",
        ),
        (
            "INSERT INTO audit_leaf VALUES (9999, 99999, ?)",
            "There are leaves behind the end, which is 552.",
        ),
        ("INSERT INTO audit_subject VALUES ('c', {listed}) -- ?", "Event {listed} names others"),
        ("DELETE FROM audit_subject WHERE subject = 'a' -- ?", "Event {listed} names others"),
        ("INSERT INTO audit_subject VALUES ('c', {first}) -- ?", "Event {first} names others"),
    ],
)
def test_rows_that_do_not_belong_are_found(
    full_log: RealCommits, statement: str, problem: str
) -> None:
    places = {"listed": ids()[-1], "first": ids()[0]}
    data = bytes(8192 if "tile" in statement else 32)

    def change(execute: Execute) -> None:
        text = statement.format(**places)
        if " -- " in text or "? = ?" in text:
            execute(text.replace(" -- ?", "").replace("? = ?", "true"))
        else:
            execute(text, data)

    result = tampered(full_log, change)
    assert result.kind is Kind.ALTERED
    assert result.problem.startswith(problem.format(**places))


def test_an_event_that_was_slipped_in_is_found(full_log: RealCommits) -> None:
    body = LoggedEvent.objects.get(id=ids()[5]).body

    def change(execute: Execute) -> None:
        if IS_POSTGRESQL:
            execute(
                "INSERT INTO audit_event (id, body, xid, epoch) OVERRIDING SYSTEM VALUE "
                "VALUES (-1 + 2000000, ?, '3', 1)",
                body,
            )
        else:
            event_id = ids()[5]
            execute("DELETE FROM audit_leaf WHERE event_id = ?", event_id)
            execute("INSERT INTO audit_event (id, body) VALUES (1000000, ?)", body)
            hashed = merkle.leaf_hash(body.encode())
            execute("INSERT INTO audit_leaf VALUES (5, 1000000, ?)", hashed)

    result = tampered(full_log, change)
    event_id = 1999999 if IS_POSTGRESQL else ids()[0] + 5
    assert result.problem == f"Event {event_id} was passed over."


def test_columns_that_no_longer_follow_the_body_are_found(full_log: RealCommits) -> None:
    def change(execute: Execute) -> None:
        if IS_POSTGRESQL:
            execute("ALTER TABLE audit_event ALTER COLUMN subject DROP EXPRESSION")
            execute("UPDATE audit_event SET subject = 'x' WHERE id = ?", ids()[3])
            return
        columns = ", ".join(leaves.FIELDS)
        execute(f"CREATE TABLE forged AS SELECT id, body, {columns} FROM audit_event")
        execute("UPDATE forged SET subject = 'x' WHERE id = ?", ids()[3])
        execute("DROP TABLE audit_event")
        execute("ALTER TABLE forged RENAME TO audit_event")

    result = tampered(full_log, change)
    assert result.problem == f"The columns of event {ids()[3]} are not those of its body."


def test_an_event_that_is_none_is_said_to_be_unreadable(real_commits: RealCommits) -> None:
    with raw(real_commits) as execute:
        # The table takes what has these four; that is not yet an event.
        body = json.dumps(dict.fromkeys(("a", "act", "at", "out"), "x"))
        execute("INSERT INTO audit_event (body) VALUES (?)", body)
    sequence_all()
    result = verify()
    assert (result.kind, "is no event" in result.problem) == (Kind.UNREADABLE, True)


@pytest.mark.parametrize("chunk", [1, 2_000])
def test_a_detail_that_was_replaced_or_taken_away_is_found(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(verifications, "CHUNK", chunk)
    with transaction.atomic():
        log.record(Event.AUDIT_SEARCHED, by=WORKER, detail={"filters": "event=case_file.read"})
    sequence_all()
    assert verify().is_good
    forged = json.dumps({"filters": "event=visit.recorded"}).encode()
    result = tampered(full_log, lambda execute: execute("UPDATE audit_detail SET body = ?", forged))
    assert (result.kind, result.problem) == (
        Kind.ALTERED,
        f"The detail of event {ids()[-1]} is another one.",
    )
    # Gone without a word is not erased.
    assert tampered(full_log, lambda execute: execute("DELETE FROM audit_detail")).problem == (
        f"The detail of event {ids()[-1]} is gone, and no event says that it was erased."
    )


@pytest.mark.parametrize("chunk", [1, 2_000])
def test_an_erased_detail_is_said(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(verifications, "CHUNK", chunk)
    officer = Worker(log_reference="u:CCCCCCCCCCCCCCCCCCCCCC")
    with transaction.atomic():
        for code in ("case_file.read", "visit.recorded"):
            log.record(Event.AUDIT_SEARCHED, by=WORKER, detail={"filters": f"event={code}"})
    number = LoggedEvent.objects.latest("id").id
    sequence_all()
    actions.erase_detail(by=officer, number=number, purpose="subject-request")
    result = verify()
    assert (result.is_good, result.erased) == (True, 1), result
    sequence_all()
    out = StringIO()
    call_command("verify_audit_log", stdout=out)
    assert "Details erased, as events say: 1\n" in out.getvalue()
    (left,) = Detail.objects.all()
    said = LoggedEvent.objects.get(event="event_detail.erased")
    assert (said.subject != str(left.ev), said.purpose) == (True, "subject-request")
    # Nobody puts another one in its place.
    forged = [said.subject if IS_POSTGRESQL else str(said.subject).replace("-", ""), bytes(32)]

    def change(execute: Execute) -> None:
        execute("INSERT INTO audit_detail (ev, salt, body) VALUES (?, ?, ?)", *forged, b"{}")

    assert tampered(full_log, change).problem == f"The detail of event {number} is another one."


def test_a_missing_guard_is_said_before_anything_else(full_log: RealCommits) -> None:
    with raw(full_log) as execute:
        if IS_POSTGRESQL:
            execute("ALTER TABLE audit_event DISABLE TRIGGER an_event_is_never_deleted")
        else:
            execute("DROP TRIGGER an_event_is_never_deleted")
    result = verify()
    assert result.kind is Kind.UNGUARDED
    assert "an_event_is_never_deleted" in result.problem
    with pytest.raises(SystemExit) as answer:
        call_command("verify_audit_log", stdout=StringIO(), stderr=StringIO())
    assert answer.value.code == 3


def test_a_database_that_cannot_read_the_log_is_said(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_using: str) -> None:
        raise OperationalError

    monkeypatch.setattr(verifications, "latest", broken)
    result = verify()
    assert (result.kind, result.problem) == (
        Kind.UNREADABLE,
        "The database cannot read the log: OperationalError.",
    )


def test_the_newest_part_alone_can_be_verified(full_log: RealCommits) -> None:
    result = verify(newest=100)
    assert (result.is_good, result.size) == (True, SIZE)
    # From the tile on in which the newest hundred begin.
    assert result.checked == SIZE - WIDTH
    # What lies left of it is taken for granted, but a change there shows nowhere else.
    assert tampered(full_log, lambda execute: forge(execute, 100)).kind is Kind.ALTERED
    assert verify(newest=100).is_good


def test_the_newest_part_needs_the_tiles_before_it(full_log: RealCommits) -> None:
    result = tampered(full_log, lambda execute: execute("DELETE FROM audit_tile WHERE idx = 0"))
    assert result.problem == "Tile 0/0 is missing."
    assert verify(newest=100).problem == "A tile before leaf 256 is missing."


def test_the_command_says_that_all_is_well_and_records_that_it_looked(
    full_log: RealCommits,
) -> None:
    out = StringIO()
    call_command("verify_audit_log", newest=10, stdout=out)
    assert "Everything is as it was written." in out.getvalue()
    assert bytes(Checkpoint.objects.get(size=SIZE).root).hex() in out.getvalue()
    last = LoggedEvent.objects.order_by("-id")[0]
    assert (last.event, last.actor, last.outcome) == ("audit.verified", "s:verify", "ok")


def test_the_command_refuses_a_root_it_cannot_read() -> None:
    for pin in ("400", "x:00", "400:zz", "400:"):
        with pytest.raises(CommandError, match="size:hexadecimal"):
            call_command("verify_audit_log", pinned=[pin])


def test_a_page_verifies_only_what_somebody_can_wait_for(
    full_log: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert actions.verify_now(by=WORKER).checked == SIZE
    monkeypatch.setattr(actions, "NEWEST", 100)
    assert actions.verify_now(by=WORKER).checked < SIZE
    rules = [
        json.loads(event.body)["dec"]["rule"]
        for event in LoggedEvent.objects.filter(event="audit.verified").order_by("id")
    ]
    assert rules == ["everything", "newest"]
    assert checkpoints.sequence_once(NOW) == 2
