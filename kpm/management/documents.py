"""Documents that are written from the code, so that they cannot say anything else."""

from collections.abc import Callable, Iterator, Sequence
from inspect import getdoc
from typing import Any, Final, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.translation import override

from kpm.fsm import machines, steps
from kpm.permissions import EVERYONE, ROLES, Open, Permission, Role, access_of
from risk_levels.instruments import CURRENT, INSTRUMENTS, Instrument
from risk_levels.instruments.parts import Effect, Option, Words

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


def questionnaires() -> str:
    """Every question of every version, what each answer does, and the text it comes from."""
    former = [each for each in INSTRUMENTS.values() if each not in CURRENT.values()]
    parts = [
        HEAD,
        "# Questionnaires\n",
        "What a population is asked, in the words of its own law and practice. A questionnaire",
        "only suggests: it names the answers that led to a level and the questions that are open,",
        "and it never sets a level. A version that was in use keeps its questions, answers and",
        "weights; the next one is a new file in `risk_levels/instruments`, and an assessment is",
        "always read with the version that it was made with.\n",
        "How answers count, in every version:\n",
        "- **A danger** calls for its level by itself; nothing takes it off.",
        "- **Needs** add up, by the points beside each question.",
        "- **Strengths** take points off up to a limit, from the needs alone.",
        "- **No answer, or not known**, counts as nothing and makes the result provisional: the",
        "  page names every such question, dangers first, and says when one of them may suggest",
        "  more.\n",
        "An assessment is compared question by question with the last one of the same",
        "questionnaire. No question asks for ethnicity, religion or political opinion, none for",
        "what only a doctor or the police may say: official classes are entered with their source",
        "instead.\n",
    ]
    for instrument in (*CURRENT.values(), *former):
        parts += _questionnaire(instrument, is_former=instrument in former)
    return "\n".join(parts)


def _questionnaire(instrument: Instrument, *, is_former: bool) -> list[str]:
    said = "Not asked any more; old assessments are read with it. " if is_former else ""
    parts = [
        f"## {_english(instrument.title)} · {_chinese(instrument.title)}\n",
        f"`{instrument.code}`, version {instrument.version}. {said}Needs suggest yellow from"
        f" {instrument.for_yellow} points on and red from {instrument.for_red}; strengths take off"
        f" {instrument.most_strengths} at most.\n",
    ]
    for section in instrument.sections:
        rows = [
            [
                f"`{item.code}`",
                _english(item.text),
                _chinese(item.text),
                "; ".join(filter(None, (_does(option, section.effect) for option in item.options))),
                _english(item.source),
                _chinese(item.source),
            ]
            for item in section.items
        ]
        parts += [
            f"### {_english(section.title)} · {_chinese(section.title)}\n",
            *_table(["code", "question", "问题", "what an answer does", "source", "来源"], rows),
            "",
        ]
    return parts


def _does(option: Option, effect: Effect) -> str:
    """What one answer does; nothing, for most."""
    if option.calls_for is not None:
        return f"{option.code} → {option.calls_for.value}"
    if option.weight:
        sign = "−" if effect is Effect.STRENGTH else "+"
        return f"{option.code} {sign}{option.weight}"
    return ""


DOCUMENTS: Final[dict[str, Callable[[], str]]] = {
    "permissions.md": permissions,
    "questionnaires.md": questionnaires,
    "state_machines.md": state_machines,
}


def _english(words: Words) -> str:
    with override("en"):
        return str(words)


def _chinese(words: Words) -> str:
    with override("zh-hans"):
        return str(words)


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
