"""Somebody comes to an address with rows of nobody in its variables, and is let in or refused."""

import re
from typing import Final

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from kpm.management.documents import Route, routes
from kpm.permissions import Role
from tests.architecture.permission_matrix import MATRIX, NOBODY, PUBLIC, VISITOR
from tests.factories import client_for, make_user

ROUTES: Final = {route.name: route for route in routes()}
SAMPLES = {
    "str": "nobody",
    "slug": "phone",
    "worker": "u:AAAAAAAAAAAAAAAAAAAAAA",
    "reference": "u:AAAAAAAAAAAAAAAAAAAAAA",
    "thing": "7K3MQ-9TX2A",
    "mark": "AAAAAAAAAAAAAAAA",
}
# Answers that let somebody in: a page, a way on, a form with errors, "not yours", "not this way".
LET_IN = {200, 204, 302, 303, 400, 404, 405, 422}


def of_the_log(name: str) -> bool:
    """Whether an address is of the log, which is read through a door of its own."""
    return name.startswith("audit:")


def address_of(route: Route, number: str = "7K3MQ-9TX2A") -> str:
    """The address with something in the place of each variable."""
    samples = {**SAMPLES, "number": number, "int": "1"}
    return re.sub(r"<(\w+):\w+>", lambda variable: samples[variable[1]], route.address)


def client_of(identity: str) -> Client:
    if identity == VISITOR:
        return client_for(None)
    return client_for(make_user(None if identity == NOBODY else Role(identity)))


def check_door(name: str, identity: str) -> None:
    """Somebody asks for the address and sends to it; the row says how that ends."""
    address = address_of(ROUTES[name])  # a KeyError here: the row has no address any more
    client = client_of(identity)
    answers = [client.get(address), client.post(address)]
    statuses = {answer.status_code for answer in answers}
    # A page that is only read, or only sent to, answers the other method with 405 to everybody.
    told = [answer for answer in answers if answer.status_code != 405]
    assert told
    if identity in MATRIX[name]:
        assert statuses <= LET_IN, statuses
        if MATRIX[name] != PUBLIC:
            assert not any(map(asks_to_sign_in, told)), statuses
    elif identity == VISITOR:
        assert {answer.status_code for answer in told} == {302}, statuses
        assert all(map(asks_to_sign_in, told)), statuses
    else:
        assert {answer.status_code for answer in told} == {403}, statuses


def asks_to_sign_in(answer: HttpResponse) -> bool:
    """Whether an answer leads to the page for signing in."""
    return getattr(answer, "url", "").startswith(reverse("accounts:sign_in"))
