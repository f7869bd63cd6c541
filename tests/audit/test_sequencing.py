"""Committed events become leaves, tiles and roots, each exactly once, whoever else is writing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from django.db import connections, transaction

from audit import checkpoints, log, merkle
from audit.entries import build
from audit.events import Event, Outcome
from audit.models import Checkpoint, Leaf, LoggedEvent, Tile
from audit.trees import WIDTH, Edge, load_edge
from audit.verifications import verify
from kpm.database import commit_orders
from tests.audit.attackers import raw
from tests.audit.things import FILE, NOW, WORKER, File, sequence_all, write_events
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL
from tests.threads import at_once


def test_events_become_leaves_in_the_order_of_their_commits(real_commits: RealCommits) -> None:
    write_events(3)
    assert sequence_all() == 3
    bodies = list(LoggedEvent.objects.order_by("id").values_list("body", flat=True))
    leaves = [merkle.leaf_hash(body.encode()) for body in bodies]
    assert [bytes(leaf.hash) for leaf in Leaf.objects.order_by("leaf_index")] == leaves
    last = Checkpoint.objects.get(size=3)
    assert bytes(last.root) == merkle.root(leaves)
    assert last.at == "2026-11-24T08:00:00.000000Z"
    assert last.note == ""
    assert sequence_all() == 0


def test_moments_on_record_are_in_utc(real_commits: RealCommits) -> None:
    write_events(1)
    checkpoints.sequence_once(datetime(2026, 11, 24, 23, 0, tzinfo=UTC))
    assert Checkpoint.objects.get().at == "2026-11-24T23:00:00.000000Z"


def test_the_tree_goes_on_after_a_restart(
    real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "BATCH", 100)
    write_events(2 * WIDTH + 30)
    while checkpoints.sequence_once(NOW):
        checkpoints._kept.clear()
    assert Tile.objects.count() == 2
    assert verify().is_good
    write_events(WIDTH)
    checkpoints._kept.clear()
    assert sequence_all() == WIDTH
    result = verify()
    assert (result.is_good, result.size, result.waiting) == (True, 3 * WIDTH + 30, 0), result


def test_an_edge_read_back_goes_on_like_the_one_that_was_kept(real_commits: RealCommits) -> None:
    """Past 65,536 leaves tiles of the second level are finished as well."""
    edge = Edge()
    rows: list[Leaf] = []
    tiles: list[Tile] = []
    size = WIDTH * WIDTH + 3 * WIDTH + 5
    for index in range(size):
        leaf = merkle.leaf_hash(str(index).encode())
        rows.append(Leaf(leaf_index=index, event_id=index + 1, hash=leaf))
        tiles += [Tile(level=level, idx=idx, data=data) for level, idx, data in edge.append(leaf)]
    # All that the edge needs: the leaves of the last tile and every finished one.
    Leaf.objects.using("sequencer").bulk_create(rows[-5:])
    Tile.objects.using("sequencer").bulk_create(tiles)
    assert Tile.objects.filter(level=1).count() == 1
    back = load_edge("default", size)
    assert back.root() == edge.root() == merkle.root(bytes(row.hash) for row in rows)
    for index in range(300):
        leaf = merkle.leaf_hash(str(-index).encode())
        assert list(back.append(leaf)) == list(edge.append(leaf))
    assert back.root() == edge.root()


def test_a_second_sequencer_finds_the_place_taken(
    real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(5)
    prepared = commit_orders.after(connections["default"], commit_orders.Place(), 10)
    assert sequence_all() == 5
    # It had read and hashed before the first one was done.
    monkeypatch.setattr(commit_orders, "after", lambda *_: prepared)
    answers: Iterator[Any] = iter([None, checkpoints.latest()])
    monkeypatch.setattr(checkpoints, "latest", lambda: next(answers))
    assert checkpoints.sequence_once(NOW) == 0
    assert Leaf.objects.count() == 5


def write_some(number: int) -> set[str]:
    """Forty transactions of one to three events, one in five rolled back; what was committed."""
    committed: set[str] = set()
    for turn in range(40):
        reference = f"w{number}-{turn:03}"
        with suppress(ZeroDivisionError), transaction.atomic():
            for part in range(1 + (number + turn) % 3):
                log.record(Event.CASE_FILE_OPENED, by=WORKER, target=File(f"{reference}-{part}"))
            if (number * 7 + turn) % 5 == 0:
                raise ZeroDivisionError
            committed.add(reference)
    return committed


def test_writers_and_rollbacks_at_the_same_time_lose_and_double_nothing(
    real_commits: RealCommits,
) -> None:
    """Eight writers, and two sequencers all the while."""
    is_over = Flag()

    def sequence() -> None:
        while not is_over.is_set():
            checkpoints.sequence_once(NOW)
        connections.close_all()

    sequencers = [Thread(target=sequence) for _ in range(2)]
    for thread in sequencers:
        thread.start()
    written = at_once(8, write_some)
    is_over.set()
    for thread in sequencers:
        thread.join()
    sequence_all()
    taken = list(Leaf.objects.order_by("event_id").values_list("event_id", flat=True))
    assert taken == list(LoggedEvent.objects.order_by("id").values_list("id", flat=True))
    subjects = LoggedEvent.objects.values_list("subject", flat=True)
    committed = [one for one in written if isinstance(one, set)]
    assert {str(subject)[:-2] for subject in subjects} == set().union(*committed)
    assert len(committed) == 8
    assert verify().is_good


@contextmanager
def another_transaction() -> Iterator[None]:
    """Somebody else's transaction, which has written an event and stays open inside."""
    has_written, may_end = Flag(), Flag()

    def work() -> None:
        with transaction.atomic():
            log.record(Event.CASE_FILE_READ, by=WORKER, target=File("slow"))
            has_written.set()
            may_end.wait()
        connections.close_all()

    thread = Thread(target=work)
    thread.start()
    has_written.wait()
    try:
        yield
    finally:
        may_end.set()
        thread.join()


if IS_POSTGRESQL:

    def test_events_wait_for_transactions_that_began_before_them(
        real_commits: RealCommits,
    ) -> None:
        with another_transaction():
            write_events(3)
            assert LoggedEvent.objects.count() == 3
            assert sequence_all() == 0
        assert sequence_all() == 4
        first = LoggedEvent.objects.get(id=Leaf.objects.get(leaf_index=0).event_id)
        assert first.subject == "slow"

    def test_only_the_leader_writes(real_commits: RealCommits) -> None:
        write_events(3)
        with raw(real_commits, user="kpm_sequencer") as execute:
            execute("BEGIN")
            execute("SELECT pg_advisory_xact_lock(?)", commit_orders.LEADER)
            assert checkpoints.sequence_once(NOW) == 0
            execute("COMMIT")
        assert checkpoints.sequence_once(NOW) == 3

    def test_transaction_numbers_are_compared_as_numbers(real_commits: RealCommits) -> None:
        """Sorted as text, 1000 would come before 999."""
        with raw(real_commits) as execute:
            for xid in ("9", "10", "99", "100"):
                execute(
                    "INSERT INTO audit_event (body, xid) SELECT ?, ?::xid8",
                    body_of(f"x{xid}"),
                    xid,
                )
        sequence_all()
        order = [
            LoggedEvent.objects.get(id=leaf.event_id).subject
            for leaf in Leaf.objects.order_by("leaf_index")
        ]
        assert order == ["x9", "x10", "x99", "x100"]

    def body_of(reference: str) -> str:
        """The body of an event about this."""
        entry = build(
            Event.CASE_FILE_OPENED,
            by=WORKER,
            target=File(reference),
            outcome=Outcome.OK,
            origin=log.Context(),
        )
        return entry.texts[0]

    def test_after_a_restore_into_another_cluster_nothing_is_passed_over(
        real_commits: RealCommits,
    ) -> None:
        """There transaction numbers begin again, far below those that the log has seen."""
        write_events(5)
        sequence_all()
        with raw(real_commits) as execute:
            # What the dump brought: taken in and not yet taken in, with numbers of the old place.
            execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
            execute("ALTER TABLE audit_epoch DISABLE TRIGGER USER")
            execute("UPDATE audit_checkpoint SET xid = 9000000000")
            execute("UPDATE audit_epoch SET system_identifier = 'another', xid = '8000000000'")
            execute("INSERT INTO audit_event (body, xid) VALUES (?, '9000000001')", body_of("old"))
            execute(
                "ALTER TABLE audit_checkpoint ENABLE ALWAYS TRIGGER a_checkpoint_is_never_changed"
            )
        write_events(2, target=File("before"))
        # The first round only notices where it is.
        assert checkpoints.sequence_once(NOW) == 0
        write_events(2, target=File("after"))
        assert sequence_all() == 5
        assert sorted(Leaf.objects.values_list("event_id", flat=True)) == sorted(
            LoggedEvent.objects.values_list("id", flat=True)
        )
        last = checkpoints.latest()
        assert last is not None
        assert last.epoch == 2
        write_events(1)
        assert sequence_all() == 1

    def test_a_new_epoch_waits_for_whoever_still_writes_under_the_old_one(
        real_commits: RealCommits,
    ) -> None:
        write_events(1)
        sequence_all()
        with another_transaction():
            with raw(real_commits) as execute:
                execute(
                    "INSERT INTO audit_epoch (epoch, system_identifier) "
                    "SELECT 2, system_identifier::text FROM pg_control_system()"
                )
            write_events(1)
            assert sequence_all() == 0
            assert commit_orders.left_out(connections["default"], commit_orders.Place()) is None
        assert sequence_all() == 2

    def test_transaction_numbers_that_went_back_in_one_cluster_are_noticed_too(
        real_commits: RealCommits,
    ) -> None:
        write_events(1)
        sequence_all()
        with raw(real_commits) as execute:
            execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER USER")
            execute("UPDATE audit_checkpoint SET xid = 9000000000")
        write_events(1)
        assert checkpoints.sequence_once(NOW) == 0
        assert sequence_all() == 1

else:

    def test_ids_follow_commits(real_commits: RealCommits) -> None:
        """A writer waits for the one before, so a smaller id is never committed later."""
        with another_transaction():
            assert sequence_all() == 0
        write_events(2)
        assert sequence_all() == 3
        rows = LoggedEvent.objects.order_by("id").values_list("body", flat=True)
        assert json.loads(rows[0])["o"] == "slow"
        assert json.loads(rows[1])["o"] == FILE.log_reference
