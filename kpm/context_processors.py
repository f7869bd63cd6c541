"""What every page shows around its content: who is signed in, their menu, the demo banner."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpm.permissions import Permission, permissions_of


@dataclass(frozen=True)
class Entry:
    """One page of the menu: what it asks for, its URL name, its word and its sign."""

    permission: Permission
    view: str
    label: Promise
    icon: str
    # Stands in the menu only while this says so.
    when: Callable[[Any], bool] | None = None
    # Where the addresses begin of further pages that are reached from this one.
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """One page of the menu as drawn for somebody."""

    url: str
    label: Promise
    icon: str
    is_current: bool


# How many pages stand in the bar of a phone beside "More", once there are more than fit.
IN_BAR = 3
# In this order; the first that a role may open is its home.
MENU = (
    Entry(
        Permission.VIEW_TODAY, "casework:view_today", _("Today"), "today", also=("/hand-overs/",)
    ),
    Entry(
        Permission.DECIDE_LEVEL,
        "casework:list_reviews",
        _("Reviews"),
        "reviews",
        also=("/queues/", "/objections/"),
    ),
    Entry(
        Permission.ASSIGN_WORKERS,
        "casework:list_missing",
        _("Missing"),
        "missing",
        also=("/staff/", "/teams/"),
    ),
    Entry(Permission.VIEW_CASE_FILES, "casework:list_case_files", _("Case files"), "files"),
    Entry(Permission.IMPORT_LEDGER, "casework:list_ledgers", _("Ledgers"), "ledgers"),
    Entry(Permission.VIEW_LOG, "audit:list_events", _("Access log"), "log"),
    Entry(
        Permission.VIEW_LEGAL_BASES, "casework:list_legal_bases", _("Legal bases"), "legal-bases"
    ),
    Entry(Permission.VIEW_RULE_SETS, "casework:list_rule_sets", _("Rule sets"), "jobs"),
    Entry(Permission.ERASE_EVENT_DETAIL, "audit:erase_detail", _("Details of events"), "log"),
    Entry(Permission.VIEW_GRANTS, "accounts:list_grants", _("Roles"), "grants"),
    Entry(Permission.VIEW_ACCOUNTS, "accounts:list_accounts", _("Accounts"), "accounts"),
    Entry(Permission.VIEW_UNITS, "accounts:list_units", _("Units"), "units"),
    Entry(Permission.VIEW_JOBS, "jobs:list_jobs", _("Jobs"), "jobs"),
    Entry(Permission.CORRECT_CALENDAR, "casework:correct_calendar", _("Working days"), "today"),
    Entry(Permission.CHANGE_KEYS, "custody:show_keys", _("Keys"), "grants"),
    Entry(
        Permission.ANSWER_FINDING,
        "audit:list_my_findings",
        _("Questions to me"),
        "missing",
        # Known since the account of the session was fetched.
        when=lambda user: getattr(user, "is_asked", False),
    ),
)


def site(request: HttpRequest) -> dict[str, Any]:
    """The words around every page."""
    user = getattr(request, "user", None)
    around: dict[str, Any] = {"demo": settings.KPM_DEMO, "menu": [], "signed_in": None}
    if user is None or not user.is_authenticated:
        return around
    around["signed_in"] = {
        "name": user.name,
        "role": user.role.label if user.role else _("No role yet"),
        "unit": user.grant.unit.name if user.grant else "",
    }
    # Until the one-time password is changed there is nowhere else to go.
    if not user.must_change_password:
        around["menu"] = menu = menu_of(request)
        # On a phone these pages are behind "More", so that is where one is.
        around["is_in_more"] = any(item.is_current for item in menu[IN_BAR:])
    return around


def menu_of(request: HttpRequest) -> list[Item]:
    """The pages that the signed-in person may open."""
    granted = permissions_of(request.user)
    items = []
    for entry in MENU:
        if entry.permission in granted and (url := _url(entry.view)):
            if entry.when is not None and not entry.when(request.user):
                continue
            is_current = request.path.startswith((url, *entry.also))
            items.append(Item(url, entry.label, entry.icon, is_current))
    return items


def _url(view: str) -> str:
    try:
        return reverse(view)
    except NoReverseMatch:
        return ""
