"""Keys lie apart from what they open; the auditor's door is no place."""

import pytest

from audit.models import LoggedEvent
from kpm.accounts.models import Unit, User
from kpm.database.routers import KeysRouter
from kpm.vault.models import DataKey, ScopeKey, VaultKey

router = KeysRouter()


@pytest.mark.parametrize("model", [DataKey, ScopeKey, VaultKey])
def test_keys_lie_in_a_database_of_their_own(model):
    assert router.db_for_read(model) == router.db_for_write(model) == "keys"
    assert router.allow_migrate("keys", "vault", model._meta.model_name) is True
    assert router.allow_migrate("default", "vault", model._meta.model_name) is False


@pytest.mark.parametrize("model", [User, LoggedEvent])
def test_everything_else_lies_in_the_default_one(model):
    label, name = model._meta.app_label, model._meta.model_name
    assert router.db_for_read(model) == router.db_for_write(model) == "default"
    assert router.allow_migrate("default", label, name) is True
    assert router.allow_migrate("keys", label, name) is False


def test_nothing_is_ever_made_through_the_auditors_door():
    assert router.allow_migrate("auditor", "audit", "loggedevent") is False
    assert router.allow_migrate("auditor", "vault") is False
    assert router.allow_migrate("sequencer", "audit", "leaf") is False


def test_hand_written_steps_say_where_they_belong():
    assert router.allow_migrate("default", "audit") is True
    assert router.allow_migrate("keys", "audit") is False
    assert router.allow_migrate("keys", "vault", tables="keys") is True
    assert router.allow_migrate("default", "vault", tables="keys") is False


def test_relations_stay_inside_one_database():
    assert router.allow_relation(User(), Unit()) is True
    assert router.allow_relation(User(), VaultKey()) is False
