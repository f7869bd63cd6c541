"""Pages that belong to no app: the way home, the language, the health check, the error pages."""

import logging
import sys

from django.core.exceptions import RequestDataTooBig
from django.db import Error as DatabaseFault
from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language as django_set_language

from audit import log
from kpm import faults, refusals
from kpm.accounts.models import SignedInRequest
from kpm.context_processors import menu_of
from kpm.permissions import Permission, Role, public, requires

logger = logging.getLogger(__name__)

# Seconds after which it is worth trying again.
RETRY_AFTER = 30
# The database or the log is away: the same request may work in a moment.
AWAY = (OperationalError, InterfaceError, log.NotWritten)

# Who does what somebody came for, by the role of whoever came.
NOT_YOU = {
    Role.SOCIAL_WORKER: _(
        "Decisions, teams and ledgers are your supervisor's: ask them if your work needs this."
    ),
    Role.SUPERVISOR: _(
        "Visits, assessments, proposals and plans come from the team of a file; accounts, roles "
        "and keys are the administrators'."
    ),
    Role.AUDITOR: _(
        "An auditor reads the access log and never what stands in a file. Ask the supervisor of "
        "the unit for what you need to know."
    ),
    Role.PRIVACY_OFFICER: _(
        "Levels, visits and plans are not yours. Ask the supervisor of the unit for what you need "
        "to know."
    ),
    Role.SYSTEM_ADMINISTRATOR: _(
        "A system administrator looks after accounts, units, jobs and keys and never opens a file. "
        "Roles are granted by a security administrator."
    ),
    Role.SECURITY_ADMINISTRATOR: _(
        "A security administrator grants and ends roles and never opens a file. Accounts are "
        "opened by a system administrator."
    ),
    None: _("You have no role yet: a security administrator grants it."),
}
# The same whether there is nothing or something that is somebody else's.
NOT_YOURS: dict[Role | None, Promise] = {
    Role.SOCIAL_WORKER: _(
        "You see the files that you work on. Check the file number; if somebody should be on your "
        "list, ask your supervisor."
    ),
    Role.SUPERVISOR: _(
        "You see the files of your own units and groups. Check the file number; if a file should "
        "be among them, ask the supervisor of the unit that it is in."
    ),
}
LOOK_AGAIN = _("Check the address, or begin again at the start.")


@require_safe
@requires(Permission.VIEW_OWN_RECORD)
def home(request: SignedInRequest) -> HttpResponse:
    """The first page of the menu is where the work of a role begins."""
    entries = menu_of(request)
    return redirect(entries[0].url if entries else "accounts:view_own_record")


@require_safe
@public
def health(_request: HttpRequest) -> HttpResponse:
    """Whether the site can work, in one word and without any figure."""
    try:
        for alias in ("default", "keys"):
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
    except DatabaseFault:
        return HttpResponse("unavailable\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@require_POST
@public
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in a cookie and go back to the page."""
    return django_set_language(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, without repeating what was wrong; 413 for what was too large to be read at all."""
    if exception is not None:
        logger.warning("A request was refused: %s", type(exception).__name__)
    if isinstance(exception, RequestDataTooBig):
        return plain(request, "413.html", 413)
    return plain(request, "400.html", 400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: not you; it says who else."""
    return plain(request, "403.html", 403, hint=NOT_YOU[role_of(request)])


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404: not yours, or nothing at all; one cannot tell which."""
    return plain(request, "404.html", 404, hint=NOT_YOURS.get(role_of(request), LOOK_AGAIN))


def role_of(request: HttpRequest) -> Role | None:
    """The role of whoever is signed in; an error page does without rather than fail."""
    try:
        role: Role | None = getattr(getattr(request, "user", None), "role", None)
    except DatabaseFault:
        return None
    return role


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without any trace of what happened; the process log has its kind and place.

    Django comes here for whatever a view or a part of the middleware did not catch.
    """
    error = sys.exception()
    return plain(request, "500.html", 500) if error is None else failed(request, error)


def failed(request: HttpRequest, error: BaseException) -> HttpResponse:
    """Tell the process log, and answer 503 where trying again may help."""
    match = request.resolver_match
    context = log.current()
    page = match.view_name if match is not None else "no page"
    faults.tell(f"Request {context.request if context else '–'} for {page}", error)
    if isinstance(error, AWAY):
        return unavailable(request)
    return plain(request, "500.html", 500)


def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that did not come from a page of this sign-in; the try is written down."""
    try:
        refusals.form_from_elsewhere(request)
    except AWAY as error:
        return failed(request, error)
    return plain(request, "403_csrf.html", 403)


def not_here(request: HttpRequest) -> HttpResponse:
    """403 for whoever reaches the demo from another machine: it has no TLS."""
    return plain(request, "403_demo.html", 403)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 with nothing in it but when to come back."""
    response = plain(request, "503.html", 503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def plain(
    request: HttpRequest, template: str, status: int, *, hint: Promise | str = ""
) -> HttpResponse:
    """A page that asks neither the database nor who is signed in."""
    return HttpResponse(loader.get_template(template).render({"hint": hint}), status=status)
