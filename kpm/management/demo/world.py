"""The invented world: files, teams, visits, levels, plans, made by the actions that pages use."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils import timezone

from casework import sweeps
from casework.actions import (
    assignments,
    attachments,
    case_files,
    hand_overs,
    people,
    plans,
    visits,
    workers,
)
from casework.dashboards.teams import candidates
from casework.models import CaseFile, Visit
from casework.models.assignments import Place
from casework.models.visits import Outcome, Way
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.management.demo import (
    answers,
    disputes,
    invention,
    lives,
    loads,
    papers,
    staff,
    stories,
    teams,
)
from kpm.management.demo.plots import Contact, End, Move, Plot, contacts, plots
from risk_levels import actions as risk_levels
from risk_levels.actions.assessments import filled_in
from risk_levels.levels import Level, is_down, needs_grounds
from risk_levels.models import Assessment, Proposal
from risk_levels.populations import POPULATIONS

T = TypeVar("T")
# So many files of each population have documents.
WITH_PAPERS = 3
# Days from now on which steps of plans are to be done.
STEP_DAYS = (-3, 2, 6, 20, 35)
# Of full time, in turn; and for how many populations each is trained.
PERCENT, TRAININGS = (100, 100, 100, 80, 100, 50), 3
LANGUAGES = ((), ("jianghuai",), ("wu",), (), ("jianghuai", "signing"))
# Among so many files one is sought that somebody could take over.
MOST_ASKED = 60


@dataclass
class Story:
    """One file, what is to become of it, and who looks after it."""

    case_file: CaseFile
    plot: Plot
    lead: User
    deputy: User | None


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
        self._describe_staff()
        say(f"{len(units)} units, {len(self.staff.workers)} workers")
        told: list[Story] = []
        found = plots(self.random, self.files)
        for code in POPULATIONS:
            mine = self._admit(code, [each for each in found if each.population == code])
            self._assign(mine)
            told += mine
            say(f"{code}: {len(mine)} files")
        prefetch_related_objects([each.case_file for each in told], "assignments")
        self._move(told)
        self._visit(told)
        self._end_terms(told)
        files = [each.case_file for each in told]
        self.random.shuffle(files)
        quiet = disputes.quiet_files(files, self.now)
        disputes.endanger(quiet, len(files), self.now)
        disputes.dispute(quiet, len(files), self.staff.supervisors, self.random, self.now)
        teams.name_others(
            [each.case_file for each in told], random=self.random, by=self.staff.supervisors[0]
        )
        lives.tell(files, self.random, self.now)
        self._draft_rules()
        self._offer(files)
        loads.weigh_earlier(self.now)
        for code in POPULATIONS:
            mine = [each for each in told if each.plot.population == code]
            self._attach(mine[:: max(1, len(mine) // WITH_PAPERS)][:WITH_PAPERS])
            case_files.refresh_many([each.case_file for each in mine], self.today)
        sweeps.suggest_reviews(self.now)
        sweeps.look_at_teams(self.now)
        say(f"{len(told)} files, their levels, plans and visits")

    def _admit(self, code: str, found: list[Plot]) -> list[Story]:
        villages = [each for each in self.staff.units.values() if each.level == 4]
        batches: dict[int, list[tuple[Plot, people.Admission]]] = defaultdict(list)
        for plot in found:
            opened_on = self.today - timedelta(days=plot.opened_days_ago)
            who = invention.identity(self.random, self.today, answers.AGES[code])
            details = answers.details(
                self.random,
                POPULATIONS[code],
                opened_on,
                today=self.today,
                level=plot.level,
                birth_on=who.birth_on,
            )
            admission = people.Admission(
                unit=self.random.choice(villages), details=details, **who._asdict()
            )
            batches[plot.opened_days_ago].append((plot, admission))
        return [
            self._story(plot, case_file)
            for days_ago, batch in batches.items()
            for (plot, _admission), case_file in zip(
                batch,
                people.admit_many(
                    admissions=[admission for _plot, admission in batch],
                    population=code,
                    by=self.by,
                    today=self.today - timedelta(days=days_ago),
                    at=self._morning_of(self.today - timedelta(days=days_ago)),
                ),
                strict=True,
            )
        ]

    def _morning_of(self, day: date, *, minutes: int = 0) -> datetime:
        """When offices open, and so long after; never later than now."""
        opening = timezone.make_aware(datetime.combine(day, time(8, 30)))
        return min(opening + timedelta(minutes=minutes), self.now)

    def _story(self, plot: Plot, case_file: CaseFile) -> Story:
        near = [
            each
            for each in self.staff.workers
            if each.unit and case_file.unit.code.startswith(each.unit.prefix)
        ]
        lead, deputy = self.random.sample(near, 2)
        # Who became red today may lack a deputy yet: the pages say so.
        was_red = any(each.level == Level.RED and each.days_ago > 0 for each in plot.moves)
        has_deputy = was_red or self.random.random() < 0.1
        return Story(case_file, plot, lead, deputy if has_deputy else None)

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

    def _move(self, told: list[Story]) -> None:
        """Everything that was proposed, the longest ago first; those of one moment together."""
        by_day: dict[int, list[tuple[Story, Move]]] = defaultdict(list)
        for each in told:
            for move in each.plot.moves:
                by_day[move.days_ago].append((each, move))
        for days_ago in sorted(by_day, reverse=True):
            self._answer(by_day[days_ago], self.now - timedelta(days=days_ago, hours=2))

    def _answer(self, moves: list[tuple[Story, Move]], at: datetime) -> None:
        """Assessments, proposals, plans and answers of one moment."""
        proposed = [
            (story, move, proposal)
            for lead, mine in _by_lead(moves, lambda each: each[0].lead)
            for (story, move), proposal in zip(mine, self._propose(lead, mine, at), strict=True)
        ]
        supervisor = self.staff.supervisors[0]
        approved = [each for each in proposed if each[1].end == End.APPROVED]
        for story, move, proposal in approved:
            if move.level == Level.RED or self.random.random() < 0.05:
                self._plan(story, proposal, timezone.localdate(at))
        risk_levels.bulk_approve(
            [proposal for _story, _move, proposal in approved],
            by=supervisor,
            reason=self.random.choice(stories.APPROVED),
            now=at,
        )
        for _story, move, proposal in proposed:
            if move.end == End.RETURNED:
                reason = self.random.choice(stories.RETURNED)
                risk_levels.return_(proposal=proposal, by=supervisor, reason=reason, now=at)
            elif move.end == End.REJECTED:
                reason = self.random.choice(stories.REJECTED)
                risk_levels.reject(proposal=proposal, by=supervisor, reason=reason, now=at)

    def _propose(self, lead: User, moves: list[tuple[Story, Move]], at: datetime) -> list[Proposal]:
        proposed_at = at - timedelta(days=1)
        assessed = risk_levels.bulk_record_assessments(
            [self._assessment(story, move, proposed_at) for story, move in moves], by=lead
        )
        return risk_levels.bulk_propose(
            [
                self._draft(story, move, assessment, proposed_at)
                for (story, move), assessment in zip(moves, assessed, strict=True)
            ],
            by=lead,
            now=proposed_at,
        )

    def _assessment(self, story: Story, move: Move, at: datetime) -> Assessment:
        # What was not approved was asked for without much need.
        level = move.level if move.end in (End.APPROVED, End.WAITS) else story.plot.level
        return filled_in(
            risk_level=story.case_file.risk_level,
            answers=stories.answers(self.random, story.case_file.population, level),
            by=story.lead,
            now=at,
            voice=stories.one_of(self.random, story.case_file.population, stories.NEEDS),
        )

    def _draft(
        self, story: Story, move: Move, assessment: Assessment, at: datetime
    ) -> risk_levels.Draft:
        standing = story.case_file.risk_level.level
        said: dict[str, Any] = {"reason_codes": ["assessment"]}
        if needs_grounds(standing, move.level):
            happened_on = timezone.localdate(at) - timedelta(days=1)
            what = stories.one_of(self.random, story.case_file.population, stories.NOTES)
            said = {
                "reason_codes": ["assessment", "unmet_needs"],
                "reason": self.random.choice(stories.REASONS),
                "evidence": [{"on": happened_on.isoformat(), "what": what}],
                "tried": self.random.choice(stories.TRIED),
            }
        elif is_down(standing, move.level):
            said = {
                "reason_codes": ["assessment", "support_found"],
                "reason": stories.one_of(self.random, story.case_file.population, stories.BETTER),
            }
        return risk_levels.Draft(
            risk_level=story.case_file.risk_level,
            to_level=move.level,
            assessment=assessment,
            at=at,
            **said,
        )

    def _plan(self, story: Story, proposal: Proposal, today: date) -> None:
        who = story.case_file.population
        steps = [
            {**each, "by_on": max(today, self.today + timedelta(days=days)).isoformat()}
            for each, days in zip(
                stories.two_steps(self.random, who), self.random.sample(STEP_DAYS, 2), strict=True
            )
        ]
        plan = plans.draft(
            case_file=story.case_file,
            goal=stories.one_of(self.random, who, stories.GOALS),
            steps=steps,
            by=story.lead,
            today=today,
            proposal=proposal,
        )
        approved = plans.approve(plan=plan, by=self.staff.supervisors[0], today=today)
        lives.live_with(approved, plan.listed_steps, story.lead, self.random, self.now)

    def _visit(self, told: list[Story]) -> None:
        for lead, mine in _by_lead(told, lambda each: each.lead):
            rows = [
                self._contact(each, contact)
                for each in mine
                for contact in contacts(self.random, each.plot)
            ]
            for row in rows:
                # The history of an invented visit begins when it is said to have been written.
                row.__dict__["_history_date"] = row.recorded_at
            visits.record_many(visits=rows, by=lead, now=self.now)

    def _contact(self, story: Story, contact: Contact) -> Visit:
        told = partial(stories.one_of, self.random, story.case_file.population)
        outcome = self.random.choices(
            (Outcome.DONE, Outcome.NOT_MET, Outcome.DECLINED), (90, 7, 3)
        )[0]
        is_done = contact.is_sure or outcome == Outcome.DONE
        day = self.today - timedelta(days=contact.days_ago)
        happened_at = timezone.make_aware(
            datetime.combine(day, time(self.random.randrange(8, 18), self.random.randrange(60)))
        )
        return Visit(
            case_file=story.case_file,
            way=Way.VISIT if contact.is_visit else Way.PHONE,
            outcome=Outcome.DONE if is_done else outcome,
            happened_at=happened_at,
            recorded_at=min(happened_at + timedelta(hours=2), self.now),
            needs=told(stories.NEEDS) if is_done else "",
            strengths=told(stories.STRENGTHS) if is_done else "",
            notes=told(stories.NOTES) if is_done else "",
        )

    def _describe_staff(self) -> None:
        """Some work part of the week, each is trained for some populations, one is going away."""
        supervisor, codes = self.staff.supervisors[0], sorted(POPULATIONS)
        for number, worker in enumerate(self.staff.workers):
            workers.describe(
                worker=worker,
                percent=PERCENT[number % len(PERCENT)],
                sex="",
                trained=[codes[(number + step) % len(codes)] for step in range(TRAININGS)],
                languages=LANGUAGES[number % len(LANGUAGES)],
                by=supervisor,
            )
        away = self.today + timedelta(days=3)
        workers.record_absence(
            worker=self.staff.workers[4],
            kind="leave",
            start_on=away,
            until_on=away + timedelta(days=7),
            by=supervisor,
            today=self.today,
        )

    def _offer(self, files: list[CaseFile]) -> None:
        """One file is being handed over: somebody is asked, and has not answered yet."""
        for each in files[:MOST_ASKED]:
            lead = disputes.lead_of(each)
            colleague = candidates(each, self.today).exclude(pk=lead.pk).first()
            if colleague is not None and each.population == "empty_nest_elder":
                hand_overs.offer(
                    case_file=each,
                    worker=colleague,
                    note=stories.HAND_OVER,
                    by=lead,
                    now=self.now - timedelta(hours=3),
                )
                return

    def _draft_rules(self) -> None:
        """A supervisor would like elders on yellow to be seen more often; nobody has agreed yet."""
        author = self.staff.supervisors[0]
        draft = risk_levels.draft_rule_set(reason=stories.RULES, by=author, today=self.today)
        duties = draft.days_of("empty_nest_elder")
        duties["yellow"]["visit_days"] = 21
        risk_levels.change_duties(
            rule_set=draft, population="empty_nest_elder", duties=duties, by=author
        )

    def _end_terms(self, told: list[Story]) -> None:
        """Let the sweep end what is over, as it does every hour."""
        sweeps.expire_levels(self.now)
        for each in told:
            if each.plot.expires:
                each.case_file.risk_level.refresh_from_db()

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


def _by_lead(told: Iterable[T], lead_of: Callable[[T], User]) -> Iterator[tuple[User, list[T]]]:
    found: dict[User, list[T]] = defaultdict(list)
    for each in told:
        found[lead_of(each)].append(each)
    yield from found.items()
