"""Documents that are written from the code, so that they cannot say anything else."""

from collections.abc import Callable, Iterator, Sequence
from inspect import getdoc
from typing import Any, Final, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

from kpm.fsm import machines, steps
from kpm.permissions import EVERYONE, ROLES, Open, Permission, Role, access_of

HEAD: Final = "<!-- Written by `manage.py write_docs`; change the code instead. -->\n"


class Route(NamedTuple):
    """One address of the site."""

    address: str
    name: str
    view: Any


def routes(
    patterns: Sequence[URLPattern | URLResolver] | None = None, before: str = "/", space: str = ""
) -> Iterator[Route]:
    """Every address with its name and view, those of included URL modules too."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from routes(pattern.url_patterns, address, inner)
        else:
            yield Route(address, f"{space}{pattern.name or ''}", pattern.callback)


def permissions() -> str:
    """Who may do what, and what each address asks for."""
    with override("en"):
        roles = [str(role.label) for role in Role]
    rows = [
        [permission.value, *("yes" if _has(role, permission) else "" for role in Role)]
        for permission in Permission
    ]
    addresses = [
        [f"`{route.address}`", route.name, _asks(access_of(route.view))]
        for route in sorted(routes())
    ]
    return "\n".join(
        [
            HEAD,
            "# Permissions\n",
            "What somebody may do is role ∩ units below theirs ∩ populations ∩ team. This table is",
            "the first of the four; `visible_to` decides the rest, row by row.\n",
            *_table(["permission", *roles], rows),
            "",
            "## What each address asks for\n",
            *_table(["address", "name", "asks for"], addresses),
            "",
        ]
    )


def state_machines() -> str:
    """Every state that changes by transitions only, and its transitions."""
    parts = [
        HEAD,
        "# State machines\n",
        "A state changes by one of these transitions and by nothing else: the field refuses",
        "assignment, and triggers of the database, made from the same transitions, refuse another",
        "beginning and every other step to whoever goes past the field.\n",
    ]
    for model, field in machines():
        ways = steps(model, field)
        parts += [
            f"## {model._meta.label}.{field.name}\n",
            f"{_first_line(model)}\n",
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {field.get_default()}",
            *(f"    {way.source} --> {way.target}: {way.name}" for way in ways),
            "```\n",
            *_table(
                ["from", "to", "transition", "what it does"],
                [[w.source, w.target, f"`{w.name}`", _first_line(w.method)] for w in ways],
            ),
            "",
        ]
    return "\n".join(parts)


DOCUMENTS: Final[dict[str, Callable[[], str]]] = {
    "permissions.md": permissions,
    "state_machines.md": state_machines,
}


def _has(role: Role, permission: Permission) -> bool:
    return permission in EVERYONE | ROLES[role]


def _asks(access: Permission | Open | None) -> str:
    if access is None:
        return "**nothing declared**"
    return "nothing: public" if access is Open.PUBLIC else access.value


def _first_line(thing: Any) -> str:
    return (getdoc(thing) or "").partition("\n")[0]


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
