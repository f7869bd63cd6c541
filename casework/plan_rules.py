"""Who writes what about a plan, and when one ends; refusals in words for the user."""

from datetime import date

from django.utils.translation import gettext as _

from casework import rules
from casework.models import Plan
from casework.models.plan_entries import Answer, StepOutcome
from casework.models.plans import State
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import Level


def check_can_write_on_plan(user: User, plan: Plan) -> None:
    """The team writes down what becomes of a plan, for as long as it has not ended."""
    rules.check_can_draft_plan(user, plan.case_file)
    if plan.state == State.ENDED:
        raise Refused(_("This plan has ended: a newer one may hold."))


def check_can_work_on_plan(user: User, plan: Plan) -> None:
    """Steps are taken, and a plan is gone through, once it holds."""
    check_can_write_on_plan(user, plan)
    if plan.state != State.APPROVED:
        raise Refused(_("Nobody has approved this plan yet."))


def check_day_fits(on: date, opened_on: date, today: date) -> None:
    """It has happened, and the file was open."""
    if on > today:
        raise Refused(_("This has not happened yet."), field="on")
    if on < opened_on:
        raise Refused(_("The file was not open then."), field="on")


def check_word_fits(answer: str, speaker: str, words: str) -> None:
    """A yes may stand alone; anything else is told, and somebody said it.

    Help is offered and may be declined: nothing follows from that against the person
    (Drug Control Regulation, article 2; domain rule E6).
    """
    if answer == Answer.NOT_ASKED:
        if not words.strip():
            raise Refused(_("Say why, and when you will ask."), field="words")
    elif not speaker:
        raise Refused(_("Say who spoke."), field="speaker")
    elif answer != Answer.AGREED and not words.strip():
        raise Refused(_("Write down what they said, in their words."), field="words")


def check_step_fits(outcome: str, words: str, *, is_open: bool) -> None:
    """What is open ends, what has ended is taken up again; giving up has its reason."""
    if (outcome == StepOutcome.REOPENED) == is_open:
        raise Refused(_("This step stands there already."), field="outcome")
    if outcome == StepOutcome.GIVEN_UP and not words.strip():
        raise Refused(_("Say why, in the words of the person where possible."), field="words")


def check_review_is_told(words: str) -> None:
    """Whoever went through a plan says what came of it."""
    if not words.strip():
        raise Refused(_("Say it in a few words."), field="words")


def check_can_end_plan(user: User, plan: Plan) -> None:
    """The team takes its draft back; whoever may approve a plan ends one that holds.

    Red is more help, not more control: its plan is only ever replaced.
    """
    if plan.state == State.ENDED:
        raise Refused(_("This plan has ended already."))
    if plan.state == State.DRAFT:
        rules.check_can_draft_plan(user, plan.case_file)
        return
    if not is_granted(user, Permission.DECIDE_LEVEL):
        raise Refused(_("Supervisors end plans."))
    rules.check_is_open(plan.case_file)
    if rules.is_in_team(user, plan.case_file) or not rules.covers(
        user, plan.case_file.unit, plan.case_file.population
    ):
        raise Refused(_("Somebody who does not work on this file ends its plan."))
    if plan.case_file.risk_level.level == Level.RED:
        raise Refused(_("A red file keeps its plan: draft another one in its place."))
