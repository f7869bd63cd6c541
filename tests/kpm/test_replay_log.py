"""The log outside the database: lines that are kept, and lines that never were."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from django.utils import timezone

from kpm import replay_log
from kpm.accounts import replays
from kpm.accounts.actions import end_grant
from kpm.permissions import Role
from tests.factories import make_user


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.KPM_REPLAY_LOG = tmp_path / "outside" / "replay.log"
    return settings.KPM_REPLAY_LOG


def kinds():
    return [line["kind"] for line in replay_log.lines()]


def test_it_is_made_once_for_nobody_but_us(place):
    replay_log.begin()
    replay_log.begin()
    assert kinds() == ["log.begun"]
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700


def test_a_line_that_was_left_half_harms_no_other(place):
    replay_log.append("grant.ended", grant="g:1", until_on="2026-11-03")
    with place.open("ab") as file:
        file.write(b'{"v":1,"kind":"gra')
    replay_log.append("grant.ended", grant="g:2", until_on="2026-11-04")
    replay_log.append("grant.ended", grant="g:3", until_on="2026-11-04")
    assert [line["grant"] for line in replay_log.lines()] == ["g:1", "g:2", "g:3"]


def test_lines_of_another_version_and_other_things_are_passed(place):
    replay_log.begin()
    with place.open("ab") as file:
        file.write(b'{"v":2,"kind":"grant.ended"}\n["grant.ended"]\n\xff\n')
    assert kinds() == ["log.begun"]


def test_many_writers_leave_whole_lines(place):
    with ThreadPoolExecutor(8) as pool:
        for number in range(200):
            pool.submit(replay_log.append, "grant.ended", grant=f"g:{number}", until_on="x" * 40)
    grants = [json.loads(text)["grant"] for text in place.read_text("ascii").splitlines()]
    assert sorted(grants) == sorted(f"g:{number}" for number in range(200))


def test_a_full_disk_is_no_success(place, monkeypatch):
    replay_log.begin()

    class Full:
        """A file that takes a part of what it is given, as one does on a full disk."""

        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_error):
            self.file.close()

        def __getattr__(self, name):
            return getattr(self.file, name)

        def write(self, text):
            return self.file.write(text[:7])

    real = replay_log.os.fdopen
    monkeypatch.setattr(replay_log.os, "fdopen", lambda *a, **k: Full(real(*a, **k)))
    with pytest.raises(OSError, match="No space left"):
        replay_log.append("grant.ended", grant="g:1", until_on="2026-11-03")
    monkeypatch.undo()
    replay_log.append("grant.ended", grant="g:1", until_on="2026-11-03")
    assert kinds() == ["log.begun", "grant.ended"]


def test_only_what_was_kept_leaves_a_line(real_commits, place):
    by, user, today = make_user(Role.SECURITY_ADMINISTRATOR), make_user(), timezone.localdate()
    replay_log.begin()
    with transaction.atomic():
        end_grant(grant=user.grants.get(), until_on=today, by=by, today=today)
        transaction.set_rollback(True)
    assert kinds() == ["log.begun"]
    assert user.grants.get().until_on is None


def test_an_end_is_on_record_when_it_is_told(real_commits):
    by, user, today = make_user(Role.SECURITY_ADMINISTRATOR), make_user(), timezone.localdate()
    grant = end_grant(grant=user.grants.get(), until_on=today, by=by, today=today)
    assert [
        (line["grant"], line["until_on"]) for line in replay_log.lines() if "grant" in line
    ] == [(grant.log_reference, str(today))]
    # What is there is not written again.
    assert replays.note_missing() == 0


def test_what_the_power_cut_off_is_found_by_looking_at_the_rows(real_commits):
    ended, closed = make_user(until_on=timezone.localdate()), make_user()
    closed.is_active = False
    closed.save_as(by=None)
    assert replays.note_missing() == 2
    assert kinds() == ["grant.ended", "account.closed"]
    assert replays.note_missing() == 0
    closed.is_active = True
    closed.save_as(by=None)
    assert replays.note_missing() == 1
    assert kinds()[-1] == "account.reopened"
    assert replays.note_missing() == 0
    assert ended.log_reference not in str(list(replay_log.lines()))
