"""What some invented people need and can do, what has happened to them, and one who is lost."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.utils import timezone

from casework.actions import consents, incidents, needs, plan_entries, referrals, visits
from casework.consent_rules import ADULT_FROM
from casework.models import CaseFile, Plan
from casework.notices import CURRENT
from kpm.accounts.models import User
from kpm.ages import age_on
from kpm.management.demo import invention, stories
from kpm.management.demo.disputes import lead_of
from risk_levels.levels import Level

# So many people have their needs and strengths on record one by one.
TOLD = 40
AREAS = ("income", "health", "home", "work", "work", "home", "family", "other")
# Of so many needs one has been met.
MET = 5
# So many were asked for their consent; of so many one has taken one back.
ASKED = 30
WITHDRAWN = 6
# One of so many of these is referred to a service.
REFERRED = 5
# Of so many the word about their plan is on record, and of so many one step is done.
HEARD = 0.85
DONE = 0.3
# Something has happened to one elder and one child of so many, so many hours ago.
HAPPENED, AGO = 5, (5, 30, 15)


def tell(files: Sequence[CaseFile], random: Random, now: datetime) -> None:
    """All of it."""
    tell_needs(files, random, now)
    ask_consents(files, random, now)
    refer(files[:ASKED:REFERRED], now)
    happen(files, now)
    lose_one(files[TOLD:], now)


def tell_needs(files: Sequence[CaseFile], random: Random, now: datetime) -> None:
    """A strength and a need each; now and then one that was met."""
    today = timezone.localdate(now)
    for turn, case_file in enumerate(files[:TOLD]):
        by = lead_of(case_file)
        note = partial(needs.note, case_file=case_file, by=by, today=today)
        who = case_file.population
        strength = stories.one_of(random, who, stories.STRENGTHS)
        note(kind="strength", area="people", words=strength)
        which = random.randrange(len(AREAS) - 1)
        need = note(
            kind="need", area=AREAS[which], words=stories.fitting(who, stories.NEEDS[which])
        )
        if turn % MET == 0:
            needs.end(need=need, outcome="met", reply=stories.MET, by=by, today=today)


def ask_consents(files: Sequence[CaseFile], random: Random, now: datetime) -> None:
    """A yes to support and to a second purpose; now and then the second is taken back."""
    on = timezone.localdate(now)
    for turn, case_file in enumerate(files[:ASKED]):
        by = lead_of(case_file)
        born_on = case_file.person.birth_on
        is_young = born_on is not None and age_on(born_on, on) < ADULT_FROM
        for purpose in ("service", random.choice(("sensitive", "family", "images"))):
            consent = consents.record(
                case_file=case_file,
                purpose=purpose,
                giver="both" if is_young else "person",
                guardian=invention.name(random, 2) if is_young else "",
                manner=random.choice(("signed", "said")),
                words="",
                notice=CURRENT.version,
                given_on=on,
                by=by,
                now=now,
            )
        if turn % WITHDRAWN == WITHDRAWN - 1:
            consents.withdraw(consent=consent, by=by, now=now)


def refer(files: Sequence[CaseFile], now: datetime) -> None:
    """To civil affairs, with name and phone; every second one was taken on."""
    for turn, case_file in enumerate(files):
        by = lead_of(case_file)
        referral = referrals.send(
            case_file=case_file,
            kind="civil_affairs",
            receiver=stories.SERVICE,
            contact="",
            facts=["name", "phone"],
            basis="statutory",
            article=stories.ARTICLE,
            asked=stories.ASKED,
            is_agreed=False,
            by=by,
            now=now,
        )
        if turn % 2:
            referrals.answer(referral=referral, outcome="accepted", reply="", by=by, now=now)


def live_with(
    plan: Plan, steps: Sequence[dict[str, str]], by: User, random: Random, now: datetime
) -> None:
    """What the person says of a plan, but for a few who have not been asked; a step is done."""
    on = timezone.localdate(now)
    if random.random() < HEARD:
        answer, words = random.choice(stories.SAID)
        words = stories.fitting(plan.case_file.population, words)
        plan_entries.hear(
            plan=plan, answer=answer, speaker="person", on=on, words=words, by=by, now=now
        )
    if random.random() < DONE:
        step = steps[0]["id"]
        plan_entries.mark_step(
            plan=plan, step=step, outcome="done", on=on, words="", by=by, now=now
        )


def happen(files: Sequence[CaseFile], now: datetime) -> None:
    """Something has happened to some: hours ago, and to a few longer ago than somebody may wait."""
    for population, told in stories.HAPPENED.items():
        some = [each for each in files if each.population == population]
        for turn, case_file in enumerate(some[::HAPPENED]):
            kind, words = told[turn % len(told)]
            incidents.note(
                case_file=case_file,
                kind=kind,
                happened_at=now - timedelta(hours=AGO[turn % len(AGO)]),
                words=words,
                by=lead_of(case_file),
                now=now,
            )


def lose_one(files: Sequence[CaseFile], now: datetime) -> None:
    """The first who is not red: three calls in a row that nobody answered."""
    for case_file in files:
        if case_file.risk_level.level in (Level.GREEN, Level.YELLOW):
            for days in (3, 2, 1):
                visits.record(
                    case_file=case_file,
                    way="phone",
                    outcome="not_met",
                    happened_at=now - timedelta(days=days),
                    by=lead_of(case_file),
                    now=now,
                )
            return
