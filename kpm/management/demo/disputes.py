"""A few dangers and a few objections, so that the pages about them have something to say."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random

from django.utils import timezone

from casework.models import CaseFile
from casework.rules import covers
from kpm.accounts.actions import system_account
from kpm.accounts.models import User
from kpm.management.demo import stories
from risk_levels import actions as risk_levels
from risk_levels.levels import Level
from risk_levels.models import Proposal, RiskLevel
from risk_levels.models.objections import ObjectionState
from risk_levels.models.proposals import OPEN_STATES

# One file in so many is in danger now; of one more nobody confirmed it in time.
IN_DANGER = 400
MOST_IN_DANGER = 6
QUIET_FOR = timedelta(days=12)
# How far the objections are, one each.
ENDS = (
    "received",
    "acknowledged",
    ObjectionState.DISMISSED,
    ObjectionState.PARTLY_UPHELD,
    ObjectionState.UPHELD,
)
# Where there are few files, no level changes by the way.
FEW = 300


def quiet_files(files: Sequence[CaseFile], now: datetime) -> Iterator[CaseFile]:
    """Graded files, not red, about which nothing waits and nothing was decided of late."""
    before = timezone.localdate(now) - QUIET_FOR
    open_levels = set(
        Proposal.objects.filter(state__in=OPEN_STATES).values_list("risk_level_id", flat=True)
    )
    levels = RiskLevel.objects.select_related("decision").in_bulk(
        [each.risk_level_id for each in files]
    )
    for each in files:
        level = levels[each.risk_level_id]
        if level.level not in (Level.GREEN, Level.YELLOW) or level.pk in open_levels:
            continue
        if level.decision is not None and level.decision.starts_on < before:
            yield each


def endanger(files: Iterator[CaseFile], count: int, now: datetime) -> None:
    """Some lead workers have just set red for safety; one did days ago, and nobody confirmed."""
    last = min(count // IN_DANGER, MOST_IN_DANGER)
    for turn in range(last + 1):
        case_file = next(files, None)
        if case_file is None:
            return
        at = now - timedelta(hours=5 + 9 * turn)
        if turn == last:
            at = now - timedelta(hours=90)
        code, reason, happened, tried = stories.DANGERS[turn % len(stories.DANGERS)]
        risk_levels.set_provisionally(
            risk_level=case_file.risk_level,
            reason_codes=[code],
            reason=reason,
            evidence=[{"on": timezone.localdate(at).isoformat(), "what": happened}],
            tried=tried,
            by=lead_of(case_file),
            now=at,
        )
        if turn == last:
            risk_levels.lapse(
                risk_level=case_file.risk_level,
                by=system_account("clock"),
                now=at + timedelta(hours=73),
            )


def dispute(
    files: Iterator[CaseFile],
    count: int,
    supervisors: Sequence[User],
    random: Random,
    now: datetime,
) -> None:
    """Some people do not agree with their level; somebody who had no part answers."""
    for end in ENDS if count >= FEW else ENDS[:-1]:
        case_file = next(files, None)
        if case_file is None:
            return
        words, wish = stories.OBJECTIONS[end if end in stories.OBJECTIONS else "received"]
        objection = risk_levels.receive_objection(
            risk_level=case_file.risk_level,
            by_whom=random.choice(("person", "person", "guardian")),
            way=random.choice(("spoken", "telephone", "written")),
            words=words,
            wish=wish,
            by=lead_of(case_file),
            now=now - timedelta(days=6),
        )
        # The first of them has approved nearly everything.
        uninvolved = [
            each for each in supervisors[1:] if covers(each, case_file.unit, case_file.population)
        ]
        if end == "received" or not uninvolved:
            continue
        by = uninvolved[0]
        risk_levels.acknowledge_objection(objection=objection, by=by, now=now - timedelta(days=5))
        if end in stories.ANSWERS:
            risk_levels.decide_objection(
                objection=objection,
                outcome=end,
                reply=stories.ANSWERS[end],
                by=by,
                now=now - timedelta(days=1),
            )


def lead_of(case_file: CaseFile) -> User:
    """Who leads this file; every invented one has somebody."""
    return next(each.worker for each in case_file.assignments.all() if each.role == "lead")
