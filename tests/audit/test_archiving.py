"""Old events leave the database for an archive; nothing that stays is proved less by it."""

# ruff: noqa: S608 the names in the statements stand in this file

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from audit import (
    actions,
    archiving,
    entries,
    leaves,
    log,
    offline,
    proofs,
    retention,
)
from audit.bodies import moment, parse
from audit.events import Event
from audit.leaves import Kind
from audit.models import Detail, Leaf, LoggedEvent, Subject, Tile
from audit.states import state
from audit.trees import WIDTH
from audit.verifications import verify
from kpm.database import guards, log_volumes
from kpm.errors import Refused
from tests.audit.attackers import raw, unguarded
from tests.audit.things import NOW, WORKER, File, sequence_all, write_events
from tests.conftest import RealCommits
from tests.settings import IS_POSTGRESQL, OWNER

BY = log.System("archive")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2021, 1, 1, tzinfo=UTC)
BEFORE = datetime(2020, 7, 1, tzinfo=UTC)
OLD = 2 * WIDTH + 10
# PostgreSQL lets a volume go as it is, SQLite what fills whole tiles.
GONE = OLD if IS_POSTGRESQL else 2 * WIDTH


@contextmanager
def written_at(at: datetime) -> Iterator[None]:
    """Events are written as if it were then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entries, "moment", lambda _now: moment(at))
        yield


@pytest.fixture
def old_log(
    real_commits: RealCommits, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> RealCommits:
    """A volume of 2020, events of 2021 behind it, and a day of now."""
    settings.DATA_DIR = str(tmp_path / "data")
    if IS_POSTGRESQL:
        server = connections.settings["default"]
        settings.KPM_OWNER_DATABASE, settings.KPM_OWNER_KEYS_DATABASE = (
            f"host={server['HOST']} port={server['PORT']} user={OWNER} dbname={name}"
            for name in (real_commits.names["default"], real_commits.names["keys"])
        )
    monkeypatch.setattr(log_volumes, "VOLUME", WIDTH)
    with written_at(LONG_AGO):
        actions.start_key(by=BY, now=NOW)
        with transaction.atomic():
            log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=[File("a"), File("b")])
            log.record(Event.SEARCH_RUN, by=WORKER, detail={"filters": "x"})
        write_events(OLD - 3)
    with log_volumes.as_owner() as connection:
        log_volumes.close_full(connection)
    with written_at(LATER):
        write_events(WIDTH)
    write_events(20)
    sequence_all()
    return real_commits


def archived(directory: Path, before: datetime = BEFORE) -> archiving.Archived:
    return archiving.archive(by=BY, directory=directory, before=before, now=NOW)


def counts() -> dict[str, int]:
    return {
        model.__name__: model.objects.using("auditor").count()
        for model in (LoggedEvent, Leaf, Subject, Detail, Tile)
    }


def test_what_is_older_leaves_whole_and_the_rest_stays_proved(
    old_log: RealCommits, tmp_path: Path
) -> None:
    before = counts()
    size = before["LoggedEvent"]
    root = verify().root
    done = archived(tmp_path / "archive")
    assert done.gone == GONE
    left = counts()
    # What leaves: events with their leaves, names and details. What comes: three events about it.
    assert left["LoggedEvent"] == left["Leaf"] == size - GONE + 3
    assert (before["Subject"], left["Subject"]) == (2, 0)
    assert (before["Detail"], left["Detail"]) == (1, 0)
    assert left["Tile"] >= before["Tile"]
    sequence_all()
    assert guards.missing(connections["default"]) == []
    result = verify(pinned={size: root})
    assert result.is_good, result.problem
    assert (result.archived, result.waiting) == (GONE, 0)
    read = verify(archive=tmp_path / "archive", pinned={size: root})
    assert (read.is_good, read.archived) == (True, GONE)


def test_the_archive_can_be_verified_by_anybody_and_goes_on_growing(
    old_log: RealCommits, tmp_path: Path
) -> None:
    archived(tmp_path)
    vkey = (tmp_path / "vkey").read_text().strip()
    assert offline.main(["log", str(tmp_path), "--vkey", vkey]) == 0
    write_events(2 * WIDTH)
    sequence_all()
    out = StringIO()
    call_command("export_audit_log", tmp_path, stdout=out)
    assert offline.main(["log", str(tmp_path), "--vkey", vkey]) == 0
    with pytest.raises(CommandError, match="lie in an archive"):
        call_command("export_audit_log", tmp_path / "another", stdout=out)


def test_an_event_that_stays_is_proved_as_before(old_log: RealCommits, tmp_path: Path) -> None:
    row = LoggedEvent.objects.order_by("-id")[5]
    archived(tmp_path)
    sequence_all()
    body, proof = proofs.of_event(UUID(parse(row.body)["ev"]))
    assert body == row.body
    (tmp_path / "event").write_text(body)
    (tmp_path / "proof").write_text(str(proof))
    words = [str(tmp_path / "event"), str(tmp_path / "proof")]
    vkey = (tmp_path / "vkey").read_text().strip()
    assert offline.main(["proof", *words, "--vkey", vkey]) == 0


def test_archiving_twice_takes_nothing_twice(old_log: RealCommits, tmp_path: Path) -> None:
    assert archived(tmp_path).gone == GONE
    said = LoggedEvent.objects.filter(event=Event.LOG_ARCHIVED).count()
    assert archived(tmp_path).gone == 0
    assert LoggedEvent.objects.filter(event=Event.LOG_ARCHIVED).count() == said == 1


def test_what_was_cut_off_is_gone_on_with(
    old_log: RealCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: Any) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(log_volumes, "take_away", killed)
        with pytest.raises(Killed):
            archived(tmp_path)
    sequence_all()
    assert verify().is_good
    assert archived(tmp_path).gone == GONE
    sequence_all()
    assert verify(archive=tmp_path).is_good


def test_an_archive_that_was_changed_is_found(old_log: RealCommits, tmp_path: Path) -> None:
    archived(tmp_path)
    sequence_all()
    bundle = tmp_path / "tile/entries/001"
    data = bundle.read_bytes()
    bundle.write_bytes(data.replace(b"case_file.opened", b"case_file.listed", 1))
    retention._bundle.cache_clear()
    result = verify(archive=tmp_path)
    assert (result.kind, result.problem) == (
        Kind.ALTERED,
        f"The archive holds another entry {WIDTH}.",
    )
    with pytest.raises(Exception, match="another entry"):
        archived(tmp_path)


def test_nothing_leaves_an_archive_that_is_not_whole(
    old_log: RealCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = actions.export

    def spoiled(**given: Any) -> Any:
        done = real(**given)
        (tmp_path / "tile/entries/000").write_bytes(b"")
        return done

    monkeypatch.setattr(archiving, "export", spoiled)
    with pytest.raises(Exception, match="The archive is not whole"):
        archived(tmp_path)
    assert not LoggedEvent.objects.filter(event=Event.LOG_ARCHIVED).exists()
    assert counts()["LoggedEvent"] > OLD


def test_nothing_leaves_a_log_that_was_altered(old_log: RealCommits, tmp_path: Path) -> None:
    with unguarded(old_log) as execute:
        execute("UPDATE audit_leaf SET hash = ? WHERE leaf_index = 600", bytes(32))
    with pytest.raises(Exception, match="is not what leaf 600"):
        archived(tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def test_events_of_the_last_three_years_never_leave(old_log: RealCommits, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="three years at least"):
        call_command("archive_audit_log", tmp_path, "--before", "2025-01-01")
    with pytest.raises(CommandError, match="year-month-day"):
        call_command("archive_audit_log", tmp_path, "--before", "2020-13-01")
    out = StringIO()
    call_command("archive_audit_log", tmp_path, "--before", "2020-07-01", stdout=out)
    assert f"taken out of the database: {GONE}\n" in out.getvalue()
    call_command("archive_audit_log", tmp_path, stdout=out)
    # The second volume of PostgreSQL is still the running one.
    rest = 0 if IS_POSTGRESQL else WIDTH
    assert f"taken out of the database: {rest}\n" in out.getvalue()


def test_whoever_forges_the_event_that_lets_go_is_found(
    old_log: RealCommits, tmp_path: Path
) -> None:
    """It can be written by whoever can write events; what it lets go must have been old by then."""
    write_events(WIDTH)
    with transaction.atomic():
        log.record(Event.LOG_ARCHIVED, by=BY, count=4 * WIDTH)
    sequence_all()
    said = LoggedEvent.objects.get(event=Event.LOG_ARCHIVED).id
    result = verify()
    assert (result.kind, result.problem) == (
        Kind.ALTERED,
        f"Event {said} lets others go that have to stay.",
    )


def test_the_event_lets_nothing_go_that_was_never_there(old_log: RealCommits) -> None:
    with transaction.atomic():
        log.record(Event.LOG_ARCHIVED, by=BY, count=10_000 * WIDTH)
    sequence_all()
    assert "lets others go that have to stay" in verify().problem


def test_where_the_sequencer_stands_still_nothing_leaves(
    old_log: RealCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(archiving, "PATIENCE", -1)
        patch.setattr(archiving, "sequence_once", lambda _now: 0)
        with pytest.raises(Refused, match="nothing has left"):
            archived(tmp_path)
    assert counts()["LoggedEvent"] > OLD
    sequence_all()
    assert archived(tmp_path).gone == GONE


@pytest.mark.parametrize("chunk", [WIDTH, 2_000])
def test_a_tile_that_is_gone_with_its_events_is_missed(
    old_log: RealCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    archived(tmp_path)
    sequence_all()
    with unguarded(old_log) as execute:
        execute("DELETE FROM audit_tile WHERE level = 0 AND idx = 0")
    monkeypatch.setattr(leaves, "CHUNK", chunk)
    assert verify().problem == "Leaf 0 is missing."


def test_what_only_leaving_events_sealed_is_read_out_of_them(old_log: RealCommits) -> None:
    tags = ["A" * 28, "B" * 28]
    with transaction.atomic():
        log.record(Event.CASE_FILE_CHANGED, by=WORKER, target=File("a"), carried=tags)
    last = LoggedEvent.objects.latest("id").id
    assert retention.carried(last + 1) == tags
    assert retention.carried(last) == []


def test_what_is_gone_without_that_event_is_missed(old_log: RealCommits) -> None:
    with log_volumes.as_owner() as connection:
        leaving = retention.leaving(BEFORE, NOW, connection)
        assert leaving is not None
        assert log_volumes.take_away(connection, leaving.bound) == GONE
    assert verify().problem == "Leaf 0 is missing."


def test_what_archived_events_sealed_is_carried_on(old_log: RealCommits, tmp_path: Path) -> None:
    """Rows that only old events wrote are compared as before."""
    place = retention.Rows()
    tags = ["A" * 28, "B" * 28]
    place.take(5, {"act": "case_file.changed", "t": tags})
    place.take(90, {"act": "case_file.changed", "t": ["B" * 28]})
    assert place.tags_before(90) == ["A" * 28]
    # What was carried on yields to whatever wrote the row meanwhile, and is carried on again.
    place = retention.Rows()
    place.take(90, {"act": "case_file.changed", "t": ["B" * 28]})
    place.take(100, {"act": "log.archived", "t": ["A" * 28, "B" * 12 + "C" * 16]})
    assert place.tags_before(100) == ["B" * 28]
    assert place.tags_before(101) == ["A" * 28, "B" * 28]


def test_an_event_carries_what_it_is_told_to(old_log: RealCommits, tmp_path: Path) -> None:
    with transaction.atomic():
        log.record(Event.LOG_ARCHIVED, by=BY, count=0, carried=["A" * 28])
    assert parse(LoggedEvent.objects.get(event=Event.LOG_ARCHIVED).body)["t"] == ["A" * 28]


def test_the_badge_says_since_when_events_are_here(old_log: RealCommits, tmp_path: Path) -> None:
    assert state(NOW).kept_since is None
    archived(tmp_path)
    sequence_all()
    assert state(NOW).kept_since == (LATER if IS_POSTGRESQL else LONG_AGO)


def test_the_command_that_verifies_says_what_lies_in_the_archive(
    old_log: RealCommits, tmp_path: Path
) -> None:
    archived(tmp_path)
    for words, options in (
        ("in an archive, and known here by their hashes", []),
        ("in the archive, and read there", ["--archive", tmp_path]),
    ):
        sequence_all()
        out = StringIO()
        call_command("verify_audit_log", *options, stdout=out)
        assert f"Of these {words}: {GONE}" in out.getvalue()


if IS_POSTGRESQL:

    def test_only_the_running_volume_takes_events_and_each_is_guarded(
        old_log: RealCommits,
    ) -> None:
        with raw(old_log, user="kpm_app") as execute:
            for volume in ("audit_event_1", "audit_subject_2"):
                with pytest.raises(Exception, match="permission denied"):
                    execute(f"SELECT * FROM {volume}")
        with raw(old_log) as execute:
            for volume in ("audit_event_1", "audit_event_2", "audit_subject_1"):
                for act in ("TRUNCATE", "DELETE FROM"):
                    with pytest.raises(Exception, match=r"is_never_(emptied|deleted)"):
                        execute(f"{act} {volume}")
            execute("ALTER TABLE audit_event_2 DISABLE TRIGGER an_event_is_never_emptied")
        assert guards.missing(connections["default"]) == ["an_event_is_never_emptied"]

    def test_a_volume_that_is_not_full_goes_on(old_log: RealCommits) -> None:
        with log_volumes.as_owner() as connection:
            assert log_volumes.close_full(connection)
            assert not log_volumes.close_full(connection)

else:

    def test_sqlite_lets_events_go_in_pieces(
        old_log: RealCommits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(log_volumes, "PIECE", 100)
        assert archived(tmp_path).gone == GONE
        sequence_all()
        assert verify(archive=tmp_path).is_good
