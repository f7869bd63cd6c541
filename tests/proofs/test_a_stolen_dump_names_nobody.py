"""Whoever steals both databases, history and write-ahead log included, reads nothing about anybody.

What must not be found is collected by opening every group of every row and of every version, so
it needs no list that could be forgotten. Of these texts are left out:

- codes in ASCII (levels, answers, resources) and days after 2014: both stand in clear columns too;
- what is part of the name of a colleague or of a unit: those are in clear by design, and the
  invented people share the alphabet of the invented colleagues. Enough distinct names remain, and
  the canary file has names and words of characters that nothing else has;
- single characters, and two characters in UTF-16: too short, they turn up in random bytes.
"""

import base64
import re
import secrets
import subprocess
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pysqlite3
import pytest
from django.core.management import call_command
from django.db import connections

from audit.models import Detail
from casework.models import Attachment, CaseFile, Person
from kpm.accounts.models import Unit, User
from kpm.ids import uuid7
from kpm.permissions import Role
from kpm.vault import archives, providers, storage, vault_keys
from kpm.vault.fields import SealedModel
from kpm.vault.groups import layout_of
from kpm.vault.keys import ring
from kpm.vault.models import DataKey, VaultKey
from kpm.vault.opening import open_groups
from tests.audit.things import sequence_all
from tests.conftest import RealCommits
from tests.proofs import haystacks, worlds
from tests.proofs.served import Visitor, core_limits, served
from tests.settings import IS_POSTGRESQL, OWNER

NUMBER = re.compile(r"[0-9]{7,17}[0-9Xx]")
# Nothing in clear columns is as old as this.
OLD = date(2015, 1, 1)
OTHER_ID_NUMBERS = ("100199196103040268", "10019919620405028X")


def dump_of(commits: RealCommits) -> bytes:
    """Everything a thief gets: both databases as SQL, as bare files where there are any, files."""
    parts = [
        part
        for name in commits.names.values()
        for part in (_pg_dump(name) if IS_POSTGRESQL else _sqlite_dump(name))
    ]
    parts += [each.name.encode() + each.read_bytes() for each in files() if each.exists()]
    return b"\n".join(parts)


def files() -> list[Path]:
    """The attachments of this county."""
    return [storage.path_of(each) for each in Attachment.objects.values_list("file_id", flat=True)]


def _pg_dump(name: str) -> Iterator[bytes]:
    place = connections.settings["default"]
    where = ["--host", place["HOST"], "--port", str(place["PORT"]), "--username", OWNER]
    done = subprocess.run(
        ["pg_dump", *where, "--no-password", name], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    yield done.stdout


def _sqlite_dump(name: str) -> Iterator[bytes]:
    for path in (Path(name), Path(f"{name}-wal")):
        yield path.read_bytes() if path.exists() else b""
    connection = pysqlite3.connect(name)
    try:
        tables = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        for table, sql in tables.fetchall():
            columns = connection.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
            quoted = ", ".join(f'quote("{column[1]}")' for column in columns)
            rows = connection.execute(f'SELECT {quoted} FROM "{table}"').fetchall()  # noqa: S608 names from the database itself
            yield "\n".join([sql, *(",".join(row) for row in rows)]).encode()
    finally:
        connection.close()


def versions_of(model: type[SealedModel]) -> Iterator[SealedModel]:
    """Every row, and every version of it that history keeps."""
    rows: Any = model.objects
    yield from rows.all()
    if hasattr(model, "history"):
        yield from (each.instance for each in model.history.all())


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value, the keys and values of mappings included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts_in(key)
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)
    elif isinstance(value, date) and value < OLD:
        yield value.isoformat()


def sealed_texts() -> dict[str, set[str]]:
    """What is sealed, by model and field."""
    reading = worlds.Everything()
    found: dict[str, set[str]] = {}
    for model in worlds.sealed_models():
        layout = layout_of(model)
        rows = list(versions_of(model))
        open_groups(rows, *layout.groups, reading=reading)
        for name in layout.group_of:
            said = {text for row in rows for text in texts_in(getattr(row, name))}
            found[f"{layout.label}.{name}"] = {text for text in said if tells_something(text)}
    return found


def tells_something(text: str) -> bool:
    """Whether a text is more than a code: it has words, or it is a number that somebody has."""
    if (day := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text)) is not None:
        # A day without its strokes; eight digits of a number turn up by chance in megabytes.
        return is_old_day("-".join(day.groups()))
    has_words = not text.isascii() and len(text) > 1
    return has_words or NUMBER.fullmatch(text) is not None or is_old_day(text)


def is_old_day(text: str) -> bool:
    """Whether this is a day before everything else that has a day here."""
    return re.fullmatch(r"\d{4}-\d\d-\d\d", text) is not None and text < OLD.isoformat()


def public_texts() -> set[str]:
    """What stands in clear by design: colleagues and units."""
    names = User.objects.values_list("name", flat=True)
    return {*names, *Unit.objects.values_list("name", flat=True)}


def secret_texts() -> set[str]:
    """What must not be found."""
    public = public_texts()
    said = set().union(*sealed_texts().values())
    return {text for text in said if not any(text in each for each in public)}


def hashed_texts() -> set[str]:
    """Numbers with so few possible values that a hash without a key tells them."""
    found = sealed_texts()
    return found["person.id_number"] | found["person.phone"] | found["person.name"]


def test_what_must_not_be_found_is_all_there(shared_demo: RealCommits) -> None:
    found, secret = sealed_texts(), secret_texts()
    silent = {name for name, texts in found.items() if not texts}
    # These hold codes, numbers and answers from closed lists.
    assert silent == {
        "attachment.size",
        "ledger_row.changes",
        "need.area",
        "sharing.kind",
        "sharing.basis",
        "sharing.facts",
        "consent.giver",
        "incident.kind",
        "consent.manner",
        "plan_entry.answer",
        "plan_entry.speaker",
        "harm_step.code",
        "harm_step.written_by",
        "person.sex",
        "assessment.answers",
        "assessment.result",
        "decision.inputs",
        "decision.told",
        "objection.by_whom",
        "objection.way",
        "proposal.reason_codes",
        "proposal.official",
    }
    for name, least in {
        "person.name": 40,
        "person.id_number": 60,
        "person.phone": 60,
        "person.address": 55,
        "person.birth_on": 50,
        "person.emergency_name": 40,
        "person.emergency_phone": 60,
        "case_file.details": 80,
        "visit.needs": 9,
        "visit.notes": 7,
        "plan.steps": 8,
        "proposal.reason": 5,
        "assessment.voice": 9,
    }.items():
        assert len(found[name] & secret) >= least, name
    # Every strange character is in some of it, so the canary file speaks in all its fields.
    assert set(worlds.STRANGE) <= set("".join(secret | {"㐞㐱㐲㐳"}))


def test_a_stolen_dump_names_nobody(demo: RealCommits) -> None:
    # Written now, so that it also lies in the write-ahead logs, which are stolen as well.
    worlds.add_canaries(OTHER_ID_NUMBERS)
    worlds.take_in("mental_disorder")
    assert IS_POSTGRESQL or all(Path(f"{each}-wal").stat().st_size for each in demo.names.values())
    assert secret_texts() > set(OTHER_ID_NUMBERS)
    needles = haystacks.Needles(secret_texts(), hashed=hashed_texts())
    canaries = haystacks.Needles(["㐞㐱㐲㐳", "㐥㐩㐬㐰㐲㐵", worlds.CANARY_SHORT_NAME])
    dump = dump_of(demo)
    assert needles.found_in(dump) == set()
    assert canaries.found_in(dump) == set()


def everything_in(place: Path) -> bytes:
    """The names and the content of all files in a directory and below it."""
    found = [each for each in sorted(place.rglob("*")) if each.is_file()]
    return b"\n".join(str(each).encode() + b"\n" + each.read_bytes() for each in found)


def test_all_that_a_site_leaves_behind_names_nobody(
    demo: RealCommits, tmp_path: Path, settings: Any
) -> None:
    """Databases, backups, exports, files, what the server says, what lies in its temporary folder.

    Somebody works, somebody guesses, the server is killed at it, and everything is stolen but the
    root key: no content, no sign-in that works, no password, no key.
    """
    places = {"files": str(tmp_path / "files"), "replay_log": str(tmp_path / "replay.log")}
    settings.DATA_DIR = tmp_path / "data"
    settings.KPM_FILES_DIR, settings.KPM_REPLAY_LOG = places["files"], places["replay_log"]
    for path in files():
        # Those of the county were made before it had a place of its own.
        assert not path.exists()
    point_owner_at(demo, settings)
    worlds.attach(worlds.canary_file(), by=worlds.somebody(Role.SOCIAL_WORKER))
    password = "㐀 lantern on the weir 㐃㐅"
    for role in (Role.SOCIAL_WORKER, Role.SUPERVISOR):
        colleague = worlds.somebody(role)
        colleague.set_password(password)
        colleague.save_as(by=None)
    page = worlds.canary_file().get_absolute_url()
    connections.close_all()
    with served(demo.environment, tmp_path, **places) as (visitor, pid):
        visitor.post("/sign-in/", username=password, password="wrong")
        visitor.post("/sign-in/", username="worker1", password=password)
        assert worlds.CANARY_NAME in visitor.get(page)
        for path in ("history/", "visits/", "plan/", "level/", "attachments/"):
            visitor.get(page + path)
        shown = visitor.post(f"{page}reveal/phone/", reason="call")
        assert worlds.CANARY_PHONE in shown
        found = visitor.post("/files/search/", form_on="/files/", text=worlds.CANARY_NAME)
        assert worlds.CANARY_NAME in found
        visitor.upload(f"{page}attachments/new/", "㐣㐦.pdf", DOCUMENT, note="㐧㐫㐮")
        visitor.upload(f"{page}attachments/new/", "㐣㐦.exe", b"MZ" + WORDS, note="㐧㐫㐮")
        supervisor = Visitor(visitor.address)
        supervisor.post("/sign-in/", username="supervisor1", password=password)
        supervisor.post(f"{page}purpose/", purpose="supervision")
        printed = supervisor.post(f"{page}summary/", reason="conference", in_full="on")
        assert printed.startswith("%PDF")
        visitor.post("/password/", current=password, password=password + "㐵", again="㐴")
        visitor.get(f"/files/{worlds.CANARY_ID_NUMBERS[0][:4]}/")
        assert core_limits(pid) == {"1 1"}
        sessions = {visitor.session, supervisor.session}
    assert Attachment.objects.filter(case_file=worlds.canary_file()).count() > 1
    call_command("backup", str(tmp_path / "backups"), stdout=StringIO(), stderr=StringIO())
    call_command("create_keys", stdout=StringIO())
    sequence_all()
    call_command("export_audit_log", str(tmp_path / "export"), stdout=StringIO())
    # The program's own file is not the site's; everything else in here is.
    (tmp_path / "served_site.py").unlink()
    stolen = dump_of(demo) + everything_in(tmp_path)
    for name in ("server.log", "replay.log", "export/checkpoint", ".data/sealed", ".cvf"):
        assert name.encode() in stolen, name
    assert f"GET {page}".encode() in stolen
    secret = {*secret_texts(), "㐞㐱㐲㐳", WORDS.decode(), "㐧㐫㐮", worlds.CANARY_SHORT_NAME}
    needles = haystacks.Needles({*secret, password, *sessions}, hashed=hashed_texts())
    assert needles.found_in(stolen) == set()
    assert keys_in(stolen) == []
    # The same visitor would be found in what the browser was shown.
    seen = b"".join(visitor.answers.values())
    assert {worlds.CANARY_NAME, worlds.CANARY_PHONE} <= needles.found_in(seen)


WORDS = "㐥㐩㐬㐰㐲㐵".encode()
DOCUMENT = b"%PDF-1.7\n" + WORDS * 50


def keys_in(stolen: bytes) -> list[str]:
    """Which keys, from the root down, lie in it as they are or in base64."""
    root = providers.configured()
    found = {"root": root.current()}
    found |= {f"vault {row.version}": vault_keys.opened(row) for row in VaultKey.objects.all()}
    found |= {f"backup {name}": key for name, key in archives.keys_of_data().items()}
    owners = list(DataKey.objects.values_list("owner", flat=True))
    for owner, kept in ring.load(owners, fresh=True).items():
        found |= {f"data {owner} {number}": key.material for number, key in kept.items()}
    assert len(found) > 60
    return [
        name
        for name, key in found.items()
        if key in stolen
        or key.hex().encode() in stolen
        or any(way in stolen for way in haystacks.base64_of(key))
    ]


def point_owner_at(commits: RealCommits, settings: Any) -> None:
    """Backups are made by the owner of the databases."""
    place = connections.settings["default"]
    if IS_POSTGRESQL:
        owner = f"host={place['HOST']} port={place['PORT']} user={OWNER} dbname="
        settings.KPM_OWNER_DATABASE = owner + commits.names["default"]
        settings.KPM_OWNER_KEYS_DATABASE = owner + commits.names["keys"]


def test_the_dump_has_every_table_with_its_rows(shared_demo: RealCommits) -> None:
    dump = dump_of(shared_demo)
    tables = {
        table
        for alias in ("default", "keys")
        for table in connections[alias].introspection.table_names()
    }
    assert "casework_historicalperson" in tables
    assert {table for table in tables if table.encode() not in dump} == set()
    assert len(files()) > 6
    assert all(each.read_bytes() in dump for each in files())
    # Ciphertext that is there shows that rows and versions are there as well.
    blobs = [bytes(each) for each in Person.objects.values_list("body", flat=True)[:20]]
    blobs += [bytes(each) for each in CaseFile.history.values_list("body", flat=True)[:20]]
    assert len(blobs) == 40
    assert all(
        blob in dump or blob.hex().encode() in dump or blob.hex().upper().encode() in dump
        for blob in blobs
    )
    # Colleagues are named in clear, so the search finds what can be read.
    staff = {name for name in User.objects.values_list("name", flat=True) if len(name) > 2}
    assert haystacks.Needles(staff).found_in(dump) == staff


def test_one_name_in_clear_would_be_found(demo: RealCommits) -> None:
    somewhere = Unit.objects.get(code="100122101000")
    somewhere.name = worlds.CANARY_SHORT_NAME + "镇"
    somewhere.save_as(by=None, reason=f"see {worlds.CANARY_PHONE}")
    secret = {worlds.CANARY_NAME, worlds.CANARY_SHORT_NAME, worlds.CANARY_PHONE}
    found = haystacks.Needles(secret).found_in(dump_of(demo))
    assert found == {worlds.CANARY_SHORT_NAME, worlds.CANARY_PHONE}


def test_bytes_and_json_in_clear_would_be_found(demo: RealCommits) -> None:
    told = Detail(ev=uuid7(), salt=bytes(32), body=worlds.CANARY_SHORT_NAME.encode())
    told.save(force_insert=True)
    grant = worlds.somebody(Role.SUPERVISOR).grants.get()
    version = grant.history.get()
    version.history_id = uuid7()
    version.populations = ["drug", {"name": worlds.CANARY_NAME}]
    version.save(force_insert=True)
    secret = {worlds.CANARY_NAME, worlds.CANARY_SHORT_NAME, worlds.CANARY_PHONE}
    found = haystacks.Needles(secret).found_in(dump_of(demo))
    assert found == {worlds.CANARY_NAME, worlds.CANARY_SHORT_NAME}


@pytest.mark.parametrize("text", ["王秀英", "㐃㐅", "110101194912310021", "13999991234", "3组51号"])
def test_the_search_knows_every_spelling(text: str) -> None:
    needles = haystacks.Needles([text], hashed=[text])
    ways = [*haystacks.forms(text), *haystacks.hashes(text)]
    assert len(set(ways)) > 12
    for way in ways:
        noise = secrets.token_bytes(999)
        assert needles.found_in(noise) == set()
        assert needles.found_in(noise[:400] + way + noise[400:]) == {text}, way
    for carried in (b"abc" + text.encode() + b"xyz", b"a" + text.encode(), text.encode()):
        coded = base64.b64encode(carried)
        assert needles.found_in(coded) == {text}
