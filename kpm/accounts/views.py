"""Pages for signing in, for one's own account, and for those who look after accounts."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from audit import log
from audit.events import Event
from kpm.accounts import actions, forms, records
from kpm.accounts.models import RoleGrant, SignedInRequest, Unit, User
from kpm.forms import status
from kpm.permissions import Permission, is_granted, public, requires

PER_PAGE = 50


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@public
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password; whoever is signed in already goes on."""
    if request.user.is_authenticated:
        return redirect(next_page(request))
    form = forms.SignInForm.from_request(request)
    address = context.address if (context := log.current()) else ""
    if form.run(actions.sign_in, request=request, address=address, now=timezone.localtime()):
        return redirect(next_page(request))
    shown = {"form": form, "has_ended": "ended" in request.GET}
    return render(request, "kpm/accounts/sign_in.html", shown, status=status(form))


def next_page(request: HttpRequest) -> str:
    """Where somebody wanted to go, if that is a page of ours; otherwise home."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if is_ours and wanted.startswith("/"):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
@public
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; the browser forgets the pages, but not what was typed and not yet sent."""
    if request.user.is_authenticated:
        actions.sign_out(request=request, user=request.user)
    response = redirect("accounts:sign_in")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CHANGE_PASSWORD)
def change_password(request: SignedInRequest) -> HttpResponse:
    """One's own password; with a one-time password nothing else is open."""
    form = forms.ChangePasswordForm.from_request(request, user=request.user)
    user, now = request.user, timezone.localtime()
    if form.run(actions.change_password, request=request, user=user, now=now):
        messages.success(request, _("Your password was changed. Other sign-ins have ended."))
        return redirect("home")
    if request.session.is_empty():
        messages.error(request, _("Too many wrong passwords: you were signed out."))
        return redirect("accounts:sign_in")
    return render(request, "kpm/accounts/change_password.html", {"form": form}, status=status(form))


@require_safe
@requires(Permission.VIEW_OWN_RECORD)
def view_own_record(request: SignedInRequest) -> HttpResponse:
    """My role and scope, and what the log says that I did."""
    page = Paginator(records.entries_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "kpm/accounts/view_own_record.html",
        {
            "grant": request.user.grant,
            "populations": records.population_labels(request.user.populations),
            "page": page,
            "entries": records.spell_out(page),
        },
    )


@require_safe
@requires(Permission.VIEW_ACCOUNTS)
def list_accounts(request: SignedInRequest) -> HttpResponse:
    """Who has an account; roles only for whoever looks after roles."""
    accounts = User.objects.filter(is_system=False).select_related("unit").order_by("username")
    page = Paginator(accounts, PER_PAGE).get_page(request.GET.get("page"))
    rows = records.account_rows(page, by=request.user, today=timezone.localdate())
    with transaction.atomic():
        log.record(Event.ACCOUNT_LISTED, by=request.user, count=len(rows))
    return render(
        request,
        "kpm/accounts/list_accounts.html",
        {
            "rows": rows,
            "page": page,
            "shows_roles": is_granted(request.user, Permission.VIEW_GRANTS),
            "may_open": is_granted(request.user, Permission.OPEN_ACCOUNT),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.OPEN_ACCOUNT)
def open_account(request: SignedInRequest) -> HttpResponse:
    """A new account without any role; its first password is shown on this one answer."""
    form = forms.OpenAccountForm.from_request(request)
    if form.run(actions.open_account, by=request.user):
        return render(request, "kpm/accounts/show_password.html", {"opened": form.result})
    return render(request, "kpm/accounts/open_account.html", {"form": form}, status=status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ISSUE_PASSWORD)
def issue_password(request: SignedInRequest, reference: str) -> HttpResponse:
    """Another first password for somebody who has not chosen their own yet."""
    account = get_object_or_404(User, log_reference=reference, is_system=False)
    form = forms.IssuePasswordForm.from_request(request)
    today = timezone.localdate()
    if form.run(actions.issue_password, user=account, by=request.user, today=today):
        return render(request, "kpm/accounts/show_password.html", {"opened": form.result})
    return render(
        request,
        "kpm/accounts/issue_password.html",
        {"form": form, "account": account},
        status=status(form),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CLOSE_ACCOUNT)
def close_account(request: SignedInRequest, reference: str) -> HttpResponse:
    """Let nobody sign in with an account any more, from this moment."""
    account = get_object_or_404(User, log_reference=reference, is_system=False)
    form = forms.CloseAccountForm.from_request(request)
    if form.run(actions.close_account, user=account, by=request.user):
        messages.success(request, _("The account was closed; whoever used it is signed out."))
        return redirect("accounts:list_accounts")
    shown = {"form": form, "account": account}
    return render(request, "kpm/accounts/close_account.html", shown, status=status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CLOSE_ACCOUNT)
def reopen_account(request: SignedInRequest, reference: str) -> HttpResponse:
    """Let the owner of a closed account sign in again."""
    account = get_object_or_404(User, log_reference=reference, is_system=False)
    form = forms.CloseAccountForm.from_request(request)
    if form.run(actions.reopen_account, user=account, by=request.user):
        messages.success(request, _("The account was opened again."))
        return redirect("accounts:list_accounts")
    shown = {"form": form, "account": account}
    return render(request, "kpm/accounts/reopen_account.html", shown, status=status(form))


@require_safe
@requires(Permission.VIEW_UNITS)
def list_units(request: SignedInRequest) -> HttpResponse:
    """The tree of units."""
    page = Paginator(Unit.objects.order_by("code"), 2 * PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "kpm/accounts/list_units.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.OPEN_UNIT)
def open_unit(request: SignedInRequest) -> HttpResponse:
    """A new place in the tree."""
    form = forms.OpenUnitForm.from_request(request)
    if form.run(actions.open_unit, by=request.user):
        messages.success(request, _("The unit was opened."))
        return redirect("accounts:list_units")
    return render(request, "kpm/accounts/open_unit.html", {"form": form}, status=status(form))


@require_safe
@requires(Permission.VIEW_GRANTS)
def list_grants(request: SignedInRequest) -> HttpResponse:
    """Who holds, held and will hold which role."""
    grants = RoleGrant.objects.select_related("user", "unit", "granted_by")
    page = Paginator(grants, PER_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    rows = [records.GrantRow.of(grant, today) for grant in page]
    return render(request, "kpm/accounts/list_grants.html", {"rows": rows, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.GRANT_ROLE)
def grant_role(request: SignedInRequest) -> HttpResponse:
    """Let somebody hold a role from a day on."""
    today = timezone.localdate()
    form = forms.GrantRoleForm.from_request(request, today=today)
    if form.run(actions.grant_role, by=request.user, today=today):
        messages.success(request, _("The role was granted."))
        if form.result.user.must_change_password:
            messages.warning(request, _("Their one-time password has ended: make a new one."))
        return redirect("accounts:list_grants")
    return render(request, "kpm/accounts/grant_role.html", {"form": form}, status=status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.GRANT_ROLE)
def end_grant(request: SignedInRequest, reference: str) -> HttpResponse:
    """Say from when on a role is no longer held."""
    grant = get_object_or_404(
        RoleGrant.objects.select_related("user", "unit"), log_reference=reference
    )
    today = timezone.localdate()
    form = forms.EndGrantForm.from_request(request, today=today)
    if form.run(actions.end_grant, grant=grant, by=request.user, today=today):
        messages.success(request, _("The end of the role was written down."))
        return redirect("accounts:list_grants")
    return render(
        request,
        "kpm/accounts/end_grant.html",
        {"form": form, "grant": grant},
        status=status(form),
    )
