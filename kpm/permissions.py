"""Who may do what: permissions, roles, the one table between them, and what a view declares."""

from collections.abc import Callable
from enum import Enum, StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from kpm.errors import NotYou

P = ParamSpec("P")


class Permission(StrEnum):
    """One thing that a page lets somebody do."""

    ADD_ATTACHMENT = "add_attachment"
    ADMIT_PERSON = "admit_person"
    ANSWER_FINDING = "answer_finding"
    ASSIGN_WORKERS = "assign_workers"
    CHANGE_KEYS = "change_keys"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 a name, not a secret
    CLOSE_ACCOUNT = "close_account"
    CORRECT_CALENDAR = "correct_calendar"
    DECIDE_DESTRUCTION = "decide_destruction"
    DECIDE_LEVEL = "decide_level"
    DECIDE_LOST_CONTACT = "decide_lost_contact"
    DECIDE_OBJECTION = "decide_objection"
    DOWNLOAD_ATTACHMENT = "download_attachment"
    DRAFT_PLAN = "draft_plan"
    DRAFT_RULE_SET = "draft_rule_set"
    END_PLAN = "end_plan"
    ERASE_EVENT_DETAIL = "erase_event_detail"
    EXPORT_EVIDENCE = "export_evidence"
    FIND_PERSON = "find_person"
    FOLLOW_REPORT = "follow_report"
    GRANT_ROLE = "grant_role"
    HAND_OVER = "hand_over"
    IMPORT_LEDGER = "import_ledger"
    ISSUE_PASSWORD = "issue_password"  # noqa: S105 a name, not a secret
    KEEP_CALENDAR = "keep_calendar"
    NAME_TEAM_MEMBERS = "name_team_members"
    OPEN_ACCOUNT = "open_account"
    OPEN_UNIT = "open_unit"
    PRINT_SUMMARY = "print_summary"
    PROPOSE_DESTRUCTION = "propose_destruction"
    PROPOSE_LEVEL = "propose_level"
    RECEIVE_OBJECTION = "receive_objection"
    RECORD_ASSESSMENT = "record_assessment"
    RECORD_CONSENT = "record_consent"
    RECORD_VISIT = "record_visit"
    REFER = "refer"
    REPORT_HARM = "report_harm"
    REVEAL_FIELD = "reveal_field"
    REVIEW_ACCESS = "review_access"
    START_RULE_SET = "start_rule_set"
    VERIFY_LOG = "verify_log"
    VIEW_ACCOUNTS = "view_accounts"
    VIEW_CASE_FILES = "view_case_files"
    VIEW_GRANTS = "view_grants"
    VIEW_JOBS = "view_jobs"
    VIEW_LEGAL_BASES = "view_legal_bases"
    VIEW_LOG = "view_log"
    VIEW_OWN_RECORD = "view_own_record"
    VIEW_RULE_SETS = "view_rule_sets"
    VIEW_TODAY = "view_today"
    VIEW_UNITS = "view_units"
    WITHDRAW_CONSENT = "withdraw_consent"


class Role(TextChoices):
    """What somebody is here for; nobody holds two at a time, and none sees everything."""

    SOCIAL_WORKER = "social_worker", _("Social worker")
    SUPERVISOR = "supervisor", _("Supervisor")
    AUDITOR = "auditor", _("Auditor")
    PRIVACY_OFFICER = "privacy_officer", _("Privacy officer")
    SYSTEM_ADMINISTRATOR = "system_administrator", _("System administrator")
    SECURITY_ADMINISTRATOR = "security_administrator", _("Security administrator")


# The three that keep watch on the system and on each other; none of them may see a case.
SEPARATED = frozenset({Role.AUDITOR, Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR})

# Whoever is signed in may do these, with a role or without.
EVERYONE = frozenset(
    {Permission.ANSWER_FINDING, Permission.CHANGE_PASSWORD, Permission.VIEW_OWN_RECORD}
)

ROLES: dict[Role, frozenset[Permission]] = {
    Role.SOCIAL_WORKER: frozenset(
        {
            Permission.ADD_ATTACHMENT,
            Permission.DOWNLOAD_ATTACHMENT,
            Permission.DRAFT_PLAN,
            Permission.END_PLAN,
            Permission.FIND_PERSON,
            Permission.HAND_OVER,
            Permission.KEEP_CALENDAR,
            Permission.NAME_TEAM_MEMBERS,
            Permission.PROPOSE_LEVEL,
            Permission.RECEIVE_OBJECTION,
            Permission.RECORD_ASSESSMENT,
            Permission.RECORD_CONSENT,
            Permission.RECORD_VISIT,
            Permission.REFER,
            Permission.REPORT_HARM,
            Permission.REVEAL_FIELD,
            Permission.VIEW_CASE_FILES,
            Permission.VIEW_TODAY,
            Permission.WITHDRAW_CONSENT,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            Permission.ADD_ATTACHMENT,
            Permission.ADMIT_PERSON,
            Permission.ASSIGN_WORKERS,
            Permission.DECIDE_LEVEL,
            Permission.DECIDE_LOST_CONTACT,
            Permission.DECIDE_OBJECTION,
            Permission.DOWNLOAD_ATTACHMENT,
            Permission.DRAFT_RULE_SET,
            Permission.END_PLAN,
            Permission.FIND_PERSON,
            Permission.FOLLOW_REPORT,
            Permission.HAND_OVER,
            Permission.IMPORT_LEDGER,
            Permission.NAME_TEAM_MEMBERS,
            Permission.PRINT_SUMMARY,
            Permission.PROPOSE_DESTRUCTION,
            Permission.RECEIVE_OBJECTION,
            Permission.REPORT_HARM,
            Permission.REVEAL_FIELD,
            Permission.VIEW_CASE_FILES,
            Permission.VIEW_RULE_SETS,
            Permission.VIEW_TODAY,
            Permission.WITHDRAW_CONSENT,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.EXPORT_EVIDENCE,
            Permission.REVIEW_ACCESS,
            Permission.VERIFY_LOG,
            Permission.VIEW_LOG,
            Permission.VIEW_RULE_SETS,
        }
    ),
    Role.PRIVACY_OFFICER: frozenset(
        {
            Permission.DECIDE_DESTRUCTION,
            Permission.ERASE_EVENT_DETAIL,
            Permission.START_RULE_SET,
            Permission.VIEW_LEGAL_BASES,
            Permission.VIEW_RULE_SETS,
        }
    ),
    Role.SYSTEM_ADMINISTRATOR: frozenset(
        {
            Permission.CHANGE_KEYS,
            Permission.CORRECT_CALENDAR,
            Permission.ISSUE_PASSWORD,
            Permission.OPEN_ACCOUNT,
            Permission.OPEN_UNIT,
            Permission.VIEW_ACCOUNTS,
            Permission.VIEW_JOBS,
            Permission.VIEW_UNITS,
        }
    ),
    Role.SECURITY_ADMINISTRATOR: frozenset(
        {
            Permission.CLOSE_ACCOUNT,
            Permission.GRANT_ROLE,
            Permission.ISSUE_PASSWORD,
            Permission.VIEW_ACCOUNTS,
            Permission.VIEW_GRANTS,
        }
    ),
}


class Open(Enum):
    """The mark of a view that asks for no permission."""

    PUBLIC = "public"


Access = Permission | Open
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def permissions_of(user: Any) -> frozenset[Permission]:
    """Everything that this user may do today; nothing for a visitor."""
    if not user.is_authenticated:
        return frozenset()
    return EVERYONE | ROLES[user.role] if user.role else EVERYONE


def is_granted(user: Any, permission: Permission) -> bool:
    """Whether the user's role of today carries the permission."""
    return permission in permissions_of(user)


def ask_to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """Send a visitor to the sign-in page, and back afterwards to what they wanted to read."""
    sign_in = resolve_url(settings.LOGIN_URL)
    if request.method == "POST":
        # What was posted is not kept; the page says so, and leads back to the empty form.
        return redirect(f"{sign_in}?{urlencode({'ended': '1', 'next': came_from(request)})}")
    return redirect(f"{sign_in}?{urlencode({'next': request.get_full_path()})}")


def came_from(request: HttpRequest) -> str:
    """The page of ours that a form was sent from; home, when the browser does not say."""
    referrer = urlsplit(request.headers.get("Referer", ""))
    return referrer.path if referrer.netloc == request.get_host() else "/"


def requires(
    permission: Permission,
) -> Callable[[Callable[Concatenate[Any, P], HttpResponseBase]], View[P]]:
    """Let a view be used by whoever holds the permission; visitors are asked to sign in."""

    def mark(view: Callable[Concatenate[Any, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            if not is_granted(request.user, permission):
                raise NotYou(permission)
            return view(request, *args, **kwargs)

        checked.access = permission  # type: ignore[attr-defined]  # a function carries it as an attribute
        return cast(View[P], checked)

    return mark


def public(view: Callable[Concatenate[Any, P], HttpResponseBase]) -> View[P]:
    """Let a view be used by anybody, signed in or not."""
    view.access = Open.PUBLIC  # type: ignore[attr-defined]  # a function carries it as an attribute
    return view


def access_of(view: Any) -> Access | None:
    """What a view declared, or None when it declared nothing and must not answer."""
    return getattr(view, "access", None)
