"""System checks of the whole site: access is declared, documents are made, the log is signed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from audit import signers
from kpm import pdf, replay_log
from kpm.permissions import access_of


@register("kpm")
def check_every_view_declares_access(**_options: Any) -> list[CheckMessage]:
    """A view without @requires or @public would be refused at run time; say so at the start."""
    return [
        Error(
            f"The view behind {route!r} declares no access.",
            hint="Put @requires(Permission.…) or @public on it.",
            id="kpm.E001",
        )
        for route, view in walk(get_resolver().url_patterns)
        if access_of(view) is None
    ]


@register("kpm")
def check_documents_can_be_made(**_options: Any) -> list[CheckMessage]:
    """Without its fonts and libraries a document would come out empty, or after minutes."""
    return [Error(words, id="kpm.E002") for words in pdf.problems()]


@register("kpm", deploy=True)
def check_the_log_is_signed(
    *, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Where the database is asked as well: a log without a key proves nothing to anybody."""
    if "default" not in (databases or ()):
        return []
    return [Error(words, id="kpm.E003") for words in signers.problems()]


@register("kpm", deploy=True)
def check_replay_log_lies_outside(**_options: Any) -> list[CheckMessage]:
    """Whoever puts back old data must not put back an old list of what ended with it."""
    place = replay_log.path().resolve()
    found = []
    if place.is_relative_to(Path(settings.DATA_DIR).resolve()):
        found.append("lies in the data directory")
    if not replay_log.is_writable():
        found.append("cannot be written: nobody could end a role")
    return [Error(f"The replay log {place.name} {words}.", id="kpm.E004") for words in found]


def walk(
    patterns: Sequence[URLPattern | URLResolver], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Every route with its view, those of included URL modules too."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern.callback
