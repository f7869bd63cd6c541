"""The databases of the tests are those of production: roles, guards, real commits."""

import subprocess
import sys
from threading import Thread

import pytest
from django.db import DatabaseError, connection, connections

from kpm.vault.models import VaultKey
from tests.conftest import RealCommits
from tests.factories import make_unit


@pytest.mark.django_db
def test_both_databases_are_there_and_hold_a_vault_key():
    assert VaultKey.objects.count() == 1
    make_unit()


@pytest.mark.django_db
def test_nobody_is_connected_as_the_owner():
    if connection.vendor == "sqlite":
        assert connection.is_lifted is False
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("kpm_app", False)


@pytest.mark.parametrize("turn", [1, 2])
def test_real_commits_are_seen_by_threads_and_gone_afterwards(real_commits: RealCommits, turn: int):
    from kpm.accounts.models import Unit

    assert Unit.objects.count() == 0
    make_unit()
    seen: list[int] = []

    def look() -> None:
        seen.append(Unit.objects.count())
        connections.close_all()

    thread = Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [4]


def test_real_commits_are_seen_by_other_processes(real_commits: RealCommits):
    make_unit()
    look = (
        "import django; django.setup(); "
        "from kpm.accounts.models import Unit; print(Unit.objects.count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        env=real_commits.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "4\n", done.stderr


@pytest.mark.django_db
def test_real_commits_stay_apart_from_the_test_around_them(request: pytest.FixtureRequest):
    from kpm.accounts.models import Unit

    make_unit()
    request.getfixturevalue("real_commits")
    assert Unit.objects.count() == 0


def test_nobody_makes_temporary_objects_in_a_copy_either(real_commits: RealCommits):
    for alias in ("default", "keys"):
        with (
            connections[alias].cursor() as cursor,
            pytest.raises(DatabaseError, match=r"permission denied|not authorized|prohibited"),
        ):
            cursor.execute("CREATE TEMPORARY TABLE accounts_user (id integer)")
