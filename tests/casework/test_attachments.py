"""Attachments: sealed as they arrive, given out by name of the file alone, removed but kept."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import DatabaseError, connections, transaction
from django.utils import timezone
from django.utils.html import escape

from audit.models import Detail, LoggedEvent
from casework import sweeps
from casework.actions import attachments
from casework.models import Attachment
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.uploads import MEGABYTE
from kpm.vault import storage
from kpm.vault.models import DataKey
from tests.casework.documents import EXCEL, JPEG, PDF, PNG, WORD, uploaded
from tests.conftest import RealCommits
from tests.factories import OTHER_VILLAGE, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
NAME = "低保通知书.pdf"
NOTE = "民政局寄来的通知"


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    """A directory of one's own."""
    settings.KPM_FILES_DIR = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))


@pytest.fixture
def client(worker):
    return client_for(worker)


def page_of(case_file, rest=""):
    return f"/files/{case_file.number}/attachments/{rest}"


def sent(content=PDF, name=NAME, **change):
    """A filled-in form, as a browser sends it."""
    return {
        "csrfmiddlewaretoken": "a-mask-of-this-page",
        "file": uploaded(content, name),
        "note": NOTE,
    } | change


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def body_of(answer):
    """What a streamed answer carries; read to its end, it is closed as the server closes it."""
    return b"".join(answer.streaming_content)


@pytest.fixture
def attached(client, case_file):
    """The first attachment of the file."""
    assert client.post(page_of(case_file, "new/"), sent()).status_code == 302
    return Attachment.objects.get()


# --- added


def test_a_document_is_added(client, case_file, worker, place):
    answer = client.post(page_of(case_file, "new/"), sent())

    assert (answer.status_code, answer.url) == (302, page_of(case_file))
    attachment = Attachment.objects.get()
    assert (attachment.case_file, attachment.key_owner) == (case_file, case_file.id)
    assert (attachment.number, attachment.kind, attachment.size_class) == (1, "pdf", "small")
    assert (attachment.attached_by, attachment.removed_at) == (worker, None)
    assert [each.name for each in place.iterdir()] == [f"{attachment.file_id.hex}.cvf"]


def test_it_is_written_into_log_and_history_once(client, case_file, worker):
    client.post(page_of(case_file, "new/"), sent())

    (event,) = events("attachment.added")
    assert (event.subject, event.actor) == (case_file.number, worker.log_reference)
    assert NAME[:-4] not in event.body
    assert bytes(Detail.objects.latest("pk").body) == b'{"attachment":1}'
    (past,) = Attachment.history.all()
    assert (past.history_type, past.history_user_id) == ("+", worker.pk)


def test_nothing_of_it_lies_in_clear(attached, place):
    (stored,) = (each.read_bytes() for each in place.iterdir())
    assert stored.startswith(b"CVF1")
    assert b"PDF" not in stored
    row = bytes(Attachment.objects.values_list("body", flat=True).get())
    assert NAME.encode() not in row
    assert len(row) == 256 + 32


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PDF, "pdf"), (JPEG, "jpg"), (PNG, "png"), (WORD, "docx"), (EXCEL, "xlsx")],
)
def test_its_bytes_say_what_it_is_whatever_it_is_called(client, case_file, content, kind):
    client.post(page_of(case_file, "new/"), sent(content, "readme.txt"))

    assert Attachment.objects.get().kind == kind
    answer = client.get(page_of(case_file, "1/"))
    assert f'filename="KPM-{case_file.number}-1.{kind}"' in answer.headers["Content-Disposition"]
    assert body_of(answer) == content


def test_attachments_are_numbered_in_their_file(client, case_file, attached):
    for number in (2, 3):
        client.post(page_of(case_file, "new/"), sent(csrfmiddlewaretoken=str(number)))
    assert sorted(case_file.attachments.values_list("number", flat=True)) == [1, 2, 3]


def test_a_double_click_adds_one(client, case_file):
    answers = [client.post(page_of(case_file, "new/"), sent()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Attachment.objects.count() == 1


def test_a_supervisor_of_the_unit_adds_one_too(case_file):
    client = client_for(make_user(Role.SUPERVISOR))
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    assert client.post(page_of(case_file, "new/"), sent()).status_code == 302
    assert Attachment.objects.count() == 1


# --- not added


def refused_with(answer, words, place):
    """A form that came back: 422, the words beside the field and on top, nothing kept."""
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'id="id_file_error"' in page
    assert page.count(escape(words)) >= 2
    assert NOTE in page
    assert Attachment.objects.count() == 0
    assert not events("attachment.added")
    assert not place.exists() or list(place.iterdir()) == []


@pytest.mark.parametrize("content", [b"<html><script>", b"MZ" + bytes(99), b"\xd0\xcf\x11\xe0"])
def test_another_kind_of_document_is_refused_beside_the_field(client, case_file, place, content):
    answer = client.post(page_of(case_file, "new/"), sent(content))
    refused_with(answer, "This kind of document is not taken in.", place)


def test_a_document_that_is_too_large_is_refused_beside_the_field(client, case_file, place):
    answer = client.post(page_of(case_file, "new/"), sent(PDF + bytes(20 * MEGABYTE)))
    refused_with(answer, "an attachment has at most 20 MB", place)


def test_the_largest_document_is_kept(client, case_file):
    content = PDF + bytes(20 * MEGABYTE - len(PDF))
    assert client.post(page_of(case_file, "new/"), sent(content)).status_code == 302
    assert Attachment.objects.get().size_class == "large"
    answer = client.get(page_of(case_file, "1/"))
    assert answer.headers["Content-Length"] == str(len(content))
    assert body_of(answer) == content


def test_what_comes_past_the_upload_is_measured_as_well(case_file, worker):
    file = uploaded(PDF)
    file.size = 20 * MEGABYTE + 1
    with pytest.raises(Refused) as refused:
        attachments.add(case_file=case_file, file=file, by=worker, now=timezone.now())
    assert refused.value.field == "file"


@pytest.mark.parametrize("change", [{"file": ""}, {"file": uploaded(b"")}])
def test_nothing_chosen_is_named_beside_the_field(client, case_file, change):
    answer = client.post(page_of(case_file, "new/"), sent(**change))
    assert answer.status_code == 422
    assert 'id="id_file_error"' in answer.content.decode()


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in (Role.SOCIAL_WORKER, Role.SUPERVISOR)]
)
def test_another_role_has_no_attachments(case_file, attached, role):
    client = client_for(make_user(role))
    for rest in ("", "new/", "1/"):
        assert client.get(page_of(case_file, rest)).status_code == 403
    assert client.post(page_of(case_file, "new/"), sent()).status_code == 403
    assert client.post(page_of(case_file, "1/remove/")).status_code == 403
    assert Attachment.objects.filter(removed_at=None).count() == 1


@pytest.mark.parametrize("village", [None, OTHER_VILLAGE])
def test_a_stranger_finds_no_file_and_the_try_is_logged(case_file, attached, village):
    stranger = make_user(unit=make_unit(village) if village else None)
    client = client_for(stranger)
    for rest in ("", "new/", "1/"):
        assert client.get(page_of(case_file, rest)).status_code == 404
    assert client.post(page_of(case_file, "1/remove/")).status_code == 404
    assert {event.actor for event in events("case_file.refused")} == {stranger.log_reference}
    assert not events("attachment.downloaded")


def closed(case_file, worker):
    case_file.close(on=timezone.localdate())
    case_file.save_as(by=worker)


def test_nothing_is_added_to_or_removed_from_a_closed_file(client, case_file, worker, attached):
    closed(case_file, worker)

    assert 'name="file"' not in client.get(page_of(case_file, "new/")).content.decode()
    answer = client.post(page_of(case_file, "new/"), sent(csrfmiddlewaretoken="another"))
    assert answer.status_code == 422
    assert "This file is closed." in answer.content.decode()
    page = client.get(page_of(case_file)).content.decode()
    assert "remove/" not in page
    client.post(page_of(case_file, "1/remove/"))
    assert Attachment.objects.get().removed_at is None
    # What is there can still be read.
    assert body_of(client.get(page_of(case_file, "1/"))) == PDF


def test_nothing_is_half_done_when_the_log_fails(client, case_file, monkeypatch, place):
    def broken(*_args, **_kwargs):
        raise RuntimeError("no log")

    monkeypatch.setattr("casework.actions.attachments.log.record", broken)
    with pytest.raises(RuntimeError, match="no log"):
        client.post(page_of(case_file, "new/"), sent())
    assert (Attachment.objects.count(), Attachment.history.count()) == (0, 0)
    assert list(place.iterdir()) == []


# --- given out


def test_a_download_is_a_file_with_a_name_that_says_nothing(client, case_file, attached):
    answer = client.get(page_of(case_file, "1/"))

    name = f"KPM-{case_file.number}-1.pdf"
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"] == str(len(PDF))
    assert body_of(answer) == PDF


def test_it_is_in_the_log_before_its_first_byte(client, case_file, attached, worker):
    answer = client.get(page_of(case_file, "1/"))

    (taken,) = events("attachment.downloaded")
    assert (taken.subject, taken.actor) == (case_file.number, worker.log_reference)
    assert '"attachment.file"' in taken.body
    assert '"service"' in taken.body
    read = events("case_file.read")[-1]
    assert '"attachment.body"' in read.body
    assert '"attachment.file"' in read.body
    assert body_of(answer) == PDF


def test_what_cannot_be_logged_is_not_given_out(client, case_file, attached, monkeypatch):
    from audit import log

    def broken(*_args, **_kwargs):
        raise log.NotWritten

    monkeypatch.setattr("casework.actions.attachments.log.record", broken)
    answer = client.get(page_of(case_file, "1/"))
    assert answer.status_code == 503
    assert b"PDF-" not in answer.content


def test_a_supervisor_says_what_for_before_anything_is_given_out(case_file, attached):
    client = client_for(make_user(Role.SUPERVISOR))
    for rest in ("", "new/", "1/"):
        answer = client.get(page_of(case_file, rest))
        assert answer.status_code == 302
        assert answer.url.startswith(f"/files/{case_file.number}/purpose/")
    assert not events("attachment.downloaded")
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "quality"})
    assert body_of(client.get(page_of(case_file, "1/"))) == PDF
    assert '"quality"' in events("attachment.downloaded")[0].body


def test_another_number_is_not_there(client, case_file, attached):
    for rest in ("0/", "2/", "999999999999/"):
        assert client.get(page_of(case_file, rest)).status_code == 404
    assert client.post(page_of(case_file, "2/remove/")).status_code == 404


def damage(attached, how):
    path = storage.path_of(attached.file_id)
    content = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[:-1])
    elif how == "no key":
        DataKey.objects.filter(owner=attached.key_owner).delete()
    else:
        content[70] ^= 1
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["gone", "cut", "a bit", "no key"])
def test_a_damaged_file_is_told_in_words_and_nothing_of_it_given_out(
    client, case_file, attached, how, caplog
):
    damage(attached, how)
    answer = client.get(page_of(case_file, "1/"))

    assert (answer.status_code, answer.url) == (302, page_of(case_file))
    message = list(get_messages(answer.wsgi_request))[-1]
    assert "damaged" in str(message)
    (line,) = caplog.records
    assert str(attached.file_id) in line.getMessage()
    assert NAME not in line.getMessage()


def test_damage_far_inside_is_found_before_the_first_byte(client, case_file):
    client.post(page_of(case_file, "new/"), sent(PDF + bytes(3 * MEGABYTE)))
    path = storage.path_of(Attachment.objects.get().file_id)
    content = bytearray(path.read_bytes())
    content[MEGABYTE] ^= 1
    path.write_bytes(content)
    assert client.get(page_of(case_file, "1/")).status_code == 302


# --- listed


def test_the_list_says_what_there_is_and_who_added_it(client, case_file, worker, attached):
    page = client.get(page_of(case_file)).content.decode()
    for words in (NAME, NOTE, "PDF", worker.name, page_of(case_file, "1/")):
        assert words in page
    assert '"attachment.body"' in events("case_file.read")[-1].body
    assert 'aria-current="page">Attachments' in page


def test_an_empty_list_says_what_would_be_here(client, case_file):
    page = client.get(page_of(case_file)).content.decode()
    assert "There are no attachments" in page
    assert "new/" in page


def test_the_history_tells_of_it(client, case_file, attached):
    client.post(page_of(case_file, "1/remove/"))
    page = client.get(f"/files/{case_file.number}/history/").content.decode()
    assert "Attachment 1 was added: PDF" in page
    assert "Attachment 1 was removed: PDF" in page
    assert NAME not in page


@pytest.mark.parametrize("rest", ["", "new/", "1/"])
def test_the_pages_take_few_queries(client, case_file, django_assert_max_num_queries, rest):
    for number in range(6):
        client.post(page_of(case_file, "new/"), sent(csrfmiddlewaretoken=str(number)))
    keys = django_assert_max_num_queries(3, connection=connections["keys"])
    with django_assert_max_num_queries(20), keys:
        answer = client.get(page_of(case_file, rest))
    assert answer.status_code == 200
    if answer.streaming:
        body_of(answer)


# --- removed


def test_a_removed_attachment_stays_listed_and_is_not_given_out(
    client, case_file, worker, attached, place
):
    answer = client.post(page_of(case_file, "1/remove/"))

    assert (answer.status_code, answer.url) == (302, page_of(case_file))
    attached.refresh_from_db()
    assert attached.is_removed
    assert attached.removed_by == worker
    (event,) = events("attachment.removed")
    assert (event.subject, event.actor) == (case_file.number, worker.log_reference)
    assert len(list(place.iterdir())) == 1
    page = client.get(page_of(case_file)).content.decode()
    assert "Removed" in page
    assert NAME in page
    assert page_of(case_file, "1/") not in page
    answer = client.get(page_of(case_file, "1/"))
    assert answer.status_code == 302
    assert not events("attachment.downloaded")


def test_nothing_is_removed_twice(client, case_file, attached):
    client.post(page_of(case_file, "1/remove/"))
    before = Attachment.objects.get().removed_at
    answer = client.post(page_of(case_file, "1/remove/"))
    assert "was removed" in str(list(get_messages(answer.wsgi_request))[-1])
    assert Attachment.objects.get().removed_at == before
    assert len(events("attachment.removed")) == 1


def test_rules_ask_for_the_role_again(case_file, attached):
    nobody = make_user(Role.AUDITOR)
    for act in (
        lambda: attachments.add(
            case_file=case_file, file=uploaded(), by=nobody, now=timezone.now()
        ),
        lambda: attachments.remove(attachment=attached, by=nobody, now=timezone.now()),
        lambda: attachments.download(attachment=attached, by=nobody, purpose=None),
    ):
        with pytest.raises(Refused):
            act()


@pytest.mark.parametrize("role", [Role.SOCIAL_WORKER, Role.SUPERVISOR])
def test_rules_ask_whose_file_it_is_again(case_file, attached, role):
    stranger = make_user(role, unit=make_unit("100222101201"))
    with pytest.raises(Refused, match="not yours"):
        attachments.download(attachment=attached, by=stranger, purpose=None)


@pytest.mark.parametrize(
    "change",
    [
        {"number": 7},
        {"kind": "png"},
        {"file_id": "01930000-0000-7000-8000-0000000000ff"},
        {"key_owner": "01930000-0000-7000-8000-0000000000ff"},
    ],
)
def test_the_database_keeps_what_an_attachment_is(attached, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.filter(pk=attached.pk).update(**change)


def test_the_database_deletes_none_and_brings_none_back(client, case_file, worker, attached):
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.update(removed_at=timezone.now())
    client.post(page_of(case_file, "1/remove/"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Attachment.objects.update(removed_at=None, removed_by=None)
    # A file that is forgotten loses its content, removed or not.
    assert Attachment.objects.update(body=None, key_gen=0) == 1


# --- what is left behind


def test_orphans_are_swept_and_the_rest_stays(client, case_file, attached, place):
    (place / f"{os.urandom(16).hex()}.cvf").write_bytes(b"CVF1")
    (place / f"{os.urandom(16).hex()}.part").write_bytes(b"CV")
    assert sweeps.remove_orphans(timezone.now()) == 0
    assert len(list(place.iterdir())) == 3
    assert sweeps.remove_orphans(timezone.now() + timedelta(days=2)) == 1
    assert [each.name for each in place.iterdir()] == [f"{attached.file_id.hex}.cvf"]
    client.post(page_of(case_file, "1/remove/"))
    assert sweeps.remove_orphans(timezone.now() + timedelta(days=2)) == 0


def test_many_orphans_mean_another_database_and_stay(place, caplog):
    place.mkdir()
    for _ in range(sweeps.MOST_ORPHANS + 1):
        (place / f"{os.urandom(16).hex()}.cvf").touch()
    assert sweeps.remove_orphans(timezone.now() + timedelta(days=2)) == 0
    assert len(list(place.iterdir())) == sweeps.MOST_ORPHANS + 1
    assert "none was removed" in caplog.text


KILLED = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
settings.KPM_FILES_DIR = sys.argv[1]
from django.utils import timezone
from casework.actions import attachments
from casework.models import CaseFile
from kpm.accounts.models import User
from tests.casework.documents import uploaded
def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
attachments.log.record = killed
attachments.add(
    case_file=CaseFile.objects.select_related("unit").get(number=sys.argv[2]),
    file=uploaded(), by=User.objects.get(username=sys.argv[3]), now=timezone.now(),
)
"""


def test_a_killed_process_leaves_a_file_without_a_row_and_never_a_row_without_a_file(
    real_commits: RealCommits, place: Path
) -> None:
    worker = make_user()
    case_file = make_case_file(lead=worker)
    connections.close_all()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(place), case_file.number, worker.username],
        env=real_commits.environment,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == -9
    assert Attachment.objects.count() == 0
    assert len(list(place.iterdir())) == 1
    assert sweeps.remove_orphans(timezone.now() + timedelta(days=2)) == 1
    assert list(place.iterdir()) == []
