"""What tests of levels share: one file, its worker and its supervisor."""

from collections.abc import Iterator
from datetime import date

import pytest

from casework.models import CaseFile
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.permissions import Role
from risk_levels.models import RiskLevel
from tests.factories import NOW, make_case_file, make_user
from tests.levels import without_a_decision


@pytest.fixture
def today() -> date:
    return NOW.date()


@pytest.fixture
def worker() -> User:
    return make_user(Role.SOCIAL_WORKER)


@pytest.fixture
def supervisor() -> User:
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def clock() -> User:
    return system_account("clock")


@pytest.fixture
def case_file(worker: User) -> CaseFile:
    return make_case_file(lead=worker)


@pytest.fixture
def risk_level(case_file: CaseFile) -> RiskLevel:
    return case_file.risk_level


@pytest.fixture(autouse=True)
def _no_level_without_a_decision(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test did, by whichever action: levels are what their decisions say."""
    yield
    if "django_db_setup" in request.fixturenames:
        assert without_a_decision() == []
