"""Copies of whole databases: by whom, and what is said when it does not work."""

import os
import threading
from contextlib import closing
from pathlib import Path

import pysqlite3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from kpm.database import dumps
from tests.factories import make_unit
from tests.kpm.backups.conftest import Site
from tests.settings import IS_POSTGRESQL


def silent(_count):
    pass


if IS_POSTGRESQL:

    def test_the_owner_has_to_be_named(real_commits, settings):
        settings.KPM_OWNER_KEYS_DATABASE = ""
        with pytest.raises(ImproperlyConfigured, match="KPM_OWNER_KEYS_DATABASE is not set"):
            next(dumps.taken("keys", silent))

    def test_a_password_is_no_argument_and_our_settings_are_not_handed_on(
        real_commits, settings, monkeypatch
    ):
        settings.KPM_OWNER_DATABASE = "host=x dbname=kpm user=kpm_owner password='very secret'"
        monkeypatch.setenv("KPM_OWNER_DATABASE", settings.KPM_OWNER_DATABASE)
        started = {}

        def popen(words, *, env, **_streams):
            started.update(words=words, env=env)
            raise BlockingIOError

        monkeypatch.setattr(dumps.subprocess, "Popen", popen)
        with pytest.raises(BlockingIOError):
            next(dumps.taken("default", silent))
        assert "secret" not in " ".join(started["words"])
        assert started["env"]["PGPASSWORD"] == "very secret"
        assert not [name for name in started["env"] if name.startswith("KPM_")]

    def test_what_a_program_says_is_told(site: Site, settings):
        settings.KPM_OWNER_DATABASE += "_that_is_not_there"
        with pytest.raises(dumps.Failed, match=r"pg_dump ended with 1: .*does not exist"):
            list(dumps.taken("default", silent))

    def test_a_stream_that_is_none_is_refused_and_nothing_stays(site: Site):
        with dumps.as_owner():
            dumps.clear("keys")
            assert dumps.is_empty("keys")
        with pytest.raises(dumps.Failed, match="pg_restore ended with 1: "):
            dumps.put_back("keys", [b"no dump", bytes(1_000_000)] * 9)
        with dumps.as_owner():
            assert dumps.is_empty("keys")

    def test_whoever_asks_stops_and_the_program_with_them(site: Site):
        pieces = dumps.taken("default", silent)
        assert next(pieces).startswith(b"PGDMP")
        pieces.close()

    def test_somebody_who_is_leaving_is_waited_for_and_somebody_who_stays_is_not(
        real_commits, monkeypatch
    ):
        alone = connections["default"]

        def join():
            return alone.get_new_connection(alone.get_connection_params())

        other = join()
        leaving = threading.Timer(0.4, other.close)
        leaving.start()
        assert not dumps.is_used("default")
        leaving.join()

        monkeypatch.setattr(dumps, "LEAVING", 0.2)
        with join():
            assert dumps.is_used("default")

else:

    def test_a_copy_is_of_one_moment_and_has_no_name(site: Site, monkeypatch):
        name = site.commits.names["default"]
        make_unit("100122101000")
        before = set(os.listdir(Path(name).parent))
        seen = []
        monkeypatch.setattr(dumps, "PIECE", 4096)
        pieces = dumps.taken("default", seen.append)
        first = next(pieces)
        # What is written now is not in it, and waits for nobody.
        make_unit("100122202000")
        new = set(os.listdir(Path(name).parent)) - before
        assert [each for each in new if each.startswith(dumps.PART)] == []
        copy = Path(site.settings["KPM_REPLAY_LOG"]).parent / "copy.sqlite3"
        copy.parent.mkdir()
        copy.write_bytes(first + b"".join(pieces))
        assert seen == [4096 * number for number in range(1, len(seen) + 1)]
        with closing(pysqlite3.connect(copy)) as connection:
            rows = connection.execute("SELECT code FROM accounts_unit ORDER BY code").fetchall()
        assert ("100122101000",) in rows
        assert ("100122202000",) not in rows

    def test_what_cannot_be_copied_is_told_and_leaves_nothing(site: Site):
        connections.close_all()
        path = Path(site.commits.names["keys"])
        path.write_bytes(b"no database at all" * 1000)
        with pytest.raises(dumps.Failed, match="could not be copied: file is not a database"):
            list(dumps.taken("keys", silent))
        assert list(path.parent.glob(f"{dumps.PART}*")) == []
        # Such a file is in nobody's use, and is taken away.
        assert not dumps.is_used("keys")
        dumps.clear("keys")
        assert dumps.is_empty("keys")
        assert not dumps.is_used("keys")

    def test_what_is_no_database_is_not_put_back(site: Site):
        connections.close_all()
        dumps.clear("keys")
        with pytest.raises(dumps.Failed, match="is not whole: file is not a database"):
            dumps.put_back("keys", [b"no database at all" * 1000])
