"""The feed of a worker's calendar: made and withdrawn on their own page, fetched by programs."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.request import HttpRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework.actions import calendar_feeds as actions
from casework.dashboards import calendar_feeds as dashboard
from casework.forms.calendar_feeds import MakeFeedForm, WithdrawFeedForm
from kpm import ics
from kpm.accounts.models import SignedInRequest
from kpm.forms import status
from kpm.permissions import Permission, public, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.KEEP_CALENDAR)
def make_feed(request: SignedInRequest) -> HttpResponse:
    """Whether there is an address, and a new one; it is shown this once."""
    form = MakeFeedForm.from_request(request)
    around: dict[str, Any] = {"form": form, "withdrawing": WithdrawFeedForm(), "address": ""}
    if form.run(actions.make, by=request.user, now=timezone.now()):
        around["address"] = request.build_absolute_uri(
            reverse("casework:fetch_feed", args=(form.result,))
        )
    around["feed"] = dashboard.feed_of(request.user)
    return render(request, "casework/today/feed.html", around, status=status(form))


@require_POST
@requires(Permission.KEEP_CALENDAR)
def withdraw_feed(request: SignedInRequest) -> HttpResponse:
    """Let the address lead nowhere."""
    feed = dashboard.feed_of(request.user)
    if feed is None:
        raise Http404
    form = WithdrawFeedForm.from_request(request)
    if form.run(actions.withdraw, feed=feed, by=request.user, now=timezone.now()):
        messages.success(request, _("The address leads nowhere any more."))
    else:
        messages.error(request, " ".join(map(str, form.non_field_errors())))
    return redirect("casework:make_feed")


@require_safe
@public
def fetch_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar for the program that knows the address; nothing for any other."""
    feed = actions.find(token)
    if feed is None:
        raise Http404
    now = timezone.localtime()
    happenings = dashboard.happenings_of(feed, now)
    actions.record_fetched(feed=feed, count=len(happenings))
    name = _("What is due")
    return HttpResponse(
        ics.written(name, happenings, now), content_type="text/calendar; charset=utf-8"
    )
