"""The verifier that needs nothing of ours: it agrees with ours, and finds every change."""

import json
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from pytest_django import DjangoDbBlocker

from audit import actions, bodies, exports, log, merkle, notes, offline, signers, tree_heads, trees
from audit.events import Event
from audit.models import LoggedEvent
from audit.notes import COSIGNATURE, Signature, VerifierKey
from audit.offline import Bad, Key
from audit.trees import WIDTH
from kpm.ids import uuid7
from kpm.vault import signatures
from tests.audit.known import unpacked, vectors
from tests.audit.test_notes import NOTES
from tests.audit.test_proofs import name_of
from tests.audit.things import NOW, sequence_all, write_events
from tests.sealed.models import Human

BY = log.System("keys")
SIZE = WIDTH + 14
SEED = bytes(range(32))
ORIGIN = "log.example.org/1"


@pytest.mark.parametrize("case", vectors("ed25519/ed25519"), ids=lambda case: str(case["id"]))
def test_signatures_are_good_exactly_where_they_should_be(case: dict[str, str]) -> None:
    public, message, signature = (bytes.fromhex(case[key]) for key in ("public", "msg", "sig"))
    assert offline.is_signed(public, signature, message) == (case["result"] == "valid")


def test_a_key_that_is_no_point_signs_nothing() -> None:
    signature = signatures.sign(SEED, b"x")
    no_points = [b"short", (2**255 - 1).to_bytes(32, "little"), (2).to_bytes(32, "little")]
    # One whose sign says that nothing is odd.
    no_points.append((1 | 1 << 255).to_bytes(32, "little"))
    for public in no_points:
        assert not offline.is_signed(public, signature, b"x")


@pytest.mark.parametrize("case", NOTES["verifier_keys"], ids=lambda case: case["vkey"][:30])
def test_keys_are_read_exactly_where_they_should(case: dict[str, str]) -> None:
    if case["expect"] == "ok":
        assert Key.parse(case["vkey"]).name == case["vkey"].partition("+")[0]
    else:
        with pytest.raises((Bad, ValueError)):
            Key.parse(case["vkey"])


@pytest.mark.parametrize(
    "case",
    # The format leaves open how many lines are too many; this reads all of them.
    [case for case in NOTES["open"] if case["name"] != "101 signatures"],
    ids=lambda case: case["name"],
)
def test_notes_open_exactly_where_they_should(case: dict[str, Any]) -> None:
    keys = [Key.parse(vkey) for vkey in case["known_vkeys"]]
    try:
        good = offline.opened(unpacked(case["note_b64"]), keys)[1]
    except (Bad, ValueError):
        good = []
    assert [key.name for key in good] == case.get("verified", [])


@pytest.mark.parametrize(
    "case",
    [case for case in vectors("checkpoint/checkpoints")["cases"] if case["kind"] == "note"],
    ids=lambda case: case["name"],
)
def test_checkpoints_are_read_as_they_should(case: dict[str, Any]) -> None:
    keys = [Key.parse(vkey) for vkey in case["known_vkeys"]]
    origin, size, root = offline.checked(unpacked(case["data_b64"]), (keys, [], 0))
    assert (origin, size) == (case["origin"], case["size"])
    assert root == unpacked(case["hash_b64"])


def test_inclusion_proofs_lead_where_they_should() -> None:
    for case in vectors("merkle/inclusion"):
        index, size = case["leafIdx"], case["treeSize"]
        proof = [unpacked(one) for one in case["proof"] or []]
        leaf, root = unpacked(case["leafHash"]), unpacked(case["root"])
        good = (
            0 <= index < size
            and all(len(one) == 32 for one in (leaf, root, *proof))
            and offline.root_of(index, size, leaf, proof) == root
        )
        assert good != case["wantErr"], case["name"]


# --- canonical JSON

JCS = vectors("jcs/jcs")


@pytest.mark.parametrize("case", JCS["files"], ids=lambda case: case["name"])
def test_the_canonical_spelling_is_that_of_others_or_is_refused(case: dict[str, str]) -> None:
    """What this cannot judge (fractions, keys in other letters) it refuses."""
    canonical, given = bytes.fromhex(case["output_hex"]), case["input"].encode()
    if case["name"] in {"arrays", "structures", "unicode"}:
        assert offline.canonical(canonical) == json.loads(given)
    else:
        with pytest.raises(ValueError, match=r"."):
            offline.canonical(canonical)
    assert given != canonical
    with pytest.raises(ValueError, match=r"."):
        offline.canonical(given)


@pytest.mark.parametrize("case", JCS["files"], ids=lambda case: case["name"])
def test_what_the_log_writes_is_spelt_as_by_others(case: dict[str, str]) -> None:
    # The others hold fractions or keys beyond 16 bits, which no event may hold.
    if case["name"] in {"arrays", "french", "unicode"}:
        spelt = bodies.canonical(json.loads(case["input"]))
        assert spelt.encode() == bytes.fromhex(case["output_hex"])


@pytest.mark.parametrize("case", JCS["numbers"], ids=lambda case: case["ieee754_hex"])
def test_numbers_are_spelt_as_by_others_or_refused(case: dict[str, Any]) -> None:
    spelt = case["expected"]
    if spelt is not None and spelt.lstrip("-").isdigit() and abs(int(spelt)) < 2**53:
        assert offline.canonical(spelt.encode()) == int(spelt)
    else:
        with pytest.raises(ValueError, match=r"."):
            offline.canonical((spelt or "NaN").encode())


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"b":1,"a":1}',
        '{"a": 1}',
        '{"ä":1}',
        "1.0",
        "1e3",
        "-0",
        "01",
        "9007199254740992",
        "NaN",
        "Infinity",
        '"\\u0061"',
        '"\\ud800"',
        "[" * 50_000,
        "",
    ],
)
def test_every_other_spelling_is_refused(text: str) -> None:
    with pytest.raises((ValueError, RecursionError)):
        offline.canonical(text.encode())


EVENT = (
    b'{"a":"u:A","act":"case_file.read","at":"2026-11-24T13:04:42.015895Z","ch":"web",'
    b'"dec":{"btg":"b","grant":"g","ok":true,"rule":"r"},"dir":"up",'
    b'"ev":"01a20da8-961f-7db2-a3b5-dc8c4bc59cbc","f":["a.b","c.d"],"h":"x","n":12,"o":"7","os":["a"],'
    b'"ot":"t","out":"ok","p":"service","role":"r","rq":"q","ss":"s","t":["A"],"v":1}'
)


def test_one_look_at_an_event_is_never_kinder_than_reading_it_in_steps() -> None:
    """Any letter of it another one, gone, or twice."""
    assert offline.PLAIN.fullmatch(EVENT.decode())
    for at in range(len(EVENT)):
        for put in (
            b"",
            EVENT[at : at + 1] * 2,
            b'"',
            b"\\",
            b",",
            b"0",
            b"z",
            b"}",
            b"\x7f",
            b"\n",
        ):
            changed = EVENT[:at] + put + EVENT[at + 1 :]
            if found := offline.PLAIN.fullmatch(changed.decode()):
                event = offline.canonical(changed)
                assert found.groups() == (event["act"], event["at"], event["ev"])


# --- an exported log


@pytest.fixture(scope="module")
def made(
    template_databases: dict[str, str],
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str]:
    """An export with a full and a partial tile, two keys and a heartbeat; and the first vkey."""
    from tests import databases

    place = tmp_path_factory.mktemp("export")
    with (
        django_db_blocker.unblock(),
        databases.copied(template_databases),
        (place / "said").open("w") as said,
    ):
        first = actions.start_key(by=BY, now=NOW)
        write_events(149)
        actions.confirm_root(by=BY)
        actions.start_key(by=BY, now=NOW)
        sequence_all()
        write_events(SIZE - 153)
        with transaction.atomic():
            # One that says what it sealed.
            Human.objects.bulk_create([Human(name=f"{number}") for number in range(40)])
            log.record(Event.CASE_FILE_CHANGED, by=BY)
        sequence_all()
        call_command("export_audit_log", place / "log", stdout=said)
        event = LoggedEvent.objects.order_by("id")[200]
        body, proof = actions.prove(by=BY, ev=name_of(event))
        (place / "event").write_text(body, encoding="utf-8")
        (place / "proof").write_text(str(proof), encoding="utf-8")
    return place, str(first)


@pytest.fixture
def copy(made: tuple[Path, str], tmp_path: Path) -> Path:
    """An export to be changed."""
    return Path(shutil.copytree(made[0] / "log", tmp_path / "log"))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """What the program answers and says."""
    code = offline.main([str(one) for one in arguments])
    return code, capsys.readouterr().out.strip()


def test_a_log_that_nobody_touched_is_good(
    made: tuple[Path, str], capsys: pytest.CaptureFixture[str]
) -> None:
    place, vkey = made
    code, words = run(capsys, "log", place / "log", "--vkey", vkey)
    assert (code, words.partition(" ")[0]) == (0, str(SIZE)), words
    # Whoever holds the newest key only is served as well.
    newest = (place / "log" / "vkey").read_text(encoding="utf-8")
    assert run(capsys, "log", place / "log", "--vkey", newest)[0] == 0
    code, words = run(capsys, "log", place / "log", "--vkey", vkey, "--json")
    assert json.loads(words)["good"] is True


def test_it_runs_where_nothing_of_ours_is(made: tuple[Path, str], tmp_path: Path) -> None:
    place, vkey = made
    shutil.copy(offline.__file__, tmp_path / "verify.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "log", place / "log", "--vkey", vkey],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    done = subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "proof", place / "event", place / "proof"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "no key that was given signed it\n")


def test_it_is_a_program(made: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["offline.py", "log", str(made[0] / "log"), "--vkey", made[1]])
    with pytest.raises(SystemExit) as answer:
        runpy.run_path(offline.__file__, run_name="__main__")
    assert answer.value.code == 0


def test_the_proof_of_an_event_is_good_alone(
    made: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, _vkey = made
    newest = (place / "log" / "vkey").read_text(encoding="utf-8")
    code, words = run(capsys, "proof", place / "event", place / "proof", "--vkey", newest)
    assert (code, words.partition(" of")[0]) == (0, "event 200")
    event, proof = ((place / name).read_bytes() for name in ("event", "proof"))
    index = b"index 200\n"
    for new_event, new_proof, expected in (
        (event.replace(b"opened", b"closed"), proof, 1),
        (event + b" ", proof, 2),
        (event, proof.replace(index, b"index 201\n"), 1),
        (event, proof.replace(index, b"index 99999\n"), 1),
        (event, proof.replace(index, b"index 0200\n"), 2),
        (event, proof.replace(index, b""), 2),
        (event, proof.replace(index, index + proof.split(b"\n")[2] + b"\n"), 1),
        (event, proof.replace(index, b"extra AAAA\n" + index), 0),
        (event, proof.replace(index, index + b"AAA\n"), 2),
        (event, proof.replace(b"\n\naudit", b"\n\nother"), 3),
        (event, b"c2sp.org/tlog-proof@v1", 2),
    ):
        (tmp_path / "event").write_bytes(new_event)
        (tmp_path / "proof").write_bytes(new_proof)
        code, words = run(capsys, "proof", tmp_path / "event", tmp_path / "proof", "--vkey", newest)
        assert code == expected, (new_proof, words)
    assert run(capsys, "proof", tmp_path / "gone", place / "proof", "--vkey", newest)[0] == 1
    assert run(capsys, "proof", place / "event", place / "proof", "--vkey", "x")[0] == 2
    said = run(capsys, "proof", place / "event", place / "proof")
    assert said == (3, "no key that was given signed it")


def test_every_one_of_1500_flipped_bits_is_found_and_said_where(
    made: tuple[Path, str], copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    everywhere = [(path, at) for path in files for at in range(path.stat().st_size)]
    for turn in range(1_500):
        # The same bits each time. Half wherever they fall, mostly in entries; half in any file.
        chance = int.from_bytes(sha256(str(turn).encode()).digest())
        path, at = everywhere[chance % len(everywhere)]
        if turn % 2:
            path = files[chance % len(files)]
            at = (chance >> 64) % path.stat().st_size
        whole, bit = path.read_bytes(), chance >> 128 & 7
        flipped = bytearray(whole)
        flipped[at] ^= 1 << bit
        path.write_bytes(flipped)
        code, words = run(capsys, "log", copy, "--vkey", made[1])
        path.write_bytes(whole)
        name = str(path.relative_to(copy))
        assert code, (name, at, bit)
        assert any(place in words for place in places_of(name, whole, at)), (name, at, bit, words)
    assert run(capsys, "log", copy, "--vkey", made[1])[0] == 0


def places_of(name: str, whole: bytes, at: int) -> list[str]:
    """What may be said of a flipped bit: its file, or the entry in which it lies."""
    if not name.startswith(("tile/0/", "tile/entries/")):
        # Where a key's name is another one, the next key has nobody behind it.
        return [name, "vkey"] if name == "keys/2" else [name]
    first = 0 if name.endswith("/000") else WIDTH
    if name.startswith("tile/0/"):
        return [f"entry {first + at // 32} "]
    start, index = 0, first
    while (end := start + 2 + int.from_bytes(whole[start : start + 2])) <= at:
        start, index = end, index + 1
    # A length that is wrong shows there, or where the bundle ends.
    return [f"entry {index} ", name]


def entry_of(moment: datetime, **more: Any) -> bytes:
    """A small event of a moment."""
    spelt = {
        "act": "case_file.opened",
        "at": bodies.moment(moment),
        "ev": str(uuid7()),
        **more,
    }
    return bodies.canonical(spelt).encode()


def written(place: Path, entries: list[bytes], *cosigners: Signature, key_text: str = "") -> str:
    """A log of somebody's own making, signed with everything in order; its vkey."""
    key = VerifierKey(ORIGIN, signatures.public_key(SEED))
    edge = trees.Edge()
    hashes = [merkle.leaf_hash(entry) for entry in entries]
    for leaf in hashes:
        list(edge.append(leaf))
    tree = [hashes]
    for level, idx, width in exports.tiles(len(entries)):
        while len(tree) <= level:
            row = tree[-1]
            tree.append(
                [
                    merkle.subtree(row[at : at + WIDTH])
                    for at in range(0, len(row) - WIDTH + 1, WIDTH)
                ]
            )
        part = slice(idx * WIDTH, idx * WIDTH + width)
        put(place / exports.tile_path(level, idx, width), b"".join(tree[level][part]))
        if not level:
            bundle = b"".join(len(one).to_bytes(2) + one for one in entries[part])
            put(place / exports.tile_path("entries", idx, width), bundle)
    head = tree_heads.TreeHead(ORIGIN, len(entries), edge.root())
    note = notes.sign(str(head), ORIGIN, SEED)
    put(place / "checkpoint", f"{note}{''.join(map(str, cosigners))}".encode())
    put(place / "vkey", f"{key}\n".encode())
    text = key_text or signers.key_text(key, 1)
    put(place / "keys" / "1", str(notes.sign(text, ORIGIN, SEED)).encode())
    return str(key)


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
BEAT = {"act": offline.HEARTBEAT}


def test_a_log_of_any_size_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for size in (0, 1, 255, 256, 257, 600):
        entries = [entry_of(START) for _ in range(size)]
        vkey = written(tmp_path / str(size), entries)
        assert run(capsys, "log", tmp_path / str(size), "--vkey", vkey)[0] == 0, size


def test_a_tree_of_three_levels_of_tiles(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = entry_of(START).decode()
    name = plain.partition('"ev":"')[2][:36]
    entries = [
        plain.replace(name, f"{name[:24]}{number:012x}").encode()
        for number in range(WIDTH * WIDTH + 1)
    ]
    vkey = written(tmp_path, entries)
    assert run(capsys, "log", tmp_path, "--vkey", vkey)[0] == 0


def test_a_checkpoint_of_other_entries_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vkey = written(tmp_path, [entry_of(START)])
    head = tree_heads.TreeHead(ORIGIN, 1, bytes(32))
    put(tmp_path / "checkpoint", str(notes.sign(str(head), ORIGIN, SEED)).encode())
    code, said = run(capsys, "log", tmp_path, "--vkey", vkey)
    assert (code, said) == (1, "the checkpoint is that of other entries")


TWICE = entry_of(START)
BAD_ENTRIES: dict[str, tuple[list[bytes], int, str]] = {
    "twice": ([TWICE, entry_of(START), TWICE], 1, "entry 2: this event is in the log twice"),
    "no object": ([b"[]"], 2, "entry 0: no event"),
    "no json": ([b"\xff"], 2, "entry 0: "),
    "nested": ([b"[" * 60_000], 2, "entry 0: "),
    "spelling": ([TWICE, TWICE + b" "], 2, "entry 1: JSON in another spelling"),
    "no name": ([entry_of(START, ev="x")], 2, "entry 0: no event"),
    "no moment": ([entry_of(START, at="2026-11-24")], 2, "entry 0: no event"),
    "no day": ([entry_of(START, at="2026-13-24T08:00:00.000000Z")], 2, "entry 0: "),
    "back-dated": (
        [entry_of(START, **BEAT), entry_of(START - 2 * HOUR)],
        1,
        "entry 1: this event says 2026-11-24T06:00:00.000000Z, long before the heartbeat",
    ),
    "at the end of the calendar": (
        [entry_of(START), entry_of(datetime.max.replace(tzinfo=UTC), **BEAT), entry_of(START)],
        1,
        "entry 2: this event says 2026-11-24T08:00:00.000000Z, long before the heartbeat",
    ),
    "post-dated": (
        [entry_of(START + 3 * HOUR), entry_of(START, **BEAT)],
        1,
        "entry 1: entry 0 says 2026-11-24 11:00:00+00:00, long after this heartbeat",
    ),
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_a_signed_log_of_bad_events_is_not_good(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries, code, words = BAD_ENTRIES[name]
    vkey = written(tmp_path, entries)
    answer, said = run(capsys, "log", tmp_path, "--vkey", vkey)
    assert (answer, said.startswith(words)) == (code, True), said


def test_the_parts_of_one_event_share_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(uuid7())
    parts = [entry_of(START, ev=name, pt=[number, 2]) for number in (1, 2)]
    vkey = written(tmp_path, [*parts, entry_of(START, **BEAT), entry_of(START - HOUR / 2)])
    assert run(capsys, "log", tmp_path, "--vkey", vkey)[0] == 0


def drop(name: str) -> Callable[[Path], None]:
    return lambda copy: (copy / name).unlink()


def edit(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def act(copy: Path) -> None:
        (copy / name).write_bytes(change((copy / name).read_bytes()))

    return act


def foreign_key(copy: Path) -> None:
    """A third key that only vouches for itself, and the log signed with it."""
    key = VerifierKey(
        Key.parse((copy / "vkey").read_text(encoding="utf-8")).name, signatures.public_key(SEED)
    )
    put(copy / "keys" / "3", str(notes.sign(signers.key_text(key, 3), key.name, SEED)).encode())
    text = notes.parse((copy / "checkpoint").read_text(encoding="utf-8")).text
    put(copy / "checkpoint", str(notes.sign(text, key.name, SEED)).encode())
    put(copy / "vkey", f"{key}\n".encode())


TAMPERINGS: dict[str, tuple[Callable[[Path], None], int, str]] = {
    "a bundle is gone": (drop("tile/entries/000"), 1, "tile/entries/000 is missing"),
    "a tile is gone": (drop("tile/0/001.p/14"), 1, "tile/0/001.p/14 is missing"),
    "a higher tile is gone": (drop("tile/1/000.p/1"), 1, "tile/1/000.p/1 is missing"),
    "a higher tile is another": (
        edit("tile/1/000.p/1", lambda data: bytes(32)),
        1,
        "tile/1/000.p/1 is not what the tiles below it give",
    ),
    "the checkpoint is gone": (drop("checkpoint"), 1, "checkpoint: checkpoint is missing"),
    "something follows the entries": (
        edit("tile/entries/001.p/14", lambda data: data + b"x"),
        2,
        "tile/0/001.p/14 or tile/entries/001.p/14 has the wrong length",
    ),
    "an entry is gone": (
        edit("tile/entries/000", lambda data: data[2 + int.from_bytes(data[:2]) :]),
        1,
        "entry 0 is not what tile/0/000 was made of",
    ),
    "the vkey is another": (
        edit("vkey", lambda data: str(VerifierKey("a", bytes(32))).encode()),
        3,
        "vkey: nobody vouches for this key",
    ),
    "a key is another": (edit("keys/2", lambda data: data[:-40] + data[-80:-40]), 2, "keys/2: "),
    "a key nobody vouches for": (foreign_key, 3, "vkey: nobody vouches for this key"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_every_kind_of_tampering_is_found_and_said_where(
    name: str, made: tuple[Path, str], copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, code, words = TAMPERINGS[name]
    change(copy)
    answer, said = run(capsys, "log", copy, "--vkey", made[1])
    assert (answer, said.startswith(words)) == (code, True), said


def test_a_note_about_a_key_says_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = VerifierKey(ORIGIN, signatures.public_key(SEED))
    vkey = written(tmp_path, [], key_text=signers.key_text(key, 2))
    answer, said = run(capsys, "log", tmp_path, "--vkey", vkey)
    assert (answer, said) == (3, "keys/1: the note is not about this key, or not signed by it")


def test_a_rewritten_log_shows_against_a_note_kept_elsewhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [entry_of(START) for _ in range(300)]
    vkey = written(tmp_path / "old", entries)
    kept = tmp_path / "old" / "checkpoint"
    pinned = ["--vkey", vkey, "--since", kept]
    written(tmp_path / "grown", [*entries, entry_of(START)])
    assert run(capsys, "log", tmp_path / "grown", *pinned)[0] == 0
    changed = [*entries[:7], entry_of(START), *entries[8:], entry_of(START)]
    written(tmp_path / "changed", changed)
    assert run(capsys, "log", tmp_path / "changed", "--vkey", vkey)[0] == 0
    code, said = run(capsys, "log", tmp_path / "changed", *pinned)
    assert (code, said) == (1, "the first 300 events are not those that were seen before")
    written(tmp_path / "cut", entries[:299])
    code, said = run(capsys, "log", tmp_path / "cut", *pinned)
    assert code == 1
    assert said.startswith(f"300 events of {ORIGIN} have been seen")
    # The same size with another root: two logs were shown to two people.
    written(tmp_path / "split", [*entries[:299], entry_of(START)])
    split = tmp_path / "split" / "checkpoint"
    assert run(capsys, "log", tmp_path / "grown", *pinned, "--since", split)[0] == 1


def test_enough_witnesses_must_have_seen_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = [entry_of(START)]
    text = str(tree_heads.TreeHead(ORIGIN, 1, merkle.leaf_hash(entries[0])))
    keys, lines = [], []
    for number in range(3):
        seed = bytes([number]) * 32
        key = VerifierKey(f"witness.example.org/{number}", signatures.public_key(seed), COSIGNATURE)
        stamp = (1_700_000_000).to_bytes(8)
        signed = signatures.sign(seed, notes.cosigned(text, 1_700_000_000))
        lines.append(Signature(key.name, key.id, stamp + signed))
        keys += ["--witness", str(key)]
    vkey = written(tmp_path, entries, *lines[:2])
    asked = ["log", tmp_path, "--vkey", vkey, *keys, "--quorum"]
    assert run(capsys, *asked, 2)[0] == 0
    assert run(capsys, *asked, 3) == (
        3,
        "checkpoint: fewer than 3 of the witnesses have seen it",
    )


@pytest.mark.parametrize(
    "text",
    [
        "a\n1\n",
        f"a\n01\n{notes.encoded(bytes(32))}\n",
        "a\n1\nAAAA\n",
        "a\n\n1\nAAAA\n",
        "a\n1\nA\n",
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_malformed(text: str) -> None:
    key = Key.parse(str(VerifierKey("a", signatures.public_key(SEED))))
    note = str(notes.sign(text, "a", SEED)).encode()
    with pytest.raises((Bad, ValueError)) as refusal:
        offline.checked(note, ([key], [], 0))
    assert getattr(refusal.value, "code", 2) == 2
