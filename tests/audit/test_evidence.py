"""Evidence packages: whole, checked by the verifier inside them, and in the log with their hash."""

import io
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from audit import actions, evidence, log, packages
from audit.models import LoggedEvent
from audit.notes import VerifierKey
from audit.packages import Package, choose
from audit.searches import Filters
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Role
from tests.audit.things import FILE, NOW, sequence_all, write_events
from tests.conftest import RealCommits
from tests.factories import client_for, make_user

BY = log.System("keys")
QUERY = {"subject": FILE.log_reference}
PAGE = f"/log/evidence/?subject={FILE.log_reference}"


@pytest.fixture
def auditor(real_commits: RealCommits) -> User:
    return make_user(Role.AUDITOR, name="Auditor Wang")


@pytest.fixture
def client(auditor: User) -> Client:
    return client_for(auditor)


@pytest.fixture
def signed_log(real_commits: RealCommits) -> VerifierKey:
    key = actions.start_key(by=BY, now=NOW)
    write_events(5)
    sequence_all()
    return key


def body_of(event: str) -> dict[str, object]:
    row = LoggedEvent.objects.filter(event=event).latest("id")
    found: dict[str, object] = json.loads(row.body)
    return found


def downloaded(client: Client, path: str = PAGE) -> bytes:
    response = client.post(path)
    assert response["Content-Type"] == "application/zip"
    return b"".join(response.streaming_content)


def verified(place: Path, index: str, key: VerifierKey) -> int:
    """What the verifier inside the package answers, run by a Python that knows nothing of us."""
    proof = [f"events/{index}.json", f"events/{index}.tlog-proof"]
    command = [sys.executable, "-I", "offline.py", "proof", *proof, "--vkey", str(key)]
    return subprocess.run(command, cwd=place, capture_output=True, check=False).returncode


def test_the_verifier_in_the_package_finds_every_event_good_and_every_change(
    client: Client, signed_log: VerifierKey, tmp_path: Path
) -> None:
    with ZipFile(io.BytesIO(downloaded(client))) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    events = sorted(path.stem for path in tmp_path.glob("events/*.json"))
    assert events == ["1", "2", "3", "4", "5"]
    assert {path.name for path in tmp_path.iterdir()} == {
        *("README.txt", "offline.py", "vkey", "checkpoint", "keys", "events"),
    }
    assert (tmp_path / "vkey").read_text() == f"{signed_log}\n"
    assert [verified(tmp_path, index, signed_log) for index in events] == [0] * 5
    path = tmp_path / "events" / "3.json"
    path.write_text(path.read_text().replace("7K3MQ", "7K3MZ"))
    assert verified(tmp_path, "3", signed_log) == 1


def test_the_readme_speaks_both_languages_and_names_the_key(
    client: Client, signed_log: VerifierKey
) -> None:
    with ZipFile(io.BytesIO(downloaded(client))) as archive:
        text = archive.read("README.txt").decode()
    for words in ("访问日志证据", "EVIDENCE FROM AN ACCESS LOG", str(signed_log), "events/5.json"):
        assert words in text


def test_it_is_in_the_log_when_it_begins_and_with_its_hash_when_it_has_ended(
    client: Client, auditor: User, signed_log: VerifierKey
) -> None:
    response = client.post(PAGE)
    begun = body_of("evidence.started")
    assert (begun["a"], begun["n"]) == (auditor.log_reference, 5)
    assert not LoggedEvent.objects.filter(event="evidence.finished").exists()
    data = b"".join(response.streaming_content)
    ended = body_of("evidence.finished")
    name = urlsafe_b64encode(sha256(data).digest()).decode().rstrip("=")
    assert (ended["o"], ended["n"]) == (f"sha256:{name}", 5)
    assert [ended[key] for key in ("rq", "ss", "ch")] == [begun[key] for key in ("rq", "ss", "ch")]


def test_what_was_cut_off_has_a_beginning_and_no_end(
    auditor: User, signed_log: VerifierKey
) -> None:
    pieces = evidence.hand_out(by=auditor, filters=Filters(), now=timezone.now())
    next(pieces)
    pieces.close()
    assert "h" not in body_of("evidence.started")
    assert not LoggedEvent.objects.filter(event="evidence.finished").exists()


def test_only_what_is_in_the_tree_is_packed_and_not_more_than_fits(
    client: Client, signed_log: VerifierKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_events(2)
    chosen = choose(Filters(subject=FILE.log_reference))
    assert (len(chosen.events), chosen.waiting, chosen.is_cut) == (5, 2, False)
    assertContains(client.get(PAGE), "Not in the tree yet")
    monkeypatch.setattr(packages, "MOST", 4)
    chosen = choose(Filters(subject=FILE.log_reference))
    assert (len(chosen.events), chosen.waiting, chosen.is_cut) == (2, 2, True)
    assertContains(client.get(PAGE), "the newest are packed")


def test_nothing_to_pack_and_nothing_signed_are_said(client: Client) -> None:
    response = client.post("/log/evidence/?subject=zzz")
    assertContains(response, "No event fits", status_code=422)
    write_events(1)
    sequence_all()
    assertContains(client.post(PAGE), "no signed root yet", status_code=422)
    assert not LoggedEvent.objects.filter(event="evidence.started").exists()
    with pytest.raises(Refused):
        Package(choose(Filters(subject="zzz")), NOW)


def test_filters_that_make_no_sense_lead_back_to_the_list(client: Client) -> None:
    response = client.get("/log/evidence/", {"subject": "王小明"})
    assert (response.status_code, response["Location"]) == (302, "/log/")


def test_the_list_leads_to_it_with_its_filters(client: Client, signed_log: VerifierKey) -> None:
    assertContains(client.get("/log/", QUERY), PAGE)
    assertContains(client.get(PAGE), FILE.log_reference)
