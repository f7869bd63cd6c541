"""Needs and strengths as a page shows them."""

from dataclasses import dataclass, field
from typing import Any

from django.http import Http404

from casework.models import CaseFile, Need
from casework.models.needs import Area, Kind, NeedQuerySet, NeedState
from kpm.vault.opening import Reading, open_groups


@dataclass(frozen=True)
class Row:
    """One need or strength, opened, with its place among all that were ever noted."""

    place: int
    need: Need
    area: Any


@dataclass(frozen=True)
class Needs:
    """What holds, and what is over, the latest first."""

    strengths: list[Row] = field(default_factory=list)
    needs: list[Row] = field(default_factory=list)
    over: list[Row] = field(default_factory=list)


def of_file(case_file: CaseFile, reading: Reading, *, only_open: bool = False) -> Needs:
    """Everything that was noted, or what is open."""
    found = Needs()
    rows = list(enumerate(_all(case_file), start=1))
    if only_open:
        rows = [(place, each) for place, each in rows if each.state == NeedState.OPEN]
    open_groups([each for _place, each in rows], "body", reading=reading)
    ended = [each for _place, each in rows if each.state != NeedState.OPEN]
    open_groups(ended, "answer", reading=reading)
    for place, each in rows:
        row = Row(place, each, Area(each.area).label)
        if each.state != NeedState.OPEN:
            found.over.insert(0, row)
        elif each.kind == Kind.STRENGTH:
            found.strengths.append(row)
        else:
            found.needs.append(row)
    return found


def need_at(case_file: CaseFile, place: int) -> Need:
    """The one at this place, which never changes what it names."""
    rows = list(_all(case_file).select_related("case_file"))
    if not 0 < place <= len(rows):
        raise Http404
    return rows[place - 1]


def _all(case_file: CaseFile) -> NeedQuerySet:
    return Need.objects.filter(case_file=case_file).select_related("noted_by").order_by("id")
