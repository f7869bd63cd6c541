"""Referrals and sharing records as a page shows them."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404

from casework import consent_rules
from casework.destinations import FACTS, RECEIVERS
from casework.models import CaseFile, Referral
from casework.models.consents import ConsentPurpose
from casework.models.referrals import Basis
from casework.referral_rules import NEXT, is_without_ground
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
    rows = _all(case_file)
    open_groups(rows, "answer", "ending", "sharing__body", reading=reading)
    taken_back = consent_rules.taken_back(case_file, ConsentPurpose.SHARING)
    return [_row(place, each, taken_back) for place, each in enumerate(rows, start=1)][::-1]


def is_any_without_ground(case_file: CaseFile) -> bool:
    """Whether a service was told something on a consent that was taken back since."""
    taken_back = consent_rules.taken_back(case_file, ConsentPurpose.SHARING)
    rows = Referral.objects.filter(case_file=case_file, state__in=NEXT)
    return rows.filter(sharing__consent__in=taken_back).exists()


def row_at(case_file: CaseFile, place: int, reading: Reading) -> Row:
    """The one at this place, which never changes what it names."""
    rows = _all(case_file)
    if not 0 < place <= len(rows):
        raise Http404
    open_groups([rows[place - 1]], "answer", "ending", "sharing__body", reading=reading)
    taken_back = consent_rules.taken_back(case_file, ConsentPurpose.SHARING)
    return _row(place, rows[place - 1], taken_back)


def _row(place: int, referral: Referral, taken_back: Container[UUID | None]) -> Row:
    sharing = referral.sharing
    return Row(
        place=place,
        referral=referral,
        kind=RECEIVERS[sharing.kind].label,
        facts=[FACTS[code] for code in sharing.facts],
        basis=Basis(sharing.basis).label,
        is_open=referral.state in NEXT,
        is_without_ground=is_without_ground(referral, taken_back),
    )


def _all(case_file: CaseFile) -> list[Referral]:
    rows = Referral.objects.filter(case_file=case_file).order_by("id")
    found = list(rows.select_related("sharing__shared_by"))
    for each in found:
        # So that the rules find the team that is loaded already.
        each.case_file = case_file
    return found
