"""What tests of the vault share: a reading that remembers, one actor, one human."""

from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from kpm.ids import uuid7
from tests.sealed.models import Human


class Notes:
    """A reading that keeps what was opened, and refuses when told to."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, UUID]] = []
        self.refusing = False

    def note(self, *, group: str, owner: UUID) -> None:
        if self.refusing:
            raise PermissionError("not about this one")
        self.opened.append((group, owner))


@pytest.fixture
def reading() -> Notes:
    return Notes()


@pytest.fixture
def actor() -> Any:
    return SimpleNamespace(pk=uuid7())


@pytest.fixture
def human(db: None) -> Callable[..., Human]:
    """Makes saved humans."""

    def make(**values: Any) -> Human:
        made = Human(**{"name": "王秀英", "sex": "f", "birth_on": date(1941, 2, 3), **values})
        made.save()
        return made

    return make
