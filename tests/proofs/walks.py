"""Every address of the site as somebody may open it, with rows of the demo in its variables."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client

from audit.events import Event
from audit.models import Alert, Finding, LoggedEvent, Sample
from casework.models import Ledger
from kpm.accounts.models import RoleGrant, User
from kpm.management.documents import Route, routes
from kpm.permissions import Role
from risk_levels.models.rule_sets import DEFAULT_VERSION
from tests.architecture.permission_matrix import MATRIX
from tests.factories import client_for
from tests.proofs import worlds

VARIABLE = re.compile(r"<(\w+):(\w+)>")
# A page that only takes what is sent to it.
ONLY_POST = 405
OF_ONE_PERSON = frozenset(
    {
        "audit:answer_finding",
        "casework:show_hand_over",
        "casework:accept_hand_over",
        "casework:withdraw_hand_over",
    }
)


@dataclass(frozen=True)
class Stop:
    """One address for one role."""

    name: str
    role: Role
    address: str


def stops() -> Iterator[Stop]:
    """Every address × every role that may use it."""
    for route in routes():
        for role in sorted(set(Role) & MATRIX[route.name]):
            if route.name in OF_ONE_PERSON and role != Role.SOCIAL_WORKER:
                # A question or an offer is there for whoever was asked, and for nobody else.
                continue
            yield Stop(route.name, Role(role), address_of(route))


def address_of(route: Route) -> str:
    """The address with the canary file, and what belongs to it, in its variables."""
    address = VARIABLE.sub(lambda found: sample(route.name, *found.groups()), route.address)
    # The auditor asks about something.
    about = f"?file={worlds.canary_file().number}" if route.name == "audit:ask" else ""
    return address + about


def sample(name: str, kind: str, variable: str) -> str:
    """Something that is there for the variable of an address."""
    # Where a proposal waits, nobody proposes.
    file = worlds.red_file() if name == "casework:propose_level" else worlds.canary_file()
    if name.endswith(("_ledger", "_refused_rows")):
        # The longest there is.
        return Ledger.objects.order_by("-total", "id")[0].number
    if name.startswith("audit:"):
        return of_the_log(name, variable)
    if name.endswith("_hand_over"):
        return str(file.hand_overs.open().get().number)
    if name.endswith("_transfer"):
        return file.number if variable == "number" else str(file.transfers.get().number)
    if variable == "mark":
        return str(file.harm_reports.get().number)
    place = file.assignments.earliest("id")
    samples: dict[tuple[str, str], Any] = {
        ("number", "number"): file.number,
        ("slug", "field"): "id_number",
        ("int", "place"): 1,
        ("int", "version"): 1,
        ("slug", "place"): place.role,
        ("slug", "queue"): "lapsing",
        ("slug", "code"): "support_needs",
        ("slug", "version"): DEFAULT_VERSION,
        ("slug", "form"): "visit",
        ("slug", "kind"): "health",
        ("slug", "token"): worlds.FEED_TOKEN,
        ("slug", "population"): "empty_nest_elder",
        ("slug", "rule"): "assessment_provisional",
        ("worker", "worker"): place.worker.log_reference,
    }
    if kind == "reference":
        if "grant" in name:
            return RoleGrant.objects.latest("id").log_reference
        return User.objects.filter(is_system=False).latest("id").log_reference
    return str(samples[kind, variable])


def of_the_log(name: str, variable: str) -> str:
    """Something that the auditor can look at, about the canary file and its worker."""
    if variable == "place":
        return str(LoggedEvent.objects.filter(event=Event.CASE_FILE_REVEALED).latest("id").id)
    if variable == "mark":
        rows = {"alert": Alert, "sample": Sample, "finding": Finding}
        model = next(model for word, model in rows.items() if word in name)
        return str(model.objects.get().number)
    return {
        "audit:show_account": worlds.somebody(Role.SOCIAL_WORKER).log_reference,
        "audit:show_session": worlds.SESSION,
    }.get(name, worlds.canary_file().number)


def browser(role: Role) -> Client:
    """Somebody with this role, signed in, who has said what they look at the canary file for."""
    client = client_for(worlds.somebody(role))
    if role == Role.SUPERVISOR:
        address = f"{worlds.canary_file().get_absolute_url()}purpose/"
        assert client.post(address, {"purpose": "supervision"}).status_code == 302
    return client


def content_of(response: HttpResponse) -> bytes:
    """What an answer carries, also when it comes in parts; a second look sees the same."""
    if response.streaming:
        # Read to its end it is closed, as it is by a server.
        response.was_carried = getattr(response, "was_carried", None) or b"".join(response)
        return response.was_carried
    return response.content


def text_of(response: HttpResponse) -> str:
    """What an answer says, unpacked where it is a workbook."""
    content = content_of(response)
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", "replace")


def shows_content(response: HttpResponse) -> bool:
    """Whether an answer says anything, masked or not, that is only in the canary file."""
    if content_of(response).startswith(b"%PDF"):
        # Nothing is printed but content, and inside it is compressed.
        return True
    text = text_of(response)
    numbers = (*worlds.CANARY_ID_NUMBERS, worlds.CANARY_PHONE, worlds.CANARY_OTHER_PHONE)
    return bool(set(text) & set(worlds.STRANGE)) or any(each in text for each in numbers)
