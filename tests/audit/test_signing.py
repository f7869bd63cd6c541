"""The log signs its checkpoints, and what an old key signed stays good."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from audit import actions, checkpoints, log, notes, signers, tree_heads
from audit.leaves import Kind
from audit.models import Checkpoint, LoggedEvent, LogKey
from audit.notes import VerifierKey
from audit.verifications import verify
from kpm.vault import keys
from kpm.vault.errors import KeysUnavailable
from kpm.vault.models import ScopeKey
from tests.audit.attackers import Execute, unguarded
from tests.audit.things import NOW, WORKER, sequence_all, write_events
from tests.conftest import RealCommits

BY = log.System("keys")


@pytest.fixture
def signed_log(real_commits: RealCommits) -> RealCommits:
    """A log with a key and twelve events, the first of which is about the key."""
    actions.start_key(by=BY, now=NOW)
    write_events(11)
    sequence_all()
    return real_commits


def last_note() -> notes.Note:
    last = checkpoints.latest()
    assert last is not None
    return notes.parse(last.note)


def test_a_checkpoint_is_signed_under_the_name_of_the_log(signed_log: RealCommits) -> None:
    (key,) = signers.known()
    assert last_note().verified([key]) == [key]
    head = tree_heads.parse(last_note().text)
    last = Checkpoint.objects.get(size=12)
    assert (head.size, head.root, head.extensions) == (12, bytes(last.root), ())
    assert head.origin == key.name
    assert head.origin.startswith("audit.127.0.0.1/")
    assert len(head.origin.rpartition("/")[2]) == 36
    assert str(LogKey.objects.get()) == str(key)


def test_the_private_half_is_sealed(signed_log: RealCommits) -> None:
    row = ScopeKey.objects.get(scope=signers.SCOPE)
    seed = keys.ring.scope_key(signers.SCOPE, "signing").material
    assert seed not in bytes(row.wrapped)
    for alias in ("default", "keys"):
        place = Path(signed_log.names[alias])
        if place.exists():
            assert seed not in place.read_bytes()
            assert seed not in place.with_name(f"{place.name}-wal").read_bytes()


def test_the_event_of_a_key_says_which(signed_log: RealCommits) -> None:
    event = LoggedEvent.objects.order_by("id")[0]
    (key,) = signers.known()
    assert (event.event, event.actor) == ("log_key.started", "s:keys")
    assert event.subject == signers.KeyOfTheLog(key).log_reference
    assert event.subject.startswith("ed25519:")


def test_a_log_without_a_key_is_not_signed_and_one_that_had_it_later_is_good(
    real_commits: RealCommits,
) -> None:
    write_events(2)
    sequence_all()
    assert checkpoints.latest().note == ""
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    assert last_note().signatures
    assert verify().is_good


def test_a_key_is_made_once(signed_log: RealCommits) -> None:
    assert actions.start_missing_key(by=BY, now=NOW) is None
    told = StringIO()
    call_command("create_keys", stdout=told)
    assert told.getvalue() == "All keys are there.\n"


def test_the_command_makes_the_key_and_says_it(real_commits: RealCommits) -> None:
    told = StringIO()
    call_command("create_keys", stdout=told)
    (key,) = signers.known()
    assert told.getvalue() == (
        f"Made: key of the log 1.\nGive this to whoever checks the log from outside: {key}\n"
    )


def test_a_new_key_is_vouched_for_by_the_old_one(signed_log: RealCommits) -> None:
    (old,) = signers.known()
    told = StringIO()
    call_command("rotate_log_key", stdout=told)
    known, new = signers.known()
    assert known == old
    assert str(new) in told.getvalue()
    note = notes.parse(LogKey.objects.get(generation=2).note)
    assert note.verified([old, new]) == [old, new]
    assert note.text == f"{old.name}\nkey 2\n{new}\n"
    with pytest.raises(notes.Malformed):
        tree_heads.parse(note.text)

    # Both sign the tree in which the new one begins, then the new one alone.
    assert sequence_all() == 1
    assert last_note().verified([old, new]) == [old, new]
    write_events(1)
    assert sequence_all() == 1
    assert last_note().verified([old, new]) == [new]
    with pytest.raises(notes.NotSigned):
        last_note().verified([old])
    assert verify().is_good


def test_a_key_is_rotated_only_where_there_is_one(real_commits: RealCommits) -> None:
    with pytest.raises(CommandError, match="create_keys"):
        call_command("rotate_log_key")


def test_whoever_was_interrupted_finds_the_seed_again(real_commits: RealCommits) -> None:
    seed = keys.ring.make_scope_key(signers.SCOPE, "signing", 1).material
    key = actions.start_key(by=BY, now=NOW)
    assert key.public == notes.signatures.public_key(seed)


def test_without_its_seed_the_log_waits_and_nothing_goes_unsigned(
    signed_log: RealCommits, settings: Any, tmp_path: Path
) -> None:
    keys.ring.forget()
    settings.KPM_ROOT_KEY_FILE = tmp_path / "gone"
    write_events(1)
    for attempt in (
        lambda: checkpoints.sequence_once(NOW),
        lambda: actions.start_key(by=BY, now=NOW),
    ):
        with pytest.raises(KeysUnavailable):
            attempt()
    for command in ("create_keys", "rotate_log_key"):
        with pytest.raises(CommandError):
            call_command(command)
    assert Checkpoint.objects.count() == 1
    assert LogKey.objects.count() == 1


def test_somebody_elses_key_on_record_is_not_signed_with(real_commits: RealCommits) -> None:
    foreign = VerifierKey("audit.example.org/x", bytes(32))
    LogKey.objects.using("sequencer").create(generation=1, vkey=str(foreign), note="", at="")
    keys.ring.make_scope_key(signers.SCOPE, "signing", 1)
    write_events(1)
    with pytest.raises(KeysUnavailable, match="not ours"):
        checkpoints.sequence_once(NOW)


def test_a_name_that_no_key_can_have_is_refused(real_commits: RealCommits, settings: Any) -> None:
    settings.KPM_SITE_NAME = "our county"
    with pytest.raises(ImproperlyConfigured, match="KPM_SITE_NAME"):
        actions.start_key(by=BY, now=NOW)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE audit_checkpoint SET note = replace(note, '12', '13') WHERE size = 12",
            "The checkpoint of 12 events is not signed as it was.",
        ),
        (
            "UPDATE audit_checkpoint SET note = '' WHERE size = 13",
            "The checkpoint of 13 events is not signed as it was.",
        ),
        (
            "UPDATE audit_checkpoint SET note = "
            "(SELECT note FROM audit_checkpoint WHERE size = 12) WHERE size = 13",
            "The checkpoint of 13 events is not signed as it was.",
        ),
        (
            "UPDATE audit_key SET vkey = replace(vkey, '+', '-')",
            "Key 1 of the log is not the one that was started.",
        ),
        (
            "UPDATE audit_key SET note = (SELECT note FROM audit_key WHERE generation = 1) "
            "WHERE generation = 2",
            "Key 2 of the log is not the one that was started.",
        ),
        (
            "DELETE FROM audit_key WHERE generation = 1",
            "Key 2 of the log is not the one that was started.",
        ),
        (
            "DELETE FROM audit_key WHERE generation = 2",
            "The checkpoint of 14 events is not signed as it was.",
        ),
    ],
)
def test_what_was_done_to_notes_and_keys_is_found(
    signed_log: RealCommits, statement: str, problem: str
) -> None:
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    write_events(1)
    sequence_all()
    assert verify().is_good
    with unguarded(signed_log) as execute:
        execute(statement)
    result = verify()
    assert (result.kind, result.problem) == (Kind.ALTERED, problem)


def resigned(execute: Execute) -> None:
    """Somebody with the database and a key of their own starts the log again."""
    seed = bytes(32)
    (row,) = execute("SELECT vkey FROM audit_key")
    key = VerifierKey(VerifierKey.parse(row[0]).name, notes.signatures.public_key(seed))
    text = signers.key_text(key, 1)
    execute(
        "UPDATE audit_key SET vkey = ?, note = ?", str(key), str(notes.sign(text, key.name, seed))
    )
    for size, note in execute("SELECT size, note FROM audit_checkpoint"):
        forged = str(notes.sign(notes.parse(note).text, key.name, seed))
        execute("UPDATE audit_checkpoint SET note = ? WHERE size = ?", forged, size)


def test_a_note_kept_elsewhere_shows_what_was_done_with_every_key_and_hash(
    signed_log: RealCommits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "checkpoint"
    kept.write_text(str(last_note()), encoding="utf-8")
    write_events(3)
    checkpoints.sequence_once(NOW + timedelta(seconds=1))
    call_command("verify_audit_log", since=[kept])
    assert "Everything is as it was written." in capsys.readouterr().out
    with unguarded(signed_log) as execute:
        resigned(execute)
    assert verify().is_good
    with pytest.raises(CommandError, match="not signed by a key of this log") as refusal:
        call_command("verify_audit_log", since=[kept])
    assert refusal.value.returncode == 3


def test_a_note_kept_elsewhere_shows_an_end_that_was_cut_off(
    signed_log: RealCommits, tmp_path: Path
) -> None:
    kept = tmp_path / "checkpoint"
    kept.write_text(str(last_note()), encoding="utf-8")
    with unguarded(signed_log) as execute:
        for table in ("audit_leaf", "audit_checkpoint", "audit_event"):
            execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    write_events(5, by=WORKER)
    sequence_all()
    errors = StringIO()
    with pytest.raises(SystemExit) as answer:
        call_command("verify_audit_log", since=[kept], stdout=StringIO(), stderr=errors)
    assert (answer.value.code, errors.getvalue()) == (1, "Leaf 5 is missing.\n")


def test_a_file_without_a_checkpoint_is_refused(real_commits: RealCommits, tmp_path: Path) -> None:
    path = tmp_path / "note"
    contents = [b"nothing", b"\xff", str(notes.sign("a\n", "b", bytes(32))).encode()]
    for text in contents:
        path.write_bytes(text)
        with pytest.raises(CommandError, match="holds no checkpoint") as refusal:
            call_command("verify_audit_log", since=[path])
        assert refusal.value.returncode == 2
    with pytest.raises(CommandError, match="holds no checkpoint"):
        call_command("verify_audit_log", since=[tmp_path / "gone"])
