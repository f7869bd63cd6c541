"""Incidents as a page shows them."""

from dataclasses import dataclass

from django.http import Http404

from casework.models import CaseFile, Incident
from casework.models.incidents import Effect, IncidentQuerySet
from kpm.vault.opening import Reading, open_groups

# So many stand on the first page of a file.
LATEST = 3


@dataclass(frozen=True)
class Row:
    """One incident, opened, with its place among all that were ever noted."""

    place: int
    incident: Incident
    # Whether a later row says otherwise.
    is_past: bool
    # Whether it says that an earlier one never was.
    is_mistake: bool


def of_file(case_file: CaseFile, reading: Reading) -> list[Row]:
    """Everything that was noted, the latest happening first; what was corrected stands with it."""
    noted = list(_all(case_file))
    open_groups(noted, "body", reading=reading)
    corrected = {each.corrects_id for each in noted}
    rows = [
        Row(place, each, each.pk in corrected, each.effect == Effect.MISTAKE)
        for place, each in enumerate(noted, start=1)
    ]
    return sorted(rows, key=lambda row: (row.incident.happened_at, row.place), reverse=True)


def latest_of(case_file: CaseFile, reading: Reading) -> list[Incident]:
    """The last that hold, opened."""
    rows = Incident.objects.standing().filter(case_file=case_file)
    found = list(rows.order_by("-happened_at", "-id")[:LATEST])
    open_groups(found, "body", reading=reading)
    return found


def incident_at(case_file: CaseFile, place: int) -> Incident:
    """The one at this place, which never changes what it names."""
    rows = list(_all(case_file).select_related("case_file"))
    if not 0 < place <= len(rows):
        raise Http404
    return rows[place - 1]


def _all(case_file: CaseFile) -> IncidentQuerySet:
    return Incident.objects.filter(case_file=case_file).select_related("noted_by").order_by("id")
