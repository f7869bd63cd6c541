"""Sealed bytes open in their own row, group and model only, and only as they were written.

Moved here as somebody with the bare database moves them, past every guard and every right. What
this cannot tell is an older version of the same group put back in the same row: that shows in the
history.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from casework.models import Person
from kpm.permissions import Role
from kpm.vault.errors import Cause, Unreadable, VaultError
from kpm.vault.fields import SealedModel
from kpm.vault.groups import GroupLayout, layout_of
from kpm.vault.keys import ring
from kpm.vault.opening import open_groups
from kpm.vault.sealing import seal_rows
from tests.audit.attackers import Execute, raw, unguarded
from tests.conftest import RealCommits
from tests.factories import client_for
from tests.proofs import worlds
from tests.settings import IS_POSTGRESQL

GROUPS = [
    pytest.param(model, name, id=f"{model.__name__}.{name}")
    for model, name in worlds.sealed_groups()
]


@pytest.fixture(scope="module")
def thief(shared_demo: RealCommits, django_db_blocker: DjangoDbBlocker) -> Iterator[Execute]:
    """Writes into the data past guards; every test puts back what it moved."""
    with django_db_blocker.unblock(), unguarded(shared_demo) as execute:
        yield execute


def stored(identity: Any) -> Any:
    """An id as the engine keeps it."""
    return identity if IS_POSTGRESQL else identity.hex


class Moved:
    """Bytes in a place where they do not belong, until the end of the block."""

    def __init__(self, thief: Execute, row: SealedModel, group: str, blob: bytes | None) -> None:
        self.thief, self.row, self.blob = thief, row, blob
        self.sql = f"UPDATE {row._meta.db_table} SET {group} = ? WHERE id = ?"  # noqa: S608 names of our own models
        self.before = bytes(getattr(row, group))

    def __enter__(self) -> SealedModel:
        assert self.blob != self.before
        self.thief(self.sql, self.blob, stored(self.row.pk))
        return type(self.row).objects.get(pk=self.row.pk)

    def __exit__(self, *_error: object) -> None:
        self.thief(self.sql, self.before, stored(self.row.pk))


def rows_of(model: type[SealedModel]) -> list[SealedModel]:
    """The rows, those of the canary file first: under its key lies one of every kind."""
    rows: Any = model.objects.order_by("-id")
    file = worlds.canary_file()
    ours = {file.id, file.person_id}
    return sorted(rows, key=lambda row: owner_of(row) not in ours)


def owner_of(row: SealedModel) -> Any:
    """Whose key a row lies under."""
    return getattr(row, layout_of(type(row)).owner)


def opens(row: SealedModel, group: str) -> dict[str, Any]:
    """The opened values."""
    open_groups([row], group, reading=worlds.Everything())
    return {name: getattr(row, name) for name in layout_of(type(row)).groups[group].names}


def stays_shut(row: SealedModel, group: str) -> Exception:
    """It does not open, says so without content, and nothing of it is in memory."""
    with pytest.raises(VaultError) as refused:
        open_groups([row], group, reading=worlds.Everything())
    assert not row.__dict__.keys() & layout_of(type(row)).group_of.keys()
    assert not set(str(refused.value)) & set(worlds.STRANGE)
    return refused.value


def cause_of(error: Exception) -> Cause:
    """Why it did not open."""
    assert isinstance(error, Unreadable)
    return error.cause


def elsewhere(model: type[SealedModel], group: str) -> Iterator[tuple[str, bytes]]:
    """Sealed bytes that belong somewhere else than in the first row's group."""
    first, *others = rows_of(model)
    strangers = [row for row in others if owner_of(row) != owner_of(first)]
    sisters = [row for row in others if owner_of(row) == owner_of(first)]
    yield "of another owner", bytes(getattr(strangers[0], group))
    if sisters:
        yield "of another row under the same key", bytes(getattr(sisters[0], group))
    for other, name in worlds.sealed_groups():
        if (other, name) != (model, group):
            yield f"of {other.__name__}.{name}", bytes(getattr(rows_of(other)[0], name))


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_bytes_from_elsewhere_do_not_open(
    thief: Execute, model: type[SealedModel], group: str
) -> None:
    row = rows_of(model)[0]
    expected = opens(rows_of(model)[0], group)
    tried = list(elsewhere(model, group))
    assert len(tried) >= len(GROUPS)
    for what, blob in tried:
        with Moved(thief, row, group, blob) as found:
            # Noticed by the seal itself, not by what happens to lie inside.
            assert cause_of(stays_shut(found, group)) == Cause.CHANGED, what
    assert opens(rows_of(model)[0], group) == expected


def test_rows_under_one_key_were_tried(thief: Execute) -> None:
    together = {
        model.__name__
        for model in worlds.sealed_models()
        if len({owner_of(row) for row in rows_of(model)[:2]}) == 1
    }
    assert together == {
        *(
            "Assessment",
            "HandOver",
            "HarmStep",
            "Incident",
            "LedgerRow",
            "Need",
            "PlanEntry",
            "Proposal",
            "Referral",
            "Sharing",
            "TeamMember",
            "UnsentForm",
            "Visit",
        ),
    }


def test_no_kind_of_row_opens_the_bytes_of_another_kind(shared_demo: RealCommits) -> None:
    # Rows of every kind with one id under one key: all that tells them apart is what they are.
    twin = worlds.canary_file().id
    rows = {model: model(id=twin) for model in worlds.sealed_models()}
    for row in rows.values():
        if not row.owns_key:
            row.__dict__["key_owner"] = twin
        seal_rows([row])
    groups = [(rows[model], name) for model, name in worlds.sealed_groups()]
    sealed = {(row, name): row.__dict__[name] for row, name in groups}
    for row, name in groups:
        for blob in sealed.values():
            fresh = type(row)(id=twin, **{name: blob})
            if not row.owns_key:
                fresh.__dict__["key_owner"] = twin
            if blob == sealed[row, name]:
                opens(fresh, name)
            else:
                assert cause_of(stays_shut(fresh, name)) == Cause.CHANGED


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_two_rows_that_change_places_stay_shut_both(
    thief: Execute, model: type[SealedModel], group: str
) -> None:
    one, other = rows_of(model)[:2]
    with (
        Moved(thief, one, group, bytes(getattr(other, group))) as first,
        Moved(thief, other, group, bytes(getattr(one, group))) as second,
    ):
        assert isinstance(stays_shut(first, group), Unreadable)
        assert isinstance(stays_shut(second, group), Unreadable)


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_one_flipped_bit_shuts_it(thief: Execute, model: type[SealedModel], group: str) -> None:
    row = rows_of(model)[0]
    blob = bytes(getattr(row, group))
    for at in (0, 1, 2, 3, 4, 15, 16, len(blob) // 2, len(blob) - 17, len(blob) - 1):
        changed = bytearray(blob)
        changed[at] ^= 1 << at % 8
        with Moved(thief, row, group, bytes(changed)) as found:
            stays_shut(found, group)
    # Every bit there is, without the way through the database.
    for at in range(8 * len(blob)):
        changed = bytearray(blob)
        changed[at // 8] ^= 1 << at % 8
        row.__dict__[group] = bytes(changed)
        with pytest.raises(VaultError):
            open_groups([row], group, reading=worlds.Everything())


@pytest.mark.parametrize(("model", "group"), GROUPS)
def test_shorter_longer_and_no_bytes_stay_shut(
    thief: Execute, model: type[SealedModel], group: str
) -> None:
    row = rows_of(model)[0]
    blob = bytes(getattr(row, group))
    for wrong in (b"", blob[:1], blob[:31], blob[:-1], blob + b"\0", blob[:16] + blob, None):
        with Moved(thief, row, group, wrong) as found:
            assert isinstance(stays_shut(found, group), Unreadable)


def history_models() -> Iterator[type[SealedModel]]:
    """The sealed models that keep their versions."""
    return (model for model in worlds.sealed_models() if hasattr(model, "history"))


def test_versions_in_history_do_not_move_either(thief: Execute) -> None:
    for model in history_models():
        layout: GroupLayout
        for layout in layout_of(model).groups.values():
            pasts: Any = model.history.order_by("history_id")
            one = pasts.first()
            other = pasts.exclude(id=one.id).first()
            mine = bytes(getattr(one, layout.name))
            table = one._meta.db_table
            sql = f"UPDATE {table} SET {layout.name} = ? WHERE history_id = ?"  # noqa: S608 names of our own models
            opens(one.instance, layout.name)
            thief(sql, bytes(getattr(other, layout.name)), stored(one.history_id))
            moved = model.history.get(history_id=one.history_id)
            assert isinstance(stays_shut(moved.instance, layout.name), Unreadable)
            thief(sql, mine, stored(one.history_id))


def test_keys_do_not_move_either(thief: Execute, shared_demo: RealCommits) -> None:
    one, other = rows_of(Person)[:2]
    keys = RealCommits({"default": shared_demo.names["keys"]})
    with raw(keys) as bare:
        read = "SELECT wrapped, check_value FROM vault_datakey WHERE owner = ?"
        write = "UPDATE vault_datakey SET wrapped = ?, check_value = ? WHERE owner = ?"
        (first,), (second,) = bare(read, stored(one.pk)), bare(read, stored(other.pk))
        bare(write, *second, stored(one.pk))
        bare(write, *first, stored(other.pk))
        ring.forget()
        for row in (one, other):
            assert isinstance(stays_shut(row, "head"), Unreadable)
        bare(write, *first, stored(one.pk))
        bare(write, *second, stored(other.pk))
    ring.forget()
    opens(one, "head")


def test_a_page_with_moved_bytes_shows_an_error_and_nothing_else(thief: Execute) -> None:
    file = worlds.canary_file()
    other = rows_of(Person)[1]
    client = client_for(worlds.somebody(Role.SOCIAL_WORKER))
    client.raise_request_exception = False
    shown = client.get(file.get_absolute_url())
    assert shown.status_code == 200
    assert worlds.CANARY_NAME in shown.content.decode()
    with Moved(thief, file.person, "head", bytes(other.head)):
        for address in (file.get_absolute_url(), "/files/"):
            answer = client.get(address)
            assert answer.status_code == 500
            assert not set(answer.content.decode()) & set(worlds.STRANGE)
    assert client.get(file.get_absolute_url()).status_code == 200
