"""What every test can rely on: databases as in production, and real commits where asked for."""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.test.testcases import LiveServerThread
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

from tests.settings import ALIASES, IS_POSTGRESQL

# How long an example takes says something about the machine, and nothing about the example.
settings.register_profile("kpm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kpm")


# Half a million objects are here to stay: looking through them for what can go, again and again,
# was a tenth of every run.
gc.set_threshold(50_000, 20, 50)

# Who asks for one of these meets the engine.
MEETS_ENGINE = frozenset({"db", "template_databases", "real_commits", "world"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let every database test use both databases; nobody may empty tables that only grow.

    What meets no engine finds the same beside either, and is asked once: on SQLite.
    """
    if IS_POSTGRESQL:
        config.hook.pytest_deselected(items=[item for item in items if not meets_engine(item)])
        items[:] = filter(meets_engine, items)
    # What takes minutes begins first, or one process waits for the other at the end. Such tests
    # are marked already: counting their lines would take half as long again.
    items.sort(key=lambda item: not any(item.iter_markers("no_cover")))
    for item in items:
        marker = item.get_closest_marker("django_db")
        wanted = dict(marker.kwargs) if marker else {}
        if wanted.get("transaction") or "transactional_db" in getattr(item, "fixturenames", ()):
            raise pytest.UsageError(
                f"{item.nodeid}: append-only tables cannot be emptied after a test that commits. "
                "Use the fixture real_commits."
            )
        if marker and "databases" not in wanted:
            item.add_marker(pytest.mark.django_db(databases=list(ALIASES)), append=False)


def meets_engine(item: pytest.Item) -> bool:
    """Whether a test works on a database, by itself or in a module that tells them apart."""
    if any(item.iter_markers("once")):
        return False
    return (
        any(item.iter_markers("django_db"))
        or any(item.iter_markers("engine"))
        or not MEETS_ENGINE.isdisjoint(getattr(item, "fixturenames", ()))
        or "IS_POSTGRESQL" in vars(getattr(item, "module", object))
    )


@pytest.fixture(scope="session")
def template_databases(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, str]]:
    """The names of untouched, migrated databases beside those of ordinary tests."""
    from tests import databases

    with django_db_blocker.unblock():
        templates = databases.make()
    yield templates
    with django_db_blocker.unblock():
        databases.remove(templates)


@pytest.fixture(scope="session")
def django_db_setup(template_databases: dict[str, str]) -> None:
    """Replaces pytest-django's: ours are migrated by the owner and used by the runtime role."""


@pytest.fixture(autouse=True)
def _forgotten_keys(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keys of rows that were rolled back are gone, so the process must not remember them."""
    yield
    if "django_db_setup" in request.fixturenames or "real_commits" in request.fixturenames:
        from kpm.vault import keys

        keys.ring.forget()


@dataclass(frozen=True)
class RealCommits:
    """Databases of one test: what other threads and processes need to find them."""

    names: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which `manage.py` works on the same databases."""
        names = {f"KPM_TEST_NAME_{alias.upper()}": name for alias, name in self.names.items()}
        return {**os.environ, **names, "DJANGO_SETTINGS_MODULE": "tests.settings"}


@pytest.fixture
def real_commits(
    template_databases: dict[str, str], django_db_blocker: DjangoDbBlocker
) -> Iterator[RealCommits]:
    """Fresh databases in which commits are real: for threads, processes, crashes, the auditor.

    Works with and without the marker django_db; whatever the test commits goes with them.
    """
    from tests import databases

    with django_db_blocker.unblock(), databases.copied(template_databases) as names:
        yield RealCommits(names)


@pytest.fixture
def live_site(real_commits: RealCommits) -> Iterator[str]:
    """The address of a server in this process, on the databases of `real_commits`."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    server = LiveServerThread("127.0.0.1", StaticFilesHandler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()
