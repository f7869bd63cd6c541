"""What others said of the log is held against it, and what is bad, gone or old is said."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from audit import actions, attestations, notes
from audit.attestations import Standing, Verdict
from audit.leaves import Kind
from audit.models import Attestation, Checkpoint
from audit.notes import COSIGNATURE, Signature, VerifierKey
from audit.verifications import verify
from kpm.vault import signatures
from tests.audit.attackers import raw, unguarded
from tests.audit.test_stamps import authority
from tests.audit.test_witnesses import BY, grow, place, show, signed_log, witness
from tests.audit.things import NOW
from tests.audit.witness import SECONDS, Witness
from tests.conftest import RealCommits

__all__ = ["authority", "place", "signed_log", "witness"]


def told(**options: Any) -> str:
    """What the command says when all is well."""
    out = StringIO()
    call_command("verify_audit_log", stdout=out, **options)
    return out.getvalue()


def only() -> Standing:
    (found,) = attestations.look()
    return found


def test_a_log_that_nobody_else_sees_says_so(signed_log: RealCommits) -> None:
    assert verify().standings == ()
    assert "Nobody else keeps roots of this log" in told()


def test_cosignatures_are_verified_again(witness: Witness) -> None:
    assert (only().at, only().name, only().is_asked) == (None, witness.name, True)
    assert f"{witness.name}: has not seen the log yet." in told()
    show()
    grow()
    show()
    found = only()
    assert (found.size, found.having(Verdict.GOOD)) == (16, [10, 16])
    assert verify().standings == (found,)


def cosigned_by_others(row: Attestation) -> list[tuple[str, str]]:
    """Lines that look like a cosignature: of another text, of another key, of another kind."""
    key = VerifierKey.parse(row.witness)
    text = notes.parse(Checkpoint.objects.get(size=row.size).note).text
    seed = b"x" * 32
    other = VerifierKey("example.com/other", signatures.public_key(seed), COSIGNATURE)
    moment = SECONDS.to_bytes(8)
    forged = moment + signatures.sign(seed, notes.cosigned(text, SECONDS))
    return [
        ("evidence", str(Signature(key.name, key.id, forged))),
        ("evidence", str(Signature(other.name, other.id, forged))),
        ("evidence", row.evidence * 2),
        ("evidence", "nothing"),
        ("evidence", ""),
        ("witness", str(other)),
        ("witness", "somebody"),
        ("at", "yesterday"),
        ("size", "9"),
    ]


def test_what_is_no_cosignature_is_found_and_said(
    witness: Witness, signed_log: RealCommits
) -> None:
    show()
    row = Attestation.objects.get()
    kept = {name: getattr(row, name) for name in ("evidence", "witness", "at", "size")}
    for column, value in cosigned_by_others(row):
        with unguarded(signed_log) as execute:
            execute(f"UPDATE audit_attestation SET {column} = ?", value)  # noqa: S608 names from this file
        result = verify()
        assert result.kind is Kind.ALTERED, (column, value)
        assert "is not what this log says" in result.problem
        with unguarded(signed_log) as execute:
            execute(f"UPDATE audit_attestation SET {column} = ?", kept[column])  # noqa: S608 names from this file
    assert verify().is_good
    with unguarded(signed_log) as execute:
        execute("UPDATE audit_attestation SET size = 9")
    errors = StringIO()
    with pytest.raises(SystemExit) as answer:
        call_command("verify_audit_log", stdout=StringIO(), stderr=errors)
    assert answer.value.code == 1
    assert errors.getvalue() == (
        f"{witness.name}: what it has of 9 events is not what this log says.\n"
    )


def test_a_witness_that_is_not_asked_any_more_still_counts(witness: Witness, settings: Any) -> None:
    show()
    settings.KPM_WITNESSES = []
    assert (only().is_asked, only().having(Verdict.GOOD)) == (False, [10])
    assert "Verified: 1. Is not asked any more." in told()


def test_the_newest_part_alone_says_how_old_the_newest_is(
    witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.show_root(by=BY, now=timezone.now() - timedelta(hours=3))
    monkeypatch.setattr("audit.verifications.WIDTH", 1)
    grow()
    found = verify(newest=2).standings[0]
    assert (found.size, found.having(Verdict.GOOD)) == (10, [])
    words = told(newest=2).replace("\xa0", " ")
    assert f"{witness.name}: saw 10 events 3 hours ago, 5 fewer than there are now." in words


# --- copies


def test_copies_are_compared_and_those_that_are_gone_are_said(place: Path) -> None:
    show()
    grow()
    show()
    assert only().having(Verdict.GOOD) == [10, 15]
    (place / "checkpoint.10").unlink()
    assert verify().is_good
    words = told()
    assert "The directory with copies: saw 15 events" in words
    assert "Verified: 1. Missing: 1, the first of 10 events." in words


@pytest.mark.parametrize("content", [b"nothing", b"\xff", b"log.example.org/1\n10\nAA==\n\n"])
def test_a_copy_that_says_something_else_is_found(place: Path, content: bytes) -> None:
    show()
    (place / "checkpoint.10").write_bytes(content)
    assert verify().problem == (
        "The directory with copies: what it has of 10 events is not what this log says."
    )


def test_a_copy_of_a_root_that_the_log_never_had_is_found(
    place: Path, signed_log: RealCommits
) -> None:
    """The end was cut off together with everything that was said of it."""
    show()
    (place / "checkpoint.25").write_text(Checkpoint.objects.get().note, encoding="utf-8")
    assert only().having(Verdict.BAD) == [25]
    assert "of 25 events is not what this log says" in verify().problem
    (place / "checkpoint.25").unlink()
    with unguarded(signed_log) as execute:
        execute("DELETE FROM audit_attestation")
    # A copy that nobody here remembers is as good as one.
    assert only().having(Verdict.GOOD) == [10]
    assert attestations.look(10)[0].having(Verdict.GOOD) == []


def test_copies_elsewhere_cannot_be_looked_at_from_here(place: Path, settings: Any) -> None:
    show()
    settings.KPM_WITNESS_DIR = ""
    assert only().having(Verdict.UNSEEN) == [10]
    assert "Not verified, for want of settings: 1. Is not asked any more." in told()


def test_a_directory_that_is_gone_has_no_copies(place: Path, settings: Any) -> None:
    show()
    settings.KPM_WITNESS_DIR = str(place / "gone")
    assert only().having(Verdict.GONE) == [10]
    assert verify().is_good


# --- stamps


def test_stamps_are_verified_again(
    signed_log: RealCommits, authority: Path, settings: Any, tmp_path: Path
) -> None:
    assert only().name == "The authority for time stamps"
    actions.show_root(by=BY, now=timezone.now())
    assert only().having(Verdict.GOOD) == [10]
    (row,) = Attestation.objects.all()
    # Another root, by the certificates of a time in which there were none, and no stamp at all.
    for column, value in (("size", 11), ("at", "2001-01-01T00:00:00Z"), ("evidence", "AAAA")):
        grow()
        with unguarded(signed_log) as execute:
            execute(f"UPDATE audit_attestation SET {column} = ?", value)  # noqa: S608 names from this file
        assert len(only().having(Verdict.BAD)) == 1, column
        with unguarded(signed_log) as execute:
            execute(f"UPDATE audit_attestation SET {column} = ?", getattr(row, column))  # noqa: S608 names from this file
    settings.KPM_TIMESTAMP_CHAIN = ""
    assert only().having(Verdict.UNSEEN) == [10]


def test_what_was_said_of_a_root_without_a_note_is_bad(signed_log: RealCommits) -> None:
    with raw(signed_log) as execute:
        for name in ("copy", "stamp"):
            execute(
                "INSERT INTO audit_attestation (size, witness, evidence, at) VALUES (3, ?, '', ?)",
                name,
                NOW.isoformat(),
            )
    found = {each.witness: each.sizes for each in attestations.look()}
    assert found == {"copy": {Verdict.UNSEEN: [3]}, "stamp": {Verdict.BAD: [3]}}
