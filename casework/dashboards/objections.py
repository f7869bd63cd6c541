"""Objections in words: on a file, and all of them for those who answer."""

from dataclasses import dataclass

from django.db.models import QuerySet

from casework.models import CaseFile
from risk_levels.models import Objection
from risk_levels.models.objections import WAITING


@dataclass(frozen=True)
class Placed:
    """One objection, and its place among those of its file: that is its name in addresses."""

    place: int
    objection: Objection


def objections_of(case_file: CaseFile) -> list[Placed]:
    """All objections of a file, the latest first."""
    rows = case_file.risk_level.objections.select_related(
        "received_by",
        "acknowledged_by",
        "decider",
        "decision__decided_by",
        "decision__proposal__proposer",
    ).order_by("received_at", "id")
    return [Placed(place, each) for place, each in enumerate(rows, start=1)][::-1]


def placed(case_file: CaseFile, place: int) -> Placed | None:
    """The objection that has this place, if there is one."""
    return next((each for each in objections_of(case_file) if each.place == place), None)


def waiting_in(files: QuerySet[CaseFile]) -> QuerySet[Objection]:
    """The objections on these files that wait for an answer, the nearest term first."""
    return (
        Objection.objects.filter(
            state__in=WAITING, risk_level__case_file__in=files.order_by().values("pk")
        )
        .select_related(
            "decision__proposal",
            "risk_level__case_file__person",
            "risk_level__case_file__unit",
            "risk_level__case_file__risk_level",
        )
        .prefetch_related("risk_level__case_file__assignments")
        .order_by("decide_by_on", "id")
    )


def places_of(objections: list[Objection]) -> dict[Objection, int]:
    """The place of each on its file; an open one is the last, for there is one at a time."""
    levels = [each.risk_level_id for each in objections]
    counts: dict[object, int] = {}
    for level_id in Objection.objects.filter(risk_level__in=levels).values_list(
        "risk_level", flat=True
    ):
        counts[level_id] = counts.get(level_id, 0) + 1
    return {each: counts[each.risk_level_id] for each in objections}
