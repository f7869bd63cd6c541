"""Referrals and sharing records as a page shows them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import Http404

from casework.destinations import FACTS, RECEIVERS
from casework.models import CaseFile, Referral
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
    rows = list(_all(case_file))
    open_groups(rows, "answer", "ending", "sharing__body", reading=reading)
    return [_row(place, each) for place, each in enumerate(rows, start=1)][::-1]


def is_any_without_ground(case_file: CaseFile) -> bool:
    """Whether a service was told something on a consent that was taken back since."""
    return any(map(is_without_ground, _all(case_file).defer("answer", "ending", "sharing__body")))


def row_at(case_file: CaseFile, place: int, reading: Reading) -> Row:
    """The one at this place, which never changes what it names."""
    rows = list(_all(case_file))
    if not 0 < place <= len(rows):
        raise Http404
    open_groups([rows[place - 1]], "answer", "ending", "sharing__body", reading=reading)
    return _row(place, rows[place - 1])


def _row(place: int, referral: Referral) -> Row:
    sharing = referral.sharing
    return Row(
        place=place,
        referral=referral,
        kind=RECEIVERS[sharing.kind].label,
        facts=[FACTS[code] for code in sharing.facts],
        basis=Basis(sharing.basis).label,
        is_open=referral.state in NEXT,
        is_without_ground=is_without_ground(referral),
    )


def _all(case_file: CaseFile) -> QuerySet[Referral]:
    rows = Referral.objects.filter(case_file=case_file).order_by("id")
    return rows.select_related(
        "case_file",
        "sharing__shared_by",
        "sharing__consent__withdrawal",
        "sharing__consent__replacement__withdrawal",
    )
