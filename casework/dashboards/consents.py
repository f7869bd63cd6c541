"""Consents as a page shows them."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext_lazy as _

from casework.consent_rules import Standing, standing_of
from casework.models import CaseFile, Consent
from casework.models.consents import ConsentPurpose, Giver, Manner
from kpm.vault.opening import Reading, open_groups

WORDS: dict[Standing, Any] = {
    Standing.LIVE: _("Holds"),
    Standing.WITHDRAWN: _("Withdrawn"),
    Standing.REPLACED: _("Given anew later"),
    Standing.OUTGROWN: _("14 since then: ask them"),
}


@dataclass(frozen=True)
class Row:
    """One consent, opened, with its place among all that were ever recorded."""

    place: int
    consent: Consent
    giver: Any
    manner: Any
    standing: Any
    # It can be taken back.
    is_live: bool
    is_outgrown: bool


@dataclass(frozen=True)
class Point:
    """One purpose, and where the consent to it stands."""

    label: Any
    words: Any
    is_live: bool


def rows_of(case_file: CaseFile, reading: Reading, today: date) -> list[Row]:
    """Everything that was ever recorded, the latest first; the head of the person is open."""
    rows = list(_all(case_file))
    open_groups(rows, "body", reading=reading)
    born = case_file.person.birth_on
    found = [_row(at, each, standing_of(each, born, today)) for at, each in enumerate(rows, 1)]
    return found[::-1]


def _row(place: int, consent: Consent, found: Standing) -> Row:
    return Row(
        place=place,
        consent=consent,
        giver=Giver(consent.giver).label,
        manner=Manner(consent.manner).label,
        standing=WORDS[found],
        is_live=found in (Standing.LIVE, Standing.OUTGROWN),
        is_outgrown=found == Standing.OUTGROWN,
    )


def last_words(case_file: CaseFile, today: date) -> dict[str, Standing]:
    """Where each purpose that was ever asked about stands; the head of the person is open."""
    found: dict[str, Standing] = {}
    for each in _all(case_file).defer("body"):
        if found.get(each.purpose) not in (Standing.LIVE, Standing.OUTGROWN):
            found[each.purpose] = standing_of(each, case_file.person.birth_on, today)
    return found


def points_of(last: dict[str, Standing]) -> list[Point]:
    """The same in words."""
    return [
        Point(each.label, WORDS[last[each]], last[each] == Standing.LIVE)
        for each in ConsentPurpose
        if each in last
    ]


def may_tell(case_file: CaseFile, today: date) -> bool:
    """Whether a consent to telling another service holds; the head of the person is open."""
    return last_words(case_file, today).get(ConsentPurpose.SHARING) == Standing.LIVE


def is_without_ground(case_file: CaseFile, last: dict[str, Standing]) -> bool:
    """Whether the consent to support was taken back while the file is still open."""
    return case_file.is_open and last.get(ConsentPurpose.SERVICE) == Standing.WITHDRAWN


def consent_at(case_file: CaseFile, place: int) -> Consent:
    """The one at this place, which never changes what it names."""
    rows = list(_all(case_file).select_related("case_file"))
    if not 0 < place <= len(rows):
        raise Http404
    return rows[place - 1]


def _all(case_file: CaseFile) -> QuerySet[Consent]:
    rows = Consent.objects.filter(case_file=case_file)
    return rows.select_related("withdrawal", "replacement", "recorded_by").order_by("id")
