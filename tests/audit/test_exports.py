"""The log as files: in the public layout, whole, growing, and never another log's."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from audit import actions, exports, log, merkle, notes, signers, tree_heads
from audit.models import Checkpoint, Leaf, LoggedEvent, LogKey, Tile
from audit.notes import VerifierKey
from audit.trees import WIDTH
from tests.audit.attackers import unguarded
from tests.audit.test_proofs import name_of
from tests.audit.things import NOW, sequence_all, write_events
from tests.conftest import RealCommits

BY = log.System("keys")
SIZE = WIDTH + 44


@pytest.fixture
def signed_log(real_commits: RealCommits) -> RealCommits:
    """A full tile and a partial one."""
    actions.start_key(by=BY, now=NOW)
    write_events(SIZE - 1)
    sequence_all()
    return real_commits


def exported(directory: Path, **options: Any) -> str:
    out = StringIO()
    call_command("export_audit_log", directory, stdout=out, **options)
    return out.getvalue()


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_the_layout_is_the_public_one(signed_log: RealCommits, tmp_path: Path) -> None:
    assert exported(tmp_path) == f"Events: {SIZE}, files written: 8\n"
    found = files(tmp_path)
    assert set(found) == {
        "checkpoint",
        "vkey",
        "keys/1",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    }
    assert found["tile/0/000"] == bytes(Tile.objects.get(level=0, idx=0).data)
    assert found["tile/1/000.p/1"] == merkle.subtree(
        [found["tile/0/000"][at : at + 32] for at in range(0, 8192, 32)]
    )
    last = [bytes(leaf.hash) for leaf in Leaf.objects.filter(leaf_index__gte=WIDTH)]
    assert found["tile/0/001.p/44"] == b"".join(last)
    first = LoggedEvent.objects.order_by("id")[0].body.encode()
    assert found["tile/entries/000"].startswith(len(first).to_bytes(2) + first)
    note = notes.parse(found["checkpoint"].decode())
    assert note.verified(signers.known()) == signers.known()
    assert tree_heads.parse(note.text).root == bytes(Checkpoint.objects.get(size=SIZE).root)
    assert found["vkey"].decode() == f"{LogKey.objects.get().vkey}\n"
    assert found["keys/1"].decode() == LogKey.objects.get().note
    asked = LoggedEvent.objects.order_by("-id")[0]
    assert (asked.event, json.loads(asked.body)["n"]) == ("audit.exported", SIZE)
    assert asked.subject == actions.Root(bytes(Checkpoint.objects.get().root)).log_reference


def test_a_second_export_adds_what_has_grown(signed_log: RealCommits, tmp_path: Path) -> None:
    exported(tmp_path)
    untouched = (tmp_path / "tile/0/000").stat().st_mtime_ns
    assert exported(tmp_path) == f"Events: {SIZE}, files written: 0\n"
    write_events(2 * WIDTH)
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    # Of the old one: two exports, recorded as well.
    size = SIZE + 2 * WIDTH + 1 + 2
    assert exported(tmp_path).startswith(f"Events: {size}, files written: ")
    found = set(files(tmp_path))
    assert {"tile/0/001", "tile/0/002", f"tile/0/003.p/{size % WIDTH}", "keys/2"} <= found
    assert {"tile/entries/001", f"tile/entries/003.p/{size % WIDTH}", "tile/1/000.p/3"} <= found
    assert not [name for name in found if name.startswith("tile/0/001.p")]
    assert (tmp_path / "tile/0/000").stat().st_mtime_ns == untouched
    assert not list(tmp_path.rglob(".*"))


@pytest.mark.parametrize(
    ("idx", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (999, 5, "tile/0/999.p/5"),
        (1000, 256, "tile/0/x001/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (1_234_067, 1, "tile/0/x001/x234/067.p/1"),
    ],
)
def test_tiles_stand_where_the_format_says(idx: int, width: int, path: str) -> None:
    assert str(exports.tile_path(0, idx, width)) == path


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification() -> None:
    tiles = list(exports.tiles(70_000))
    assert [sum(level == each[0] for each in tiles) for level in range(4)] == [274, 2, 1, 0]
    assert [tile for tile in tiles if tile[2] < WIDTH] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(exports.tiles(0)) == []


def test_without_a_signed_checkpoint_there_is_nothing_to_export(
    real_commits: RealCommits, tmp_path: Path
) -> None:
    write_events(1)
    sequence_all()
    with pytest.raises(CommandError, match="No such signed checkpoint"):
        exported(tmp_path)
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    with pytest.raises(CommandError, match="No such signed checkpoint"):
        exported(tmp_path, witnessed=True)
    assert files(tmp_path) == {}


def another(head: tree_heads.TreeHead, **changes: Any) -> str:
    """A note about something else."""
    values = {"origin": head.origin, "size": head.size, "root": head.root, **changes}
    return str(notes.sign(str(tree_heads.TreeHead(**values)), head.origin, bytes(32)))


def test_what_is_there_must_be_the_beginning_of_what_comes(
    signed_log: RealCommits, tmp_path: Path
) -> None:
    exported(tmp_path)
    checkpoint = tmp_path / "checkpoint"
    head = tree_heads.parse(notes.parse(checkpoint.read_text(encoding="utf-8")).text)
    for text, words in (
        (another(head, origin="example.org/another"), "another log"),
        (another(head, size=SIZE + 1), "not the beginning of this log"),
        (another(head, size=SIZE - 1), "not the beginning of this log"),
        (another(head, root=bytes(32)), "not the beginning of this log"),
        ("nothing", "cannot be read"),
    ):
        checkpoint.write_text(text, encoding="utf-8")
        with pytest.raises(CommandError, match=words):
            exported(tmp_path)
        assert checkpoint.read_text(encoding="utf-8") == text


def test_an_event_that_is_gone_is_said(signed_log: RealCommits, tmp_path: Path) -> None:
    with unguarded(signed_log) as execute:
        execute("DELETE FROM audit_event WHERE id = (SELECT max(id) FROM audit_event)")
    with pytest.raises(CommandError, match="Events behind leaf 256 are missing"):
        exported(tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def test_a_proof_is_two_files(signed_log: RealCommits, tmp_path: Path) -> None:
    ev = name_of(LoggedEvent.objects.order_by("id")[7])
    out = StringIO()
    call_command("prove_audit_event", str(ev), tmp_path / "new", stdout=out)
    assert set(files(tmp_path)) == {f"new/{ev}.json", f"new/{ev}.tlog-proof"}
    assert out.getvalue().splitlines() == [
        str(tmp_path / "new" / f"{ev}.json"),
        str(tmp_path / "new" / f"{ev}.tlog-proof"),
    ]
    assert (tmp_path / "new" / f"{ev}.json").read_text(encoding="utf-8").startswith("{")
    with pytest.raises(CommandError, match="not in the tree"):
        call_command("prove_audit_event", name_of(LoggedEvent.objects.order_by("-id")[0]), tmp_path)


def test_keys_are_exported_as_others_read_them(signed_log: RealCommits, tmp_path: Path) -> None:
    exported(tmp_path)
    vkey = (tmp_path / "vkey").read_text(encoding="utf-8").strip()
    assert VerifierKey.parse(vkey) == signers.known()[0]
