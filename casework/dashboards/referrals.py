"""Referrals and sharing records as a page shows them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from casework import consent_rules
from casework.destinations import FACTS, RECEIVERS
from casework.models import CaseFile, Referral
from casework.models.consents import ConsentPurpose
from casework.models.referrals import Basis
from casework.referral_rules import NEXT
from kpm.vault.opening import Reading, open_groups


@dataclass(frozen=True)
class Row:
    """One referral, opened, with its place among all that were ever sent."""

    place: int
    referral: Referral
    kind: Any
    facts: list[Any]
    basis: Any
    # Something may still become of it.
    is_open: bool
    # It rests on a consent that does not hold any more.
    is_without_ground: bool


def rows_of(case_file: CaseFile, reading: Reading) -> list[Row]:
    """Every referral with what was told, the latest first."""
    rows = list(_all(case_file))
    # The answers first: then every key is there.
    open_groups(rows, "answer", "sharing__body", reading=reading)
    consents = consent_rules.live_consent(case_file, ConsentPurpose.SHARING) is not None
    return [_row(place, each, consents=consents) for place, each in enumerate(rows, start=1)][::-1]


def row_at(case_file: CaseFile, place: int, reading: Reading) -> Row:
    """The one at this place, which never changes what it names."""
    rows = list(_all(case_file))
    if not 0 < place <= len(rows):
        raise Http404
    open_groups([rows[place - 1]], "answer", "sharing__body", reading=reading)
    return _row(place, rows[place - 1], consents=True)


def _row(place: int, referral: Referral, *, consents: bool) -> Row:
    sharing = referral.sharing
    is_open = referral.state in NEXT
    return Row(
        place=place,
        referral=referral,
        kind=RECEIVERS[sharing.kind].label,
        facts=[FACTS[code] for code in sharing.facts],
        basis=Basis(sharing.basis).label,
        is_open=is_open,
        is_without_ground=is_open and sharing.basis == Basis.CONSENT and not consents,
    )


def _all(case_file: CaseFile) -> QuerySet[Referral]:
    rows = Referral.objects.filter(case_file=case_file).order_by("id")
    return rows.select_related("case_file", "sharing__shared_by")
