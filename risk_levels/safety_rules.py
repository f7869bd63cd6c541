"""When red may be set at once, and how long it holds; refusals in words for the user."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import Level
from risk_levels.models import RiskLevel
from risk_levels.reasons import REASONS


def check_can_set_provisionally(by: User, risk_level: RiskLevel) -> None:
    """Whoever works with the person may, unless it is red already."""
    if not is_granted(by, Permission.PROPOSE_LEVEL):
        raise Refused(_("Your role does not carry this."))
    if risk_level.level == Level.RED:
        raise Refused(_("This file is red already."))


def check_dangers_fit(codes: Collection[str]) -> None:
    """Only a danger is a reason not to wait for a second person."""
    if not codes:
        raise Refused(_("Choose at least one danger."), field="reason_codes")
    for code in codes:
        reason = REASONS.get(code)
        if reason is None or not reason.is_danger:
            raise Refused(_("This can wait for a decision: propose red."), field="reason_codes")


def check_is_told_what_is_done(tried: str) -> None:
    """Red is help: what is being done now is said along with it."""
    if not tried.strip():
        raise Refused(_("Say what is being done right now."), field="tried")


def check_happened_since(evidence: Sequence[Mapping[str, Any]], last_on: date | None) -> None:
    """The same facts make red provisional once; what lapsed is proposed, not set again."""
    if last_on is None:
        return
    if not any(str(each.get("on", "")) >= last_on.isoformat() for each in evidence):
        raise Refused(
            _("Nobody confirmed this the last time. Name something that has happened since."),
            field="evidence_on",
        )


def check_still_holds(risk_level: RiskLevel, now: datetime) -> None:
    """When its hours are over it goes back; nobody prolongs it by deciding late."""
    if risk_level.until_at is not None and risk_level.until_at <= now:
        raise Refused(
            _("The hours of this provisional level are over: it goes back. Propose red anew.")
        )


def check_can_put_back(by: User) -> None:
    """Hours run out by themselves: nobody says that they have."""
    if not by.is_system:
        raise Refused(_("A term ends by itself."))
