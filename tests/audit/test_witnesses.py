"""Others see the roots of the log, and say so when it does not go on from what they saw."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from audit import actions, log, notes, offline, proofs, signers, witnesses
from audit.models import Attestation, Checkpoint, LoggedEvent
from audit.notes import VerifierKey
from audit.states import state
from audit.witnesses import Contradicted, Unwilling
from kpm.jobs.registers import SWEEPS
from kpm.vault import signatures
from tests.audit.attackers import unguarded
from tests.audit.known import vectors
from tests.audit.test_exports import exported
from tests.audit.test_proofs import name_of
from tests.audit.things import NOW, sequence_all, write_events
from tests.audit.witness import SEED, Witness, served
from tests.conftest import RealCommits

BY = log.System("verify")
DIALOGUE = vectors("witness/add_checkpoint")


@pytest.fixture
def signed_log(real_commits: RealCommits) -> RealCommits:
    """Ten events under a key."""
    actions.start_key(by=BY, now=NOW)
    write_events(9)
    sequence_all()
    return real_commits


@pytest.fixture
def witness(signed_log: RealCommits, settings: Any) -> Iterator[Witness]:
    """A witness of this log, which this site knows."""
    made = Witness(signers.known())
    with served(made) as address:
        settings.KPM_WITNESSES = [f"{address}/", str(made.key)]
        yield made


@pytest.fixture
def place(signed_log: RealCommits, settings: Any, tmp_path: Path) -> Path:
    """A directory that keeps copies."""
    settings.KPM_WITNESS_DIR = str(tmp_path)
    return tmp_path


def show() -> int:
    return actions.show_root(by=BY, now=NOW)


def grow() -> None:
    write_events(5)
    sequence_all()


def test_the_witness_of_these_tests_is_one() -> None:
    known = Witness([VerifierKey.parse(DIALOGUE["log_vkey"])])
    answers = [known.add_checkpoint(each["body"].encode()) for each in DIALOGUE["requests"]]
    for (status, text), each in zip(answers, DIALOGUE["requests"], strict=True):
        # Of an unknown log it says 404 as the protocol now has it; of base64 in another
        # spelling that it cannot be read.
        assert status in {each["status"], *({404, 400} if each["status"] == 403 else ())}
        if status == 409:
            assert each["asserts"] == f'body == "{text[:-1]}\\n"'
        if status == 200:
            note = notes.parse(each["body"].partition("\n\n")[2] + text)
            assert known.key in note.verified([known.key])
    assert len(answers) == 9


def test_a_witness_cosigns_the_newest_root_and_each_after_it(witness: Witness) -> None:
    assert show() == 1
    row = Attestation.objects.get()
    assert (row.size, row.witness, str(row)) == (10, str(witness.key), f"10 {witness.key}")
    # Nothing new, nothing asked.
    assert show() == 1
    assert len(witness.asked) == 1
    grow()
    assert show() == 1
    assert witness.asked[-1].startswith(b"old 10\n")
    assert [row.size for row in Attestation.objects.order_by("size")] == [10, 15]
    note = proofs.with_cosignatures(Checkpoint.objects.get(size=15))
    (key,) = signers.known()
    assert set(note.verified([key, witness.key])) == {key, witness.key}


def test_proofs_and_exports_bear_what_witnesses_signed(
    witness: Witness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show()
    grow()
    event = LoggedEvent.objects.order_by("id")[3]
    body, proof = proofs.of_event(name_of(event))
    assert f"\n— {witness.name} " in proof.checkpoint
    assert "\n10\n" in proof.checkpoint
    (key,) = signers.known()
    asked = ["--vkey", str(key), "--witness", str(witness.key), "--quorum", "1"]
    (tmp_path / "event").write_text(body, encoding="utf-8")
    (tmp_path / "proof").write_text(str(proof), encoding="utf-8")
    assert offline.main(["proof", str(tmp_path / "event"), str(tmp_path / "proof"), *asked]) == 0
    exported(tmp_path / "seen", witnessed=True)
    assert offline.main(["log", str(tmp_path / "seen"), *asked]) == 0
    exported(tmp_path / "newest")
    assert offline.main(["log", str(tmp_path / "newest"), *asked]) == 3
    assert "fewer than 1" in capsys.readouterr().out


def test_a_witness_that_knows_more_or_less_than_we_remember_is_asked_again(
    witness: Witness,
) -> None:
    show()
    witness.seen.clear()
    grow()
    assert show() == 1
    assert [body.split(b"\n")[0] for body in witness.asked] == [b"old 0", b"old 10", b"old 0"]


def rewrite(commits: RealCommits) -> None:
    """Start again with the same key, and grow past where it was."""
    with unguarded(commits) as execute:
        for table in ("audit_leaf", "audit_checkpoint", "audit_event"):
            execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    write_events(12)
    sequence_all()


def test_a_rewritten_log_is_contradicted_and_that_is_an_event(
    witness: Witness, signed_log: RealCommits
) -> None:
    show()
    rewrite(signed_log)
    with pytest.raises(Contradicted, match="another log"):
        show()
    event = LoggedEvent.objects.order_by("-id")[0]
    assert (event.event, event.outcome) == ("audit.verified", "error")
    assert '"rule":"kept_elsewhere"' in event.body
    assert not state(NOW).is_good


def test_a_log_that_was_cut_is_contradicted_by_a_witness(
    witness: Witness, signed_log: RealCommits
) -> None:
    show()
    with unguarded(signed_log) as execute:
        execute("DELETE FROM audit_attestation")
        for table in ("audit_leaf", "audit_checkpoint", "audit_event"):
            execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    write_events(5)
    sequence_all()
    with pytest.raises(Contradicted, match="has seen 10 events, more than there are"):
        show()


def test_two_roots_of_one_size_are_contradicted(witness: Witness, signed_log: RealCommits) -> None:
    show()
    with unguarded(signed_log) as execute:
        execute("DELETE FROM audit_attestation")
        for table in ("audit_leaf", "audit_checkpoint", "audit_event"):
            execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    write_events(10)
    sequence_all()
    with pytest.raises(Contradicted, match="has seen another log"):
        show()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, "unknown log\n"), "answers 404"),
        ((403, "invalid signature\n"), "answers 403"),
        ((200, "— somebody AAAAAAAA\n"), "did not sign"),
        ((200, "nothing\n"), "Malformed"),
        ((409, "many\n"), "Malformed"),
    ],
)
def test_another_answer_is_none(
    witness: Witness, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str], words: str
) -> None:
    monkeypatch.setattr(witness, "add_checkpoint", lambda _body: answer)
    with pytest.raises(Unwilling, match=words):
        show()
    assert Attestation.objects.count() == 0


def test_the_silence_of_one_does_not_keep_the_others_from_seeing(
    witness: Witness, place: Path, settings: Any
) -> None:
    silent = VerifierKey("silent.example.org", bytes(32), notes.COSIGNATURE)
    settings.KPM_WITNESSES = ["http://127.0.0.1:1", str(silent), *settings.KPM_WITNESSES]
    with pytest.raises(Unwilling, match=r"127\.0\.0\.1: ConnectionRefusedError"):
        show()
    assert {row.witness for row in Attestation.objects.all()} == {"copy", str(witness.key)}


def test_a_witness_is_asked_over_tls_where_its_address_says_so(
    witness: Witness, settings: Any
) -> None:
    settings.KPM_WITNESSES[0] = settings.KPM_WITNESSES[0].replace("http:", "https:")
    with pytest.raises(Unwilling, match="SSLError"):
        show()


@pytest.mark.parametrize(
    "words",
    [
        ["https://witness.example.org/"],
        ["https://witness.example.org/", "no key"],
        ["https://witness.example.org/", str(VerifierKey("a", signatures.public_key(SEED)))],
    ],
)
def test_witnesses_that_cannot_be_asked_are_said(settings: Any, words: list[str]) -> None:
    settings.KPM_WITNESSES = words
    with pytest.raises(ImproperlyConfigured, match="KPM_WITNESSES"):
        witnesses.configured()


# --- copies


def test_copies_stay_and_the_next_ones_come_beside_them(place: Path) -> None:
    assert show() == 1
    first = (place / "checkpoint.10").read_text(encoding="utf-8")
    assert first == Checkpoint.objects.get(size=10).note
    assert show() == 1
    grow()
    assert show() == 1
    assert sorted(path.name for path in place.iterdir()) == ["checkpoint.10", "checkpoint.15"]
    assert [row.witness for row in Attestation.objects.all()] == ["copy", "copy"]


def cut(commits: RealCommits) -> None:
    with unguarded(commits) as execute:
        for table in ("audit_leaf", "audit_checkpoint", "audit_event"):
            execute(f"DELETE FROM {table}")  # noqa: S608 a name of ours
    write_events(5)
    sequence_all()


@pytest.mark.parametrize("change", [rewrite, cut], ids=["rewritten", "cut"])
def test_copies_contradict_a_log_that_does_not_go_on_from_them(
    place: Path, signed_log: RealCommits, change: Callable[[RealCommits], None]
) -> None:
    show()
    change(signed_log)
    with pytest.raises(Contradicted, match="10 events have been seen"):
        show()
    assert [path.name for path in place.iterdir()] == ["checkpoint.10"]


def test_copies_of_another_log_are_left_alone(place: Path) -> None:
    text = "log.example.org/1\n3\n" + notes.encoded(bytes(32)) + "\n"
    (place / "checkpoint.3").write_text(str(notes.sign(text, "a", SEED)), encoding="utf-8")
    with pytest.raises(Contradicted, match="another log"):
        show()


def test_a_place_that_is_gone_or_unreadable_is_said(place: Path, settings: Any) -> None:
    (place / "checkpoint.3").write_text("nothing", encoding="utf-8")
    with pytest.raises(Unwilling, match="Malformed"):
        show()
    settings.KPM_WITNESS_DIR = str(place / "gone")
    with pytest.raises(Unwilling, match="FileNotFoundError"):
        show()


# --- by itself


def test_without_a_signed_root_there_is_nothing_to_show(
    real_commits: RealCommits, settings: Any, tmp_path: Path
) -> None:
    settings.KPM_WITNESS_DIR = str(tmp_path)
    assert show() == 0


def test_nobody_is_asked_where_nobody_is_configured(signed_log: RealCommits) -> None:
    assert show() == 0
    assert Attestation.objects.count() == 0


def test_the_log_says_that_it_lives_and_shows_itself(place: Path) -> None:
    SWEEPS["confirm_log_root"].work(NOW)
    event = LoggedEvent.objects.order_by("-id")[0]
    last = Checkpoint.objects.get()
    assert (event.event, event.actor) == ("log_root.confirmed", "s:heartbeat")
    assert event.subject == actions.Root(bytes(last.root)).log_reference
    assert '"n":10' in event.body
    SWEEPS["show_log_root"].work(NOW)
    assert (place / "checkpoint.10").exists()


def test_the_first_heartbeat_is_that_of_an_empty_log(real_commits: RealCommits) -> None:
    actions.confirm_root(by=BY)
    event = LoggedEvent.objects.get()
    assert (event.subject, '"n":0' in event.body) == (None, True)
