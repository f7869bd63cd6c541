"""What is filled in to agree on help: a goal, and steps with a resource, a person and a day."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework import rules
from casework.models import Plan
from casework.models.plan_entries import Answer, Speaker, StepOutcome
from kpm.forms import ActionForm, SeenForm

STEPS = 8
LONGEST = 300


def names(number: int) -> tuple[str, str, str, str]:
    """The names of the fields of a step: what, resource, who, by when."""
    return (f"what_{number}", f"resource_{number}", f"who_{number}", f"by_on_{number}")


class StepsForm(SeenForm):
    """A form with the goal and the steps of a plan, which a colleague may draft meanwhile."""

    # The rest opens when it is needed.
    shown_steps = 3
    shared = ("goal", *(name for number in range(STEPS) for name in names(number)))

    def add_steps(self, plan: Plan | None, ended: Collection[str]) -> None:
        """Begin with what the last plan says, without the steps that have ended."""
        steps = [each for each in plan.listed_steps if each["id"] not in ended] if plan else []
        # A step that is worded as it was is still the same one; of two alike the first comes first.
        self.known: dict[str, list[str]] = {}
        for step in steps:
            self.known.setdefault(step["what"], []).append(step["id"])
        if plan is not None:
            self.fields["goal"].initial = plan.goal
        for number in range(STEPS):
            self.fields |= step_fields(number, steps[number] if number < len(steps) else {})

    def named(self, steps: Iterable[dict[str, str]]) -> list[dict[str, str]]:
        """The steps as a plan keeps them; those that go on with the id that they have."""
        known = {what: iter(ids) for what, ids in self.known.items()}
        return [{**step, "id": next(known.get(step["what"], iter(())), "")} for step in steps]

    @property
    def steps(self) -> list[list[forms.BoundField]]:
        """The fields of each step."""
        return [[self[name] for name in names(number)] for number in range(STEPS)]

    @property
    def first_steps(self) -> list[list[forms.BoundField]]:
        """Those that are always shown."""
        return self.steps[: self.shown_steps]

    @property
    def more_steps(self) -> list[list[forms.BoundField]]:
        """Those that open when they are needed."""
        return self.steps[self.shown_steps :]

    @property
    def has_more(self) -> bool:
        """Whether something stands in one of those."""
        return any(bound.value() for step in self.more_steps for bound in step)

    def name_of(self, name: str) -> Any:
        """Which step a field belongs to, and what it is called there."""
        label = super().name_of(name)
        number = name.rpartition("_")[2]
        if not number.isdigit():
            return label
        return _("Step %(number)s: %(field)s") % {"number": int(number) + 1, "field": label}


class DraftPlanForm(StepsForm):
    """A goal and up to eight steps; a step without any words is left out."""

    goal = forms.CharField(
        label=gettext_lazy("What should become better?"),
        help_text=gettext_lazy("As agreed with the person, in their words where possible."),
        max_length=2_000,
        widget=forms.Textarea,
    )

    def __init__(
        self,
        *args: Any,
        today: date,
        plan: Plan | None = None,
        ended: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, current=str(plan.pk) if plan else "", **kwargs)
        self.today = today
        self.add_steps(plan, ended)

    def clean(self) -> dict[str, Any]:
        """The steps together, as the plan keeps them."""
        values = super().clean() or self.cleaned_data
        steps = [self.step(number) for number in range(STEPS)]
        for number in range(STEPS):
            for name in names(number):
                values.pop(name, None)
        values["steps"] = self.named(step for step in steps if step is not None)
        if not values["steps"] and not self.errors:
            self.add_error(names(0)[0], _("Say at least one thing that will be done."))
        return values

    def step(self, number: int) -> dict[str, str] | None:
        """One step, or nothing where nothing was filled in."""
        what, resource, who, by_on = (self.cleaned_data.get(name) for name in names(number))
        if not any((what, resource, who, by_on)):
            return None
        if not what and names(number)[0] not in self.errors:
            self.add_error(names(number)[0], _("Say what will be done, or empty this step."))
        day = by_on.isoformat() if isinstance(by_on, date) else ""
        self.ask(rules.check_step_lies_ahead, day, self.today, field=names(number)[3])
        return {"what": what or "", "resource": resource or "", "who": who or "", "by_on": day}


def step_fields(number: int, step: dict[str, str]) -> dict[str, forms.Field]:
    """The fields of a step, with what the last plan says."""
    labels = (
        gettext_lazy("What will be done"),
        gettext_lazy("With which help"),
        gettext_lazy("By whom"),
    )
    hint = gettext_lazy("A concrete resource: a service, a benefit, a place, a person.")
    fields: dict[str, forms.Field] = {
        name: forms.CharField(
            label=label,
            required=False,
            max_length=LONGEST,
            initial=step.get(key, ""),
            help_text=hint if key == "resource" else "",
        )
        for name, key, label in zip(
            names(number)[:3], ("what", "resource", "who"), labels, strict=True
        )
    }
    fields[names(number)[3]] = forms.DateField(
        label=gettext_lazy("To be done by"),
        required=False,
        initial=step.get("by_on", ""),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    return fields


class ApprovePlanForm(SeenForm):
    """Just a button."""


def day_field(label: Any) -> forms.DateField:
    """The day on which something about a plan happened."""
    return forms.DateField(
        label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )


def words_field(help_text: Any = "", *, required: bool = False) -> forms.CharField:
    """What somebody says about it."""
    return forms.CharField(
        label=gettext_lazy("In a few words"),
        help_text=help_text,
        required=required,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


# What the page itself cannot ask for: without a script it does not know which answer is chosen.
NEEDED = {
    "speaker": gettext_lazy("(unless nobody could be asked)"),
    "words": gettext_lazy("(needed for all but a yes)"),
}


class HearForm(ActionForm):
    """What the person says of a plan."""

    answer = forms.ChoiceField(
        label=gettext_lazy("What does the person say to this plan?"),
        help_text=gettext_lazy("Help is offered. Nothing follows from a no against the person."),
        choices=Answer.choices,
        widget=forms.RadioSelect,
    )
    speaker = forms.ChoiceField(
        label=gettext_lazy("Who spoke?"),
        help_text=gettext_lazy("A child is asked too, in words that it understands."),
        choices=Speaker.choices,
        required=False,
        widget=forms.RadioSelect,
    )
    on = day_field(gettext_lazy("When did you talk about it?"))
    words = words_field(gettext_lazy("In their words where possible."))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today
        for name, words in NEEDED.items():
            field: Any = self.fields[name]
            field.needed = words


class MarkStepForm(ActionForm):
    """How a step went."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("How did this step go?"), choices=(), widget=forms.RadioSelect
    )
    on = day_field(gettext_lazy("On which day?"))
    words = words_field()

    def __init__(self, *args: Any, today: date, is_open: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today
        field: Any = self.fields["outcome"]
        offered = [StepOutcome.REOPENED]
        if is_open:
            offered = [StepOutcome.DONE, StepOutcome.GIVEN_UP]
        field.choices = [(each, each.label) for each in offered]
        words: Any = self.fields["words"]
        words.needed = gettext_lazy("(needed if it is given up)") if is_open else ""
        field.initial = None if is_open else StepOutcome.REOPENED


class ReviewPlanForm(ActionForm):
    """What came of going through the plan."""

    on = day_field(gettext_lazy("When did you go through it?"))
    words = words_field(
        gettext_lazy("What is better, what is not, and why the plan stays as it is."),
        required=True,
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["on"].initial = today


class EndPlanForm(ActionForm):
    """Why a plan ends."""

    words = words_field(gettext_lazy("Say why, as the person may read it."), required=True)
