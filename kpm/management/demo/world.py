"""The invented world: files, teams, visits, levels, plans, made by the actions that pages use."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from casework.actions import assignments, attachments, case_files, people, plans, visits
from casework.models import CaseFile, Visit
from casework.models.assignments import Place
from casework.models.visits import Outcome, Way
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.management.demo import answers, invention, papers, staff, stories
from risk_levels import actions as risk_levels
from risk_levels.actions.assessments import filled_in
from risk_levels.levels import Level
from risk_levels.models import Assessment, Proposal
from risk_levels.populations import POPULATIONS

SHARES = {
    "empty_nest_elder": 0.38,
    "left_behind_child": 0.20,
    "mental_disorder": 0.13,
    "released": 0.12,
    "community_correction": 0.09,
    "drug": 0.08,
}
# How many of a hundred: most people are doing all right.
LEVELS = {Level.UNGRADED: 8, Level.GREEN: 61, Level.YELLOW: 27, Level.RED: 4}
# How many days ago files were opened and levels decided; a few moments, many files each.
OPENED = (21, 40, 75, 130, 200, 290, 400, 520)
DECIDED = (0, 3, 8, 17, 26, 44, 70, 110)
VISITED_DAYS = 120
# So many files of each population have documents.
WITH_PAPERS = 3


@dataclass
class Story:
    """One file, and what is to become of it."""

    case_file: CaseFile
    level: Level
    lead: User
    deputy: User | None
    decided_days_ago: int
    waits: bool = False
    proposal: Proposal | None = None
    visits: list[Visit] = field(default_factory=list)


class World:
    """Builds everything from one seed; the same seed and day give the same county."""

    def __init__(self, *, seed: int, files: int, now: datetime) -> None:
        self.random = Random(seed)
        self.files = files
        self.now = now
        self.today = timezone.localdate(now)
        self.by = system_account("demo")

    @transaction.atomic
    def build(self, say: Callable[[str], None]) -> None:
        """Make it all, or nothing; says what was done, in words."""
        since = self.today - timedelta(days=900)
        risk_levels.seed_rule_set(on=since, by=self.by)
        units = staff.open_units(self.by)
        self.staff = staff.open_accounts(self.random, units, by=self.by, since=since)
        say(f"{len(units)} units, {len(self.staff.workers)} workers")
        for code, share in SHARES.items():
            made = self._population(code, max(6, round(self.files * share)))
            say(f"{code}: {len(made)} files")

    def _population(self, code: str, count: int) -> list[Story]:
        files = self._admit(code, count)
        told = [self._story(each) for each in files]
        self._assign(told)
        prefetch_related_objects(files, "assignments")
        for days_ago in sorted(DECIDED, reverse=True):
            self._decide([each for each in told if each.decided_days_ago == days_ago])
        self._visit(told)
        self._attach(told[:: max(1, count // WITH_PAPERS)][:WITH_PAPERS])
        case_files.refresh_many(files, self.today)
        return told

    def _admit(self, code: str, count: int) -> list[CaseFile]:
        villages = [each for each in self.staff.units.values() if each.level == 4]
        batches: dict[int, list[people.Admission]] = defaultdict(list)
        for number in range(count):
            days_ago = OPENED[number % len(OPENED)]
            opened_on = self.today - timedelta(days=days_ago)
            who = invention.identity(self.random, self.today, answers.AGES[code])
            batches[days_ago].append(
                people.Admission(
                    unit=self.random.choice(villages),
                    details=answers.details(self.random, POPULATIONS[code], opened_on),
                    **who._asdict(),
                )
            )
        return [
            case_file
            for days_ago, admissions in batches.items()
            for case_file in people.admit_many(
                admissions=admissions,
                population=code,
                by=self.by,
                today=self.today - timedelta(days=days_ago),
                at=self._morning_of(self.today - timedelta(days=days_ago)),
            )
        ]

    def _morning_of(self, day: date, *, minutes: int = 0) -> datetime:
        """When offices open, and so long after; never later than now."""
        opening = timezone.make_aware(datetime.combine(day, time(8, 30)))
        return min(opening + timedelta(minutes=minutes), self.now)

    def _story(self, case_file: CaseFile) -> Story:
        level = self.random.choices(list(LEVELS), list(LEVELS.values()))[0]
        near = [
            each
            for each in self.staff.workers
            if each.unit and case_file.unit.code.startswith(each.unit.prefix)
        ]
        lead, deputy = self.random.sample(near, 2)
        age = (self.today - case_file.opened_on).days
        valid = POPULATIONS[case_file.population].duties.get(level)
        longest = min(age - 5, valid.valid_days - 1 if valid else age)
        days_ago = self.random.choice([each for each in DECIDED if each <= longest])
        has_deputy = (level == Level.RED and days_ago > 0) or self.random.random() < 0.1
        return Story(
            case_file=case_file,
            level=level,
            lead=lead,
            deputy=deputy if has_deputy else None,
            decided_days_ago=days_ago,
            waits=level == Level.UNGRADED and self.random.random() < 0.4,
        )

    def _assign(self, told: Iterable[Story]) -> None:
        places = []
        for each in told:
            for worker, role in ((each.lead, Place.LEAD), (each.deputy, Place.DEPUTY)):
                if worker is not None:
                    places.append(
                        assignments.NewPlace(
                            case_file=each.case_file,
                            worker=worker,
                            role=role,
                            start_on=each.case_file.opened_on,
                            at=self._morning_of(each.case_file.opened_on, minutes=30),
                        )
                    )
        assignments.assign_many(places=places, by=self.staff.supervisors[0])

    def _decide(self, told: list[Story]) -> None:
        """Assessments, proposals, plans and decisions of one moment."""
        told = [each for each in told if each.level != Level.UNGRADED or each.waits]
        if not told:
            return
        decided_at = self.now - timedelta(days=told[0].decided_days_ago, hours=2)
        proposed_at = decided_at - timedelta(days=1)
        for lead, mine in _by_lead(told):
            assessed = risk_levels.bulk_record_assessments(
                [self._assessment(each, proposed_at) for each in mine], by=lead
            )
            proposals = risk_levels.bulk_propose(
                [
                    self._draft(each, assessment, proposed_at)
                    for each, assessment in zip(mine, assessed, strict=True)
                ],
                by=lead,
                now=proposed_at,
            )
            for each, proposal in zip(mine, proposals, strict=True):
                each.proposal = proposal
        graded = [each for each in told if not each.waits]
        for each in graded:
            if each.level == Level.RED or self.random.random() < 0.05:
                self._plan(each, timezone.localdate(decided_at))
        risk_levels.bulk_approve(
            [each.proposal for each in graded if each.proposal],
            by=self.staff.supervisors[0],
            reason=self.random.choice(stories.APPROVED),
            now=decided_at,
        )

    def _assessment(self, story: Story, at: datetime) -> Assessment:
        return filled_in(
            risk_level=story.case_file.risk_level,
            answers=stories.answers(self.random, story.case_file.population),
            by=story.lead,
            now=at,
            voice=self.random.choice(stories.NEEDS),
        )

    def _draft(self, story: Story, assessment: Assessment, at: datetime) -> risk_levels.Draft:
        level = Level.YELLOW if story.waits else story.level
        is_up = level in (Level.YELLOW, Level.RED)
        return risk_levels.Draft(
            risk_level=story.case_file.risk_level,
            to_level=level,
            reason_codes=["assessment", "unmet_needs"] if is_up else ["assessment"],
            reason=self.random.choice(stories.REASONS) if is_up else "",
            evidence=[
                {
                    "on": (timezone.localdate(at) - timedelta(days=1)).isoformat(),
                    "what": self.random.choice(stories.NOTES),
                }
            ]
            if is_up
            else [],
            tried=self.random.choice(stories.TRIED) if is_up else "",
            assessment=assessment,
            at=at,
        )

    def _plan(self, story: Story, today: date) -> None:
        steps = [
            {**each, "by_on": (self.today + timedelta(days=20)).isoformat()}
            for each in self.random.sample(stories.STEPS, 2)
        ]
        plan = plans.draft(
            case_file=story.case_file,
            goal=self.random.choice(stories.GOALS),
            steps=steps,
            by=story.lead,
            today=today,
            proposal=story.proposal,
        )
        plans.approve(plan=plan, by=self.staff.supervisors[0], today=today)

    def _visit(self, told: list[Story]) -> None:
        for lead, mine in _by_lead(told):
            rows = [visit for each in mine for visit in self._visits(each)]
            for row in rows:
                # The history of an invented visit begins when it is said to have been written.
                row.__dict__["_history_date"] = row.recorded_at
            visits.record_many(visits=rows, by=lead, now=self.now)

    def _visits(self, story: Story) -> Iterator[Visit]:
        """The rhythm of the level, kept by people: sometimes early, now and then late."""
        duties = POPULATIONS[story.case_file.population].duties.get(story.level)
        contact = duties.contact_days if duties else 30
        visit = duties.visit_days if duties else 90
        first = max(story.case_file.opened_on, self.today - timedelta(days=VISITED_DAYS))
        day = first + timedelta(days=self.random.randrange(1, 7))
        last_visit: date | None = None
        stop = self.today - timedelta(days=int(contact * self.random.choice((0, 0, 0.3, 0.5, 1.2))))
        while day < stop:
            in_person = last_visit is None or (day - last_visit).days >= visit * 0.8
            last_visit = day if in_person else last_visit
            yield self._one_visit(story, day, Way.VISIT if in_person else Way.PHONE)
            day += timedelta(days=max(1, round(contact * self.random.uniform(0.7, 1.05))))

    def _one_visit(self, story: Story, day: date, way: Way) -> Visit:
        outcome = self.random.choices(
            (Outcome.DONE, Outcome.NOT_MET, Outcome.DECLINED), (92, 6, 2)
        )[0]
        happened_at = timezone.make_aware(
            datetime.combine(day, time(self.random.randrange(8, 18), self.random.randrange(60)))
        )
        is_done = outcome == Outcome.DONE
        return Visit(
            case_file=story.case_file,
            way=way,
            outcome=outcome,
            happened_at=happened_at,
            recorded_at=happened_at + timedelta(hours=2),
            needs=self.random.choice(stories.NEEDS) if is_done else "",
            strengths=self.random.choice(stories.STRENGTHS) if is_done else "",
            notes=self.random.choice(stories.NOTES) if is_done else "",
        )

    def _attach(self, told: Iterable[Story]) -> None:
        for each in told:
            count = self.random.randrange(1, len(papers.PAPERS) + 1)
            for number, (document, note) in enumerate(papers.papers(self.random, count)):
                attachments.add(
                    case_file=each.case_file,
                    file=document,
                    note=note,
                    by=each.lead,
                    now=self._morning_of(each.case_file.opened_on, minutes=60 + number),
                )


def _by_lead(told: Iterable[Story]) -> Iterator[tuple[User, list[Story]]]:
    found: dict[User, list[Story]] = defaultdict(list)
    for each in told:
        found[each.lead].append(each)
    yield from found.items()
