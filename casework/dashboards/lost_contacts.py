"""Searches in words: for the file, and for the supervisors whose look is due."""

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from casework.actions.lost_contacts import GOING_ON
from casework.dashboards import lists
from casework.models import CaseFile, LostContact
from casework.models.case_files import Status
from casework.models.lost_contacts import LostState
from kpm import days
from kpm.accounts.models import User


@dataclass(frozen=True)
class Row:
    """One search, and in words where it stands."""

    search: LostContact
    words: str
    is_due: bool


def going_on(user: User, group: str) -> QuerySet[LostContact]:
    """The searches of the user's open files, those that wait for a look first."""
    files = lists.files_of(user, group).filter(status=Status.OPEN).order_by()
    return (
        LostContact.objects.filter(state__in=GOING_ON, case_file__in=files.values("pk"))
        .select_related("case_file__person", "case_file__unit", "case_file__risk_level")
        .order_by(F("look_again_on").asc(nulls_first=True), "opened_at", "id")
    )


def due(searches: QuerySet[LostContact], today: date) -> QuerySet[LostContact]:
    """Those that wait for a look."""
    return searches.filter(Q(state=LostState.OPEN) | Q(look_again_on__lte=today))


def told(search: LostContact, today: date) -> Row:
    """A search with its words."""
    since = days.in_words(search.opened_at)
    if search.state == LostState.OPEN or search.look_again_on is None:
        words = _("not looked at yet; lost since %(day)s") % {"day": since}
        return Row(search, words, is_due=True)
    again = days.in_words(search.look_again_on)
    said = {"known": search.get_known_display(), "day": again}
    is_due = search.look_again_on <= today
    return Row(search, _("%(known)s; to be looked at again on %(day)s") % said, is_due=is_due)


def search_of(case_file: CaseFile) -> LostContact | None:
    """The search that goes on, or the last one."""
    rows = LostContact.objects.filter(case_file=case_file)
    return rows.filter(state__in=GOING_ON).first() or rows.order_by("-opened_at", "-id").first()


def notice(case_file: CaseFile, today: date) -> str:
    """What the page of a file says while somebody is lost."""
    search = LostContact.objects.filter(case_file=case_file, state__in=GOING_ON).first()
    return told(search, today).words if search else ""
