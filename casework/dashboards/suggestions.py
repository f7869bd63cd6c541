"""Who could help with a file, with what speaks for and against them in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from casework import matching, rules
from casework.dashboards.teams import units_above
from casework.load_rules import Carried
from casework.matching import File, Fit, Reason, Sex, Why, Worker
from casework.models import Absence, Assignment, CaseFile, Stipulation, WorkerProfile
from casework.models.assignments import Place
from casework.models.case_files import Status
from casework.models.people import Sex as PersonSex
from casework.models.stipulations import OF_ANY, Stipulated
from casework.models.workers import Language
from kpm import days
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.permissions import Role
from risk_levels.levels import Level
from risk_levels.models import RuleSet
from risk_levels.models.rule_sets import default_numbers, duties_in
from risk_levels.populations import POPULATIONS

# So many are put before the supervisor; everybody else is in the list below them.
SUGGESTED = 5
COUNTED = ("points", *Level.values, "deputies")

WORDS: Final[Mapping[Why, Promise]] = {
    Why.CONFLICT: gettext_lazy("has a conflict of interest"),
    Why.OUT_OF_REACH: gettext_lazy("is not there for this unit or group"),
    Why.UNWANTED: gettext_lazy("the person does not want them"),
    Why.WANTED: gettext_lazy("the person wishes for them"),
    Why.LEADS: gettext_lazy("leads this file now"),
    Why.IN_TEAM: gettext_lazy("is in the team already"),
    Why.WAS_IN_TEAM: gettext_lazy("was in the team before"),
    Why.WOMAN_NEEDED: gettext_lazy("a woman, whom this team must have"),
    Why.NO_WOMAN: gettext_lazy("the team must have a woman, and none is on record"),
    Why.TRAINED: gettext_lazy("trained for this group"),
    Why.UNTRAINED: gettext_lazy("no training for this group on record"),
    Why.SAME_UNIT: gettext_lazy("works in the same place"),
    Why.NEAR: gettext_lazy("works in the same township"),
    Why.SAME_COUNTY: gettext_lazy("works in the same county"),
    Why.FAR: gettext_lazy("works in another county"),
}
WISHED: Final[Mapping[tuple[Why, Sex], Promise]] = {
    (Why.WISHED_SEX, Sex.WOMAN): gettext_lazy("a woman, as the person wishes"),
    (Why.WISHED_SEX, Sex.MAN): gettext_lazy("a man, as the person wishes"),
    (Why.OTHER_SEX, Sex.WOMAN): gettext_lazy("the person wishes for a woman"),
    (Why.OTHER_SEX, Sex.MAN): gettext_lazy("the person wishes for a man"),
}


def in_words(reason: Reason) -> str:
    """One reason as a page says it."""
    if reason.why in (Why.LOAD, Why.OVER):
        return _load_in_words(reason)
    if reason.why == Why.AWAY:
        return _("away, back on %(day)s") % {"day": days.in_words(reason.says[0])}
    if reason.why == Why.SPEAKS:
        spoken = [str(Language(each).label) for each in reason.says]
        return _("speaks %(languages)s") % {
            "languages": pgettext("between languages", ", ").join(spoken)
        }
    if reason.why in (Why.WISHED_SEX, Why.OTHER_SEX):
        return str(WISHED[reason.why, reason.says[0]])
    return str(WORDS[reason.why])


def _load_in_words(reason: Reason) -> str:
    after, capacity = reason.says
    if not capacity:
        return _("away for the next four weeks")
    said = {"after": after, "capacity": capacity, "percent": 100 * after // capacity}
    if reason.why == Why.OVER:
        return _("no room: %(after)d of %(capacity)d points afterwards (%(percent)d %%)") % said
    return _("%(after)d of %(capacity)d points afterwards (%(percent)d %%)") % said


def all_in_words(fit: Fit) -> str:
    """Everything that speaks for and against somebody, what counts most first."""
    return _("; ").join(in_words(each) for each in fit.reasons)


# --- From rows to numbers


@dataclass(frozen=True)
class Staff:
    """Who is there, as rows and as numbers."""

    users: Mapping[UUID, User]
    workers: Sequence[Worker]
    carried: Mapping[UUID, Carried]


@dataclass
class Books:
    """What one page needs to know once: the rule set, and what each duty asks for."""

    today: date
    numbers: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        rule_set = RuleSet.objects.in_force(self.today)
        self.numbers = rule_set.numbers if rule_set else default_numbers()

    def points(self, population: str, level: str) -> int:
        """What a file of this kind asks its lead for."""
        return matching.points(duties_in(self.numbers, population, level))

    def staff(self, units: Iterable[Unit]) -> Staff:
        """The social workers whose grant reaches one of these units, with what they carry."""
        codes = {code for unit in units for code in units_above(unit)}
        return self._staff(unit__code__in=codes)

    def staff_of(self, users: Sequence[UUID]) -> Staff:
        """These social workers, with what they carry."""
        return self._staff(user__in=users)

    def staff_in(self, units: QuerySet[Unit]) -> Staff:
        """The social workers who belong to these units, with what they carry."""
        return self._staff(user__unit__in=units)

    def everybody(self) -> Staff:
        """All social workers, with what they carry."""
        return self._staff()

    def _staff(self, **lookup: Any) -> Staff:
        grants = (
            RoleGrant.objects.in_force(self.today)
            .filter(role=Role.SOCIAL_WORKER, user__is_active=True, **lookup)
            .select_related("unit", "user__unit", "user__profile")
        )
        by_user = {each.user_id: each for each in grants.order_by("user__username")}
        carried, away = self._carried(by_user), self._away(by_user)
        workers = [
            self._worker(grant, carried[key].points, away.get(key, []))
            for key, grant in by_user.items()
        ]
        return Staff({key: grant.user for key, grant in by_user.items()}, workers, carried)

    def _worker(self, grant: RoleGrant, load: int, away: list[tuple[date, date]]) -> Worker:
        user = grant.user
        profile = getattr(user, "profile", None) or WorkerProfile(worker=user)
        gone = [until for start, until in away if start <= self.today]
        return Worker(
            key=user.pk,
            unit=(user.unit or grant.unit).code,
            reaches=grant.unit.prefix,
            populations=frozenset(grant.populations),
            sex=Sex(profile.sex),
            trained=frozenset(profile.trained),
            languages=tuple(profile.languages),
            load=load,
            capacity=matching.capacity(profile.percent, away, self.today),
            away_until=max(gone, default=None),
        )

    def _carried(self, users: Iterable[UUID]) -> dict[UUID, Carried]:
        """What everybody carries: points as lead and as deputy, and files as counts."""
        level = "case_file__risk_level"
        kind = ("worker_id", "role", "case_file__population", f"{level}__rhythm_level")
        held = (
            Assignment.objects.active()
            .filter(
                worker__in=list(users),
                role__in=(Place.LEAD, Place.DEPUTY),
                case_file__status=Status.OPEN,
            )
            .order_by()
            .values_list(*kind, f"{level}__level")
            .annotate(files=Count("pk"))
        )
        found = {user: dict.fromkeys(COUNTED, 0) for user in users}
        for worker, role, population, rhythm, now, files in held:
            is_lead = role == Place.LEAD
            each = matching.share(self.points(population, rhythm), is_lead=is_lead)
            found[worker]["points"] += each * files
            found[worker][now if is_lead else "deputies"] += files
        return {user: Carried(**counts) for user, counts in found.items()}

    def _away(self, users: Iterable[UUID]) -> dict[UUID, list[tuple[date, date]]]:
        """The days ahead on which somebody is away."""
        found: dict[UUID, list[tuple[date, date]]] = {}
        rows = Absence.objects.active().filter(
            worker__in=list(users),
            until_on__gt=self.today,
            start_on__lt=self.today + matching.AHEAD,
        )
        for worker, start_on, until_on in rows.values_list("worker", "start_on", "until_on"):
            found.setdefault(worker, []).append((start_on, until_on))
        return found

    def files(self, rows: Sequence[CaseFile], *, is_lead: bool = True) -> list[File]:
        """What each of these asks for; with the head of the person open, and all assignments."""
        asked: dict[UUID, list[Stipulation]] = {}
        for each in Stipulation.objects.active().filter(case_file__in=[row.pk for row in rows]):
            asked.setdefault(each.case_file_id, []).append(each)
        lacking = lacking_a_woman(rows)
        return [
            self._file(row, asked.get(row.pk, []), lacks_woman=row.pk in lacking, is_lead=is_lead)
            for row in rows
        ]

    def _file(
        self, row: CaseFile, asked: Iterable[Stipulation], *, lacks_woman: bool, is_lead: bool
    ) -> File:
        def named(kind: str) -> frozenset[UUID | None]:
            return frozenset(each.worker_id for each in asked if each.kind == kind)

        level = row.risk_level
        team = rules.team(row)
        leads = [each.worker_id for each in team if each.role == Place.LEAD]
        return File(
            key=row.pk,
            unit=row.unit.code,
            population=row.population,
            points=matching.share(self.points(row.population, level.rhythm_level), is_lead=is_lead),
            is_urgent=level.level == Level.RED,
            lacks_woman=lacks_woman,
            wished_sex=next(
                (Sex(each.kind) for each in asked if each.kind in OF_ANY), Sex.UNSTATED
            ),
            conflicts=named(Stipulated.CONFLICT),
            unwanted=named(Stipulated.UNWANTED),
            wanted=named(Stipulated.WANTED),
            lead=next(iter(leads), None),
            team=frozenset(each.worker_id for each in team),
            former=frozenset(each.worker_id for each in row.assignments.all()),
        )


def lacking_a_woman(rows: Iterable[CaseFile]) -> set[UUID]:
    """The files whose team must have a woman and has none that is on record."""
    asking = [
        row
        for row in rows
        if POPULATIONS[row.population].needs_woman_in_team and row.person.sex == PersonSex.FEMALE
    ]
    if not asking:
        return set()
    team = {each.worker_id for row in asking for each in rules.team(row)}
    women = set(
        WorkerProfile.objects.filter(sex=Sex.WOMAN, worker__in=team).values_list(
            "worker_id", flat=True
        )
    )
    return {
        row.pk for row in asking if not any(each.worker_id in women for each in rules.team(row))
    }


# --- The page of one file


@dataclass(frozen=True)
class Suggestion:
    """Somebody, and what speaks for and against them."""

    user: User
    words: str

    @property
    def label(self) -> SafeString:
        """Beside a radio button."""
        return format_html(
            '<span><strong>{}</strong> · {}<br><span class="hint">{}</span></span>',
            self.user.name,
            self.user.unit or "",
            self.words,
        )


@dataclass(frozen=True)
class Suggested:
    """Who is suggested for a place, and who is not and why."""

    place: str
    suggestions: list[Suggestion]
    forbidden: list[Suggestion]


def suggest(case_file: CaseFile, place: str, today: date) -> Suggested:
    """Who could take the place; the head of the person is open."""
    place = place or Place.LEAD
    books = Books(today)
    [file] = books.files([case_file], is_lead=place == Place.LEAD)
    staff = books.staff([case_file.unit])
    # Who has the place has it; who leads leads, until somebody else does.
    taken = {each.worker_id for each in rules.team(case_file) if each.role in (place, Place.LEAD)}
    fits = matching.rank(file, [each for each in staff.workers if each.key not in taken])

    def said(fit: Fit, words: str) -> Suggestion:
        return Suggestion(staff.users[fit.worker.key], words)  # type: ignore[index]  # keys are accounts

    best = [each for each in fits if not each.is_forbidden][:SUGGESTED]
    known = [each for each in fits if _is_told(each)]
    return Suggested(
        place,
        [said(each, all_in_words(each)) for each in best],
        [said(each, in_words(each.reasons[0])) for each in known],
    )


def _is_told(fit: Fit) -> bool:
    """Whoever is not there for a group is nobody's question; a wish and a conflict are."""
    return fit.is_forbidden and not any(each.why == Why.OUT_OF_REACH for each in fit.reasons)
