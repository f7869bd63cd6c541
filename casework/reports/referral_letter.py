"""The letter of a referral: to the service, with what it may know and what it may do with it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit.events import Event, Purpose
from casework import consent_rules, referral_rules
from casework.destinations import FACTS
from casework.models import CaseFile, Person, Referral
from casework.models.consents import ConsentPurpose
from casework.models.referrals import Basis
from casework.reports.papers import print_paper
from kpm import days
from kpm.accounts.models import User
from kpm.vault.opening import Reading, open_groups

TEMPLATE = "casework/reports/referral_letter.html"
# What stands in the head of a person; everything else opens one by one on pages.
IN_HEAD = frozenset({"name", "birth_on"})


def print_letter(
    *, case_file: CaseFile, referral: Referral, by: User, purpose: Purpose | None, now: datetime
) -> bytes:
    """The facts of the sharing record with their values, and no other; the head is open.

    Whether it may go out is asked again when all is made: a yes may be taken back meanwhile.
    """
    person, sharing = case_file.person, referral.sharing
    check(referral, by)
    referral_rules.check_consent_is_their_own(referral, person.birth_on, timezone.localdate(now))

    def fill(reading: Reading) -> dict[str, Any]:
        open_groups([sharing], "body", reading=reading)
        if not IN_HEAD.issuperset(sharing.facts):
            open_groups([person], "body", reading=reading)
        return {
            "sharing": sharing,
            "rests_on": Basis(sharing.basis),
            "told": told_of(person, sharing.facts),
        }

    return print_paper(
        TEMPLATE,
        Event.REFERRAL_PRINTED,
        fill,
        case_file=case_file,
        by=by,
        purpose=purpose,
        now=now,
        watermark=f"{by.name} {timezone.localtime(now):%Y-%m-%d %H:%M}",
        in_full=lambda: shown_of(person, sharing.facts),
        ask_again=lambda: check(
            Referral.objects.select_related("case_file").get(pk=referral.pk), by
        ),
    )


def check(referral: Referral, by: User) -> None:
    """Whether this one may still be told, as everything is now."""
    taken_back = consent_rules.taken_back(referral.case_file, ConsentPurpose.SHARING)
    is_ground_gone = referral_rules.is_without_ground(referral, taken_back)
    referral_rules.check_can_print_letter(by, referral, is_ground_gone)


def shown_of(person: Person, facts: Sequence[str]) -> set[str]:
    """What stands in the letter though it opens one by one on pages."""
    codes = {"emergency_phone" if code == "emergency" else code for code in facts} - IN_HEAD
    return {f"person.{code}" for code in codes if getattr(person, code)}


def told_of(person: Person, facts: Sequence[str]) -> list[tuple[Any, str]]:
    """Each fact and its value, in the order of the template."""
    return [(label, value_of(person, code)) for code, label in FACTS.items() if code in facts]


def value_of(person: Person, code: str) -> str:
    """What one fact says."""
    if code == "birth_on":
        return days.in_words(person.birth_on) if person.birth_on else ""
    if code == "emergency":
        parts = (person.emergency_name, person.emergency_relation, person.emergency_phone)
        return " · ".join(part for part in parts if part)
    return str(getattr(person, code))
