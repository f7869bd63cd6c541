"""Plans as pages show them: each version with its steps, what was said of it, and what changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import Http404

from casework.models import CaseFile, Plan, PlanEntry
from casework.models.plan_entries import Answer, EntryKind, Speaker, StepOutcome
from casework.models.plans import State
from kpm.vault.opening import Reading, open_groups

PER_PAGE = 5


@dataclass(frozen=True)
class Said:
    """An entry in words."""

    entry: PlanEntry
    # What was answered, and who spoke; nothing where the kind says it all.
    label: Any
    speaker: Any = ""


@dataclass(frozen=True)
class Step:
    """One step of one version, and what became of it."""

    place: int
    id: str
    what: str
    resource: str
    who: str
    by_on: str
    # The newest entry about it; nothing as long as nobody wrote one.
    said: Said | None
    is_open: bool
    is_new: bool
    is_late: bool

    @property
    def is_done(self) -> bool:
        """Whether it was done, and not given up."""
        return self.said is not None and self.said.entry.answer == StepOutcome.DONE


@dataclass(frozen=True)
class Version:
    """One version of the plan of a file, opened."""

    number: int
    plan: Plan
    steps: list[Step] = field(default_factory=list)
    # What stood in the version before it and was left out.
    dropped: list[str] = field(default_factory=list)
    # What the person said of it, the latest first.
    words: list[Said] = field(default_factory=list)
    reviews: list[Said] = field(default_factory=list)
    end: Said | None = None

    @property
    def ended_steps(self) -> int:
        """How many steps are not open any more."""
        return sum(not each.is_open for each in self.steps)


def numbered(case_file: CaseFile) -> list[Version]:
    """Every version that a file ever had, the first one first; none is open."""
    rows = case_file.plans.select_related("drafted_by", "approved_by").order_by("id")
    found = [Version(number, plan) for number, plan in enumerate(rows, start=1)]
    for each in found:
        # So that the rules find the team that is loaded already.
        each.plan.case_file = case_file
    return found


def live(case_file: CaseFile, reading: Reading, today: date) -> tuple[list[Version], int]:
    """The version that holds and the draft that waits; and how many there were before."""
    versions = numbered(case_file)
    now = [each for each in versions if each.plan.state != State.ENDED]
    now.sort(key=lambda each: list(State).index(State(each.plan.state)))
    return opened(now, versions, reading, today), len(versions) - len(now)


def version_at(case_file: CaseFile, number: int, reading: Reading, today: date) -> Version:
    """The version with this number, which never changes what it names."""
    versions = numbered(case_file)
    if not 0 < number <= len(versions):
        raise Http404
    (found,) = opened(versions[number - 1 : number], versions, reading, today)
    return found


def step_at(version: Version, place: int) -> Step:
    """The step at this place of a version."""
    if not 0 < place <= len(version.steps):
        raise Http404
    return version.steps[place - 1]


def opened(
    wanted: Sequence[Version], versions: Sequence[Version], reading: Reading, today: date
) -> list[Version]:
    """These versions with all that is known of them, each beside the one before it."""
    if not wanted:
        return []
    # Versions count from 1: the one before number n stands at n - 2.
    before = {each.number: versions[each.number - 2] for each in wanted if each.number > 1}
    plans = {each.plan.pk: each.plan for each in (*wanted, *before.values())}
    open_groups(list(plans.values()), "body", reading=reading)
    entries = list(
        PlanEntry.objects.filter(case_file=wanted[0].plan.case_file).select_related("written_by")
    )
    open_groups(entries, "body", reading=reading)
    about = {each.step: each for each in entries if each.step}
    return [
        _opened(
            each,
            before.get(each.number),
            [e for e in entries if e.plan_id == each.plan.pk],
            about,
            today,
        )
        for each in wanted
    ]


def _opened(
    version: Version,
    before: Version | None,
    entries: Sequence[PlanEntry],
    about: dict[str, PlanEntry],
    today: date,
) -> Version:
    plan = version.plan
    old = {each["id"]: each["what"] for each in before.plan.listed_steps} if before else {}
    steps = [
        _step(place, each, about.get(each["id"]), bool(old) and each["id"] not in old, plan, today)
        for place, each in enumerate(plan.listed_steps, start=1)
    ]
    kept = {each.id for each in steps}
    # What had ended was not left out: it was done.
    dropped = [what for key, what in old.items() if key not in kept and _is_open(about.get(key))]
    latest_first = list(reversed(entries))
    return Version(
        version.number,
        plan,
        steps,
        dropped,
        [said(each) for each in latest_first if each.kind == EntryKind.WORD],
        [said(each) for each in latest_first if each.kind == EntryKind.REVIEW],
        next((said(each) for each in latest_first if each.kind == EntryKind.END), None),
    )


def _step(
    place: int,
    step: dict[str, str],
    entry: PlanEntry | None,
    is_new: bool,
    plan: Plan,
    today: date,
) -> Step:
    is_open = _is_open(entry)
    by_on = step.get("by_on", "")
    return Step(
        place=place,
        id=step["id"],
        what=step["what"],
        resource=step.get("resource", ""),
        who=step.get("who", ""),
        by_on=by_on,
        said=said(entry) if entry else None,
        is_open=is_open,
        is_new=is_new,
        is_late=bool(
            is_open and plan.state == State.APPROVED and by_on and by_on < today.isoformat()
        ),
    )


def said(entry: PlanEntry) -> Said:
    """An entry whose body is open, in words."""
    labels: dict[str, Any] = {each.value: each.label for each in (*Answer, *StepOutcome)}
    speakers: dict[str, Any] = {each.value: each.label for each in Speaker}
    return Said(entry, labels.get(entry.answer, ""), speakers.get(entry.speaker, ""))


def _is_open(entry: PlanEntry | None) -> bool:
    return entry is None or entry.kind == EntryKind.STEP_REOPENED
