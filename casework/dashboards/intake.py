"""What whoever takes somebody in is shown of a person who is known to them already."""

from dataclasses import dataclass

from casework.dashboards import lists
from casework.models import CaseFile, Person
from casework.models.case_files import Status
from kpm.accounts.models import User


@dataclass(frozen=True)
class Match:
    """Somebody on record and their files of one group; one may be opened where none is."""

    person: Person
    files: list[CaseFile]
    may_go_on: bool


def match_of(person: Person, population: str, user: User) -> Match:
    """The files that this user may see of them: no two groups ever stand in one list."""
    files = CaseFile.objects.visible_to(user).filter(person=person).select_related("unit")
    kind = files.of_group(lists.group_of(population))
    is_open = files.filter(population=population, status=Status.OPEN).exists()
    return Match(person, list(kind.order_by("-opened_on", "id")), may_go_on=not is_open)
