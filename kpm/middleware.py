"""What every request passes: headers, the log's context, the session's limits, declared access."""

import logging
import uuid
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.core.exceptions import PermissionDenied
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation

from audit import log
from audit.events import Event
from kpm import refusals
from kpm.accounts.sessions import SessionStore
from kpm.accounts.submissions import Submissions
from kpm.errors import AlreadySent, AskFirst, Busy, NotYou
from kpm.permissions import Open, Permission, access_of
from kpm.vault.errors import Unreadable
from kpm.views import AWAY, failed, not_here, unavailable

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]
METHODS = ("GET", "HEAD", "POST")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types kpm",
    )
)
# Nothing of the device is used: what is not named here stays off as well in old browsers.
PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "publickey-credentials-create",
        "publickey-credentials-get",
        "screen-wake-lock",
        "serial",
        "usb",
        "xr-spatial-tracking",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Static files say themselves how long they keep; every page is for this moment only.
    "Cache-Control": "no-store",
}


class SecurityHeadersMiddleware:
    """Puts our headers on every answer, and answers three methods only."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in METHODS:
            response = self.get_response(request)
        else:
            response = HttpResponseNotAllowed(METHODS)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


# What a proxy says of a request, and anybody else could say as well.
SAID_BY_PROXY = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP")


class WireMiddleware:
    """Believes the named proxy and nobody else; the demo, which has none, answers this machine."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        named = settings.KPM_TRUSTED_PROXIES
        self.networks = [ip_network(name) for name in named if name != "unix"]
        self.believes_socket = "unix" in named

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        peer = peer_of(request)
        if settings.KPM_DEMO and not (peer and peer.is_loopback):
            return not_here(request)
        if not self.believes(peer):
            for name in SAID_BY_PROXY:
                request.META.pop(name, None)
            if not settings.KPM_DEMO:
                # The server may have believed somebody whom we do not.
                request.META["wsgi.url_scheme"] = "http"
        return self.get_response(request)

    def believes(self, peer: IPv4Address | IPv6Address | None) -> bool:
        """Whether this is the proxy that the settings name."""
        if peer is None:
            return self.believes_socket
        return any(peer in network for network in self.networks)


def peer_of(request: HttpRequest) -> IPv4Address | IPv6Address | None:
    """Who is connected to us; nobody with an address, where it is a socket of this machine."""
    try:
        peer = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return None
    # Where one socket serves both families, IPv4 comes in the clothes of IPv6.
    return getattr(peer, "ipv4_mapped", None) or peer


class AuditMiddleware:
    """Opens the log's context, and lets no byte leave before what was read is written down."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        context = log.Context(
            channel="web",
            request=uuid.uuid4().hex,
            address=address_of(request),
            agent=request.headers.get("User-Agent", ""),
        )
        try:
            with log.entered(context):
                return self.get_response(request)
        except log.NotWritten:
            # Whatever was prepared is dropped: not written down means not shown.
            logger.exception("The log could not be written; the answer was withheld.")
            return unavailable(request)


def address_of(request: HttpRequest) -> str:
    """Where the request comes from; what nobody trustworthy said is gone by now."""
    return str(request.META.get("HTTP_X_REAL_IP") or request.META.get("REMOTE_ADDR", ""))


class SessionMiddleware(DjangoSessionMiddleware):
    """Names the session in the log's context and starts its idle clock again."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        context = log.current()
        if context is not None and request.session.session_key:
            context.session = cast(SessionStore, request.session).log_reference

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        response = super().process_response(request, response)  # type: ignore[arg-type]  # files that stream pass as well
        cast(SessionStore, request.session).touch()
        return response


class LanguageMiddleware:
    """Chinese for everybody who has not chosen English here.

    What a browser was installed with says nothing: offices share machines with English systems.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Speak the chosen language from here on, error pages included."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        known = dict(settings.LANGUAGES)
        translation.activate(chosen if chosen in known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response


class AccessMiddleware:
    """Answers only views that declared who may use them, each for those people."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        submissions = Submissions()
        request.submissions = submissions  # type: ignore[attr-defined]  # Django's request has no place of ours
        response = self.get_response(request)
        submissions.answered(response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> HttpResponseRedirect | None:
        """Refuse what declared nothing; send whoever has a one-time password to change it."""
        access = access_of(view)
        if access is None:
            logger.error("A view declares no access: %s", getattr(view, "__qualname__", view))
            raise PermissionDenied
        must_change = getattr(request.user, "must_change_password", False)
        if must_change and access not in (Open.PUBLIC, Permission.CHANGE_PASSWORD):
            return redirect("accounts:change_password")
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Log what was refused; lead on whoever is to go to another page instead."""
        if isinstance(exception, AlreadySent | AskFirst):
            return redirect(exception.location)
        try:
            _write_down(request, exception)
        except AWAY as error:
            return failed(request, error)
        if isinstance(exception, Busy | log.NotWritten):
            return unavailable(request)
        return failed(request, exception) if isinstance(exception, AWAY) else None


def _write_down(request: HttpRequest, exception: Exception) -> None:
    """The event of a refusal that only the exception knows of."""
    by, target = refusals.actor_of(request), refusals.asked_for(request)
    if isinstance(exception, NotYou):
        log.refused(Event.PERMISSION_REFUSED, by=by, target=target, rule=exception.permission)
    if isinstance(exception, Unreadable):
        refusals.content_unreadable(exception, by=by, target=target)
