"""Who may do what to a file and when: every rule refuses in words, and buttons ask the same."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from casework.models import Assignment, CaseFile, Destruction, Ledger, Plan
from casework.models.assignments import Place
from casework.models.case_files import Status
from casework.models.destructions import DestructionState
from casework.models.ledgers import LedgerState
from casework.models.plans import State
from casework.models.visits import Outcome, Way
from casework.sheets.problems import PROBLEMS
from kpm.accounts.models import Unit, User
from kpm.errors import Refused
from kpm.permissions import Permission, Role, is_granted
from risk_levels import rules as level_rules
from risk_levels.levels import Level
from risk_levels.models import Proposal
from risk_levels.populations import POPULATIONS
from risk_levels.populations.parts import PHONE, Field, Sensitivity

# Fields of a person that open one by one, with a reason. The name is one of them for whoever
# does not work on the file; the team reads it on the page.
REVEALED_OF_PERSON = ("name", "id_number", "phone", "address", "emergency_phone")

PLANNED_AT_MOST = timedelta(days=366)


def covers(user: User, unit: Unit, population: str) -> bool:
    """Whether the user's grant reaches this unit and this population."""
    grant = user.grant
    if grant is None or not unit.code.startswith(grant.unit.prefix):
        return False
    return not grant.populations or population in grant.populations


def team(case_file: CaseFile) -> list[Assignment]:
    """Who works on the file now."""
    return [each for each in case_file.assignments.all() if each.until_on is None]


def is_in_team(user: User, case_file: CaseFile) -> bool:
    """Whether the user has a place in the team of the file."""
    return any(each.worker_id == user.pk for each in team(case_file))


def why_readable(user: User, case_file: CaseFile) -> str:
    """What lets this user read the file, as the log says it."""
    return "caseload" if is_in_team(user, case_file) else "supervision"


def check_is_open(case_file: CaseFile) -> None:
    """Work happens on open files only."""
    if not case_file.is_open:
        raise Refused(_("This file is closed."))


def check_can_find_person(user: User) -> None:
    """Whoever meets people asks first whether somebody is known."""
    if not is_granted(user, Permission.FIND_PERSON):
        raise Refused(_("Your role does not look for people."))


def check_is_findable(*, id_number: str, phone: str) -> None:
    """Without ID number and phone nobody would know the person again."""
    if not id_number and not phone:
        raise Refused(PROBLEMS["no_way_to_find"].told, field="id_number")


def check_can_admit_person(user: User, population: str, unit: Unit) -> None:
    """A supervisor takes people in for their units and populations; parts of the system may."""
    if user.is_system:
        return
    if not is_granted(user, Permission.ADMIT_PERSON):
        raise Refused(_("Your role does not take people in."))
    if not covers(user, unit, population):
        raise Refused(_("This unit or group is not yours."), field="unit")


def words_of_known_elsewhere(user: User) -> str:
    """Whom to ask; neither which unit nor which group knows the person."""
    if user.role == Role.SUPERVISOR:
        return _("This person is already known. Please ask the supervisor of your district.")
    return _("This person is already known. Please ask your supervisor.")


def check_can_correct_case_file(user: User, case_file: CaseFile, unit: Unit) -> None:
    """A supervisor corrects open files of their own, and moves them within their units."""
    check_is_open(case_file)
    check_can_admit_person(user, case_file.population, case_file.unit)
    check_can_admit_person(user, case_file.population, unit)
    if unit.district != case_file.district:
        raise Refused(_("A move to another district is a transfer."), field="unit")


def check_details_fit(population: str, details: Mapping[str, Any]) -> None:
    """A file holds the fields that its population declares, and no others."""
    declared = {each.code for each in POPULATIONS[population].fields}
    if not declared.issuperset(details):
        raise Refused(_("This group has no such field."))


def check_can_assign_worker(user: User, case_file: CaseFile) -> None:
    """A supervisor decides who helps, in their own units and populations."""
    if not is_granted(user, Permission.ASSIGN_WORKERS):
        raise Refused(_("Supervisors assign the team."))
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    check_is_open(case_file)


def check_can_be_assigned(worker: User, case_file: CaseFile) -> None:
    """A worker helps where they hold the role of a social worker."""
    if not worker.is_active:
        raise Refused(_("This account is closed."), field="worker")
    if worker.role != Role.SOCIAL_WORKER:
        raise Refused(_("Only a social worker can have a place in the team."), field="worker")
    if not covers(worker, case_file.unit, case_file.population):
        raise Refused(_("This social worker is not there for this unit or group."), field="worker")


def check_can_take_place(worker: User, case_file: CaseFile, place: str) -> None:
    """Nobody is given the place that they have, and no lead leaves a file without one."""
    for each in team(case_file):
        if each.worker_id != worker.pk:
            continue
        if each.role == place:
            raise Refused(_("They have this place already."), field="worker")
        if each.role == Place.LEAD:
            raise Refused(_("They lead this file: make somebody else lead first."), field="worker")


def check_can_end_assignment(user: User, assignment: Assignment) -> None:
    """A supervisor ends what holds."""
    check_can_assign_worker(user, assignment.case_file)
    if assignment.until_on is not None:
        raise Refused(_("This assignment has ended."))
    if assignment.role == Place.LEAD and assignment.case_file.is_open:
        raise Refused(_("No open file is without a lead: give the lead to somebody else instead."))


def check_works_on(user: User, case_file: CaseFile, permission: Permission) -> None:
    """The team works on an open file, each with the permission of their role."""
    if not is_granted(user, permission) or not is_in_team(user, case_file):
        raise Refused(_("Only the team of this file does this."))
    check_is_open(case_file)


def check_can_record_visit(user: User, case_file: CaseFile) -> None:
    """The team records its visits."""
    check_works_on(user, case_file, Permission.RECORD_VISIT)


def check_visit_fits(outcome: str, happened_at: datetime, opened_on: date, now: datetime) -> None:
    """What is planned lies ahead; everything else has happened since the file was opened."""
    if outcome == Outcome.PLANNED:
        if happened_at <= now:
            raise Refused(_("A planned visit lies ahead."), field="happened_at")
        if happened_at > now + PLANNED_AT_MOST:
            raise Refused(_("Plan a visit at most a year ahead."), field="happened_at")
    elif happened_at > now:
        raise Refused(_("This has not happened yet."), field="happened_at")
    elif happened_at.astimezone(now.tzinfo).date() < opened_on:
        raise Refused(_("The file was not open then."), field="happened_at")


def check_visit_says_something(outcome: str, way: str, *said: object) -> None:
    """Whoever was there tells it: one sentence, or one thing that was looked at.

    A call may stand without words: it is two taps on a phone in the street.
    """
    if outcome == Outcome.DONE and way == Way.VISIT and not any(said):
        raise Refused(
            _("Write at least one sentence, or tick one of the things that you looked at."),
            field="notes",
        )


def check_has_part_in(user: User, case_file: CaseFile) -> None:
    """The team has part in a file, and the supervisors of its unit."""
    is_theirs = user.role == Role.SUPERVISOR or is_in_team(user, case_file)
    if not is_theirs or not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))


def check_can_draft_plan(user: User, case_file: CaseFile) -> None:
    """The team drafts plans."""
    check_works_on(user, case_file, Permission.DRAFT_PLAN)


def check_plan_is_as_seen(plan: Plan | None, seen: str) -> None:
    """Whoever drafts has read what their draft takes the place of."""
    if seen != (str(plan.pk) if plan else ""):
        raise Refused(_("This has changed since you opened the page. Please read it again."))


def check_plan_still_stands(plan: Plan | None) -> None:
    """What is decided on a plan is decided on one that holds or waits now."""
    if plan is not None and not Plan.objects.exclude(state=State.ENDED).filter(pk=plan.pk).exists():
        raise Refused(_("This has changed since you opened the page. Please read it again."))


def check_step_lies_ahead(by_on: str, today: date, *, field: str = "steps") -> None:
    """A step is done by today at the earliest: a day that has passed helps nobody."""
    if by_on and by_on < today.isoformat():
        raise Refused(_("This day has passed. Give a later one, or none."), field=field)


def check_steps_fit(steps: Iterable[Mapping[str, Any]], today: date) -> None:
    """A plan has steps; each step says what is to be done, by a day that has not passed."""
    listed = list(steps)
    if not listed:
        raise Refused(_("A plan has at least one step."), field="steps")
    if not all(str(step.get("what", "")).strip() for step in listed):
        raise Refused(_("Each step says what is to be done."), field="steps")
    for step in listed:
        check_step_lies_ahead(step.get("by_on", ""), today)


def check_can_approve_plan(user: User, plan: Plan) -> None:
    """A supervisor who neither drafted it nor works on the file approves a plan."""
    case_file = plan.case_file
    if not is_granted(user, Permission.DECIDE_LEVEL):
        raise Refused(_("Supervisors approve plans."))
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    if plan.drafted_by_id == user.pk or is_in_team(user, case_file):
        raise Refused(_("Somebody who does not work on this file approves its plan."))
    if plan.state != State.DRAFT:
        raise Refused(_("This has changed since you opened the page. Please read it again."))
    check_is_open(case_file)


def check_can_print_summary(user: User, case_file: CaseFile) -> None:
    """A supervisor has a file printed, in their own units and populations."""
    if not is_granted(user, Permission.PRINT_SUMMARY):
        raise Refused(_("Your role does not print files."))
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))


def check_can_propose_destruction(user: User, case_file: CaseFile) -> None:
    """A supervisor proposes that a closed file be forgotten, in their own units."""
    if not is_granted(user, Permission.PROPOSE_DESTRUCTION):
        raise Refused(_("Supervisors propose that a file be destroyed."))
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    if case_file.status not in (Status.CLOSED, Status.RESTRICTED):
        raise Refused(_("Only a closed file can be destroyed."))
    earlier = Destruction.objects.filter(case_file=case_file)
    if earlier.exclude(state=DestructionState.REJECTED).exists():
        raise Refused(_("The destruction of this file has been proposed already."))
    busy = (LedgerState.CHECKING, LedgerState.CHECKED, LedgerState.APPLYING)
    if Ledger.objects.filter(rows__case_file=case_file, state__in=busy).exists():
        raise Refused(_("A ledger with this person is still being taken in."))


def check_can_decide_destruction(user: User, destruction: Destruction) -> None:
    """The privacy officer decides, never about a proposal of their own."""
    if not is_granted(user, Permission.DECIDE_DESTRUCTION):
        raise Refused(_("The privacy officer decides whether a file is destroyed."))
    if destruction.proposed_by_id == user.pk:
        raise Refused(_("A second person decides."))
    if destruction.state != DestructionState.PROPOSED:
        raise Refused(_("This has been decided already."))


def is_revealed(declared: Field) -> bool:
    """Whether a field of a population opens by itself only."""
    return declared.kind == PHONE or declared.sensitivity == Sensitivity.RESTRICTED


def check_field_is_revealed(population: str, field: str) -> None:
    """Everything else is read on the page or not at all."""
    declared = POPULATIONS[population].field(field)
    if field in REVEALED_OF_PERSON or (declared is not None and is_revealed(declared)):
        return
    raise Refused(_("This field does not open."))


def check_can_reveal_field(user: User, case_file: CaseFile, field: str) -> None:
    """The team and the supervisor open single fields of their files."""
    if not is_granted(user, Permission.REVEAL_FIELD):
        raise Refused(_("Your role does not open fields."))
    check_field_is_revealed(case_file.population, field)
    check_has_part_in(user, case_file)


def check_can_record_assessment(user: User, case_file: CaseFile) -> None:
    """The team assesses what the person needs."""
    check_works_on(user, case_file, Permission.RECORD_ASSESSMENT)


def check_can_propose_level(user: User, case_file: CaseFile) -> None:
    """The team proposes levels."""
    check_works_on(user, case_file, Permission.PROPOSE_LEVEL)


def check_can_withdraw_proposal(user: User, proposal: Proposal) -> None:
    """Whoever proposed takes it back while nobody has decided."""
    level_rules.check_can_withdraw_proposal(user, proposal)


def check_can_decide_level(user: User, case_file: CaseFile, proposal: Proposal) -> None:
    """A supervisor approves who neither proposed it, nor handed it in, nor works on the file."""
    check_can_answer_proposal(user, case_file, proposal)
    level_rules.check_is_second_person(user, proposal)


def check_can_answer_proposal(user: User, case_file: CaseFile, proposal: Proposal) -> None:
    """A supervisor returns or rejects who neither proposed it nor works on the file."""
    if not is_granted(user, Permission.DECIDE_LEVEL):
        raise Refused(_("Supervisors decide about levels."))
    if not covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    check_is_open(case_file)
    level_rules.check_is_not_proposer(user, proposal)
    if is_in_team(user, case_file):
        raise Refused(_("You work on this file. Somebody from outside the team decides."))


def check_red_has_plan(to_level: str, resources: Iterable[str]) -> None:
    """More help, not more control: red comes with a plan that names one concrete resource."""
    if to_level == Level.RED and not any(each.strip() for each in resources):
        raise Refused(
            _("Red needs a support plan that names at least one concrete resource."),
            field="resource_0",
        )
