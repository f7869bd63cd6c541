"""Everybody walks to every address, and each group that opens on the way is found in the log.

The vault itself is asked what it opened, at the moment when plaintext comes into being, so a page
that goes round the log is found here whatever it shows.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from django.http import HttpResponse

from audit.models import Alert, Detail, Finding, LoggedEvent
from casework.models import CaseFile, Ledger, Person
from kpm.management.documents import routes
from kpm.permissions import Role
from kpm.vault import envelope, opening
from kpm.vault.groups import layout_of
from kpm.vault.registry import PAYLOADS
from risk_levels.models import RiskLevel
from tests.architecture.permission_matrix import MATRIX
from tests.conftest import RealCommits
from tests.proofs import walks, worlds

# A group or payload, and the row whose key opened it.
Opened = set[tuple[str, UUID]]


@contextmanager
def watched_vault() -> Iterator[Opened]:
    """Collects every group that is opened meanwhile."""
    opened: Opened = set()
    of_group, of_payload = opening.raw_values, envelope.unseal
    names = {code: name for name, code in PAYLOADS.items()}

    def group_opened(row: Any, group: Any, key: Any) -> list[Any]:
        opened.add((group.label, getattr(row, layout_of(type(row)).owner)))
        return of_group(row, group, key)

    def payload_opened(cipher: Any, blob: bytes, context: bytes) -> bytes:
        if blob[0] == envelope.PAYLOAD:
            opened.add((names[context[0]], UUID(bytes=context[1:17])))
        return of_payload(cipher, blob, context)

    with (
        mock.patch.object(opening, "raw_values", group_opened),
        mock.patch.object(envelope, "unseal", payload_opened),
    ):
        yield opened


def names_in_the_log() -> dict[UUID, set[str]]:
    """For each key owner the names under which the log may speak of what lies under the key."""
    names: dict[UUID, set[str]] = defaultdict(set)
    for model in (CaseFile, Person, Ledger, RiskLevel, Alert, Finding):
        for row in model.objects.all():
            for owner in row.log_owners:
                names[owner].add(row.log_reference)
    return names


def newest_event() -> int:
    """The id of the last event."""
    return LoggedEvent.objects.order_by("-id").values_list("id", flat=True).first() or 0


def covered(actor: str, after: int) -> set[tuple[str, str]]:
    """Which groups of which things the newest events say that somebody opened."""
    bodies = LoggedEvent.objects.filter(id__gt=after, actor=actor).values_list("body", flat=True)
    return {
        (group, thing)
        for body in map(json.loads, bodies)
        for group in body.get("f", ())
        for thing in (body.get("o"), *body.get("os", ()))
    }


def speaks_of_canaries(text: str) -> bool:
    """Whether a word or number of the canary file stands in it."""
    numbers = (*worlds.CANARY_ID_NUMBERS, worlds.CANARY_PHONE, worlds.CANARY_OTHER_PHONE)
    return bool(set(text) & set(worlds.STRANGE)) or any(each in text for each in numbers)


def outside_of_the_page(answer: HttpResponse) -> str:
    """What travels beside the content: addresses, headers, cookies."""
    headers = " ".join(f"{name}: {value}" for name, value in answer.items())
    return f"{headers} {answer.cookies.output()}"


def test_every_reading_has_its_event(
    demo: RealCommits, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    names = names_in_the_log()
    seen: set[str] = set()
    refused = 0
    for role in Role:
        client, user = walks.browser(role), worlds.somebody(role)
        for route in routes():
            address = walks.address_of(route)
            before = newest_event()
            with watched_vault() as opened:
                answer = client.get(address)
                walks.content_of(answer)
            where = f"{route.name} {role}"
            said = covered(user.log_reference, before)
            for group, owner in opened:
                things = {(group, name) for name in names[owner]}
                assert things & said, f"{where} opened {group} and nobody wrote it down"
            seen |= {group for group, _owner in opened}
            if role not in MATRIX[route.name]:
                refused += 1
                assert not opened, where
                assert not walks.shows_content(answer), where
            if walks.shows_content(answer):
                assert opened, where
            assert not speaks_of_canaries(outside_of_the_page(answer)), where
    assert refused > 100
    # Most of what is sealed was opened by somebody; the walk went past more than lobbies.
    assert len(seen) >= len(worlds.sealed_groups()) * 2 // 3, seen
    for body in LoggedEvent.objects.values_list("body", flat=True):
        assert not speaks_of_canaries(body)
    for body in Detail.objects.filter(owner=None).values_list("body", flat=True):
        assert not speaks_of_canaries(bytes(body).decode())
    printed = capfd.readouterr()
    assert not speaks_of_canaries(printed.out + printed.err + caplog.text)
