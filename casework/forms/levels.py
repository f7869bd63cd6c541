"""What is filled in to propose a level, and to decide about one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework import rules
from casework.forms.plans import STEPS, StepsForm, names
from casework.models import Plan
from kpm import days
from kpm.errors import Refused
from kpm.forms import ActionForm, GroupedCheckboxes, SeenForm
from risk_levels import rules as level_rules
from risk_levels.levels import GRADED, Level, is_down, needs_grounds, step_down
from risk_levels.models import Assessment
from risk_levels.models.risk_levels import Told
from risk_levels.reasons import by_direction, dangers

LONGEST = 4_000
EVIDENCE = 2
DAY = {"type": "date"}
# What the page itself cannot ask for: without a script it does not know which level is chosen.
NEEDED = {
    **dict.fromkeys(
        ("reason", "evidence_on", "evidence_what", "tried"), _("(needed for yellow and red)")
    ),
    **dict.fromkeys(("goal", "what_0", "resource_0"), _("(needed for red)")),
}


class ProposeLevelForm(StepsForm):
    """Which level, why, on what, after what, and with which help in place of the plan so far."""

    shown_steps = 2

    to_level = forms.ChoiceField(label=_("Which level?"), widget=forms.RadioSelect)
    reason_codes = forms.MultipleChoiceField(
        label=_("Reasons"),
        help_text=_("Declining a voluntary service never supports a higher level."),
        # An official class comes with its ledger, and never by hand.
        choices=by_direction(without="official_class"),
        widget=GroupedCheckboxes,
    )
    assessment = forms.ChoiceField(
        label=_("Which assessment does it rest on?"),
        error_messages={
            "required": _(
                "A proposal rests on an assessment. Fill one in first, and choose it here."
            )
        },
    )
    reason = forms.CharField(
        label=_("Why, in words"),
        help_text=_("For yellow and red at least 20 characters."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    evidence_on = forms.DateField(
        label=_("When did it happen?"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs=DAY),
    )
    evidence_what = forms.CharField(label=_("What happened?"), required=False, max_length=500)
    evidence_on_1 = forms.DateField(
        label=_("When did something else happen?"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs=DAY),
    )
    evidence_what_1 = forms.CharField(
        label=_("What else happened?"), required=False, max_length=500
    )
    tried = forms.CharField(
        label=_("What less intrusive step was tried first?"),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    goal = forms.CharField(label=_("What should become better?"), required=False, max_length=2_000)

    def __init__(
        self,
        *args: Any,
        level: str,
        today: date,
        assessments: Sequence[Assessment] = (),
        before: Mapping[str, Any] | None = None,
        plan: Plan | None = None,
        ended: Collection[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, current=str(plan.pk) if plan else "", **kwargs)
        self.level, self.today = level, today
        self.assessments = {str(place): each for place, each in enumerate(assessments, start=1)}
        levels: Any = self.fields["to_level"]
        levels.choices = [
            (each.value, each.label)
            for each in GRADED
            if not is_down(level, each) or each == step_down(level)
        ]
        which: Any = self.fields["assessment"]
        newest = sorted(
            self.assessments.items(), key=lambda it: (it[1].assessed_on, int(it[0])), reverse=True
        )
        which.choices = [(place, words_of(each)) for place, each in newest]
        self.add_steps(plan, ended)
        for name, value in (before or {}).items():
            self.fields[name].initial = value
        for name, words in NEEDED.items():
            field: Any = self.fields[name]
            field.needed = words

    @property
    def evidence(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The two things that may be named, each with its day."""
        return [
            (self["evidence_on"], self["evidence_what"]),
            (self["evidence_on_1"], self["evidence_what_1"]),
        ]

    def clean(self) -> dict[str, Any]:
        """Evidence, steps and the assessment as the action takes them."""
        values = super().clean() or self.cleaned_data
        values["assessment"] = self.assessments.get(values.get("assessment", ""))
        pairs = (("evidence_on", "evidence_what"), ("evidence_on_1", "evidence_what_1"))
        given = [(values.pop(on, None), values.pop(what, "")) for on, what in pairs]
        values["evidence"] = [
            {"on": on.isoformat() if on else "", "what": what} for on, what in given if on or what
        ]
        steps = [self._step(values, number) for number in range(STEPS)]
        values["steps"] = self.named(step for step in steps if any(step.values()))
        if values["steps"] and not values.get("goal"):
            self.add_error("goal", _("Say what should become better."))
        self._ask_rules(values)
        return values

    def _ask_rules(self, values: dict[str, Any]) -> None:
        """Everything that the action would refuse one after the other, said at once."""
        to_level = values.get("to_level")
        if not to_level:
            return
        if values.get("reason_codes"):
            self.ask(level_rules.check_reasons_fit, self.level, to_level, values["reason_codes"])
        if needs_grounds(self.level, to_level):
            self.ask(level_rules.check_reason_is_told, values.get("reason", ""))
            self.ask(level_rules.check_evidence_fits, values["evidence"], self.today)
            self.ask(level_rules.check_something_was_tried, values.get("tried", ""))
        resources = [step["resource"] for step in values["steps"]]
        self.ask(rules.check_red_has_plan, to_level, resources)
        if to_level == Level.RED and not values.get("goal"):
            self.refuse(Refused(_("Say what should become better."), field="goal"))
        if to_level == Level.RED and not values["steps"]:
            self.refuse(Refused(_("Say what will be done."), field="what_0"))

    def _step(self, values: dict[str, Any], number: int) -> dict[str, str]:
        what, resource, who, by_on = (values.pop(name, None) for name in names(number))
        if resource and not what:
            self.add_error(names(number)[0], _("Say what will be done, or empty this step."))
        day = by_on.isoformat() if isinstance(by_on, date) else ""
        self.ask(rules.check_step_lies_ahead, day, self.today, field=names(number)[3])
        return {"what": what or "", "resource": resource or "", "who": who or "", "by_on": day}


class SetProvisionallyForm(SeenForm):
    """What is dangerous, since when, and what is being done: as much as one can type outdoors."""

    reason_codes = forms.MultipleChoiceField(
        label=_("What is the danger?"),
        choices=[(each.code, each.label) for each in dangers()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one danger.")},
    )
    reason = forms.CharField(
        label=_("What do you see, in words?"),
        help_text=_("At least 20 characters."),
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    evidence_on = forms.DateField(
        label=_("When did it happen?"), widget=forms.DateInput(format="%Y-%m-%d", attrs=DAY)
    )
    evidence_what = forms.CharField(label=_("What happened?"), max_length=500)
    tried = forms.CharField(
        label=_("What is being done right now?"), max_length=LONGEST, widget=forms.Textarea
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["evidence_on"].initial = today
        self.today = today

    def clean(self) -> dict[str, Any]:
        """The evidence as the action takes it."""
        values = super().clean() or self.cleaned_data
        on, what = values.pop("evidence_on", None), values.pop("evidence_what", "")
        values["evidence"] = [{"on": on.isoformat(), "what": what}] if on and what else []
        if values.get("reason"):
            self.ask(level_rules.check_reason_is_told, values["reason"])
        if values["evidence"]:
            self.ask(level_rules.check_evidence_fits, values["evidence"], self.today)
        return values


def words_of(assessment: Assessment) -> str:
    """An assessment whose body is open, as one of several to choose from."""
    result: dict[str, Any] = assessment.result
    words = _("%(day)s · %(who)s · suggests %(level)s")
    if result["is_provisional"]:
        words = _("%(day)s · %(who)s · suggests %(level)s, for the time being")
    return words % {
        "day": days.in_words(assessment.assessed_on),
        "who": assessment.assessed_by.name,
        "level": Level(result["level"]).label,
    }


class WithdrawProposalForm(ActionForm):
    """Just a button."""


class DecideLevelForm(SeenForm):
    """The answer, why, until when, and whether the person is told."""

    DECISIONS = (
        ("approve", _("Approve")),
        ("return", _("Return for more")),
        ("reject", _("Reject")),
    )

    reason = forms.CharField(
        label=_("Your reason"),
        help_text=_("It is kept with the decision; the person may ask for it."),
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    until_on = forms.DateField(
        label=_("Until"),
        help_text=_("The first day on which it no longer holds; red ends within 90 days."),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs=DAY),
    )
    told = forms.ChoiceField(
        label=_("Is the person told?"),
        choices=Told.choices,
        initial=Told.NEXT_CONTACT,
        required=False,
    )
    decision = forms.ChoiceField(choices=DECISIONS, widget=forms.HiddenInput)

    conference_note = forms.CharField(
        label=_("Note of the case conference"),
        help_text=_("When, with whom (roles, no names of the family), and why red goes on."),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )

    def __init__(
        self,
        *args: Any,
        until_on: date | None = None,
        is_first_of_two: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until_on"].initial = until_on
        if not is_first_of_two:
            del self.fields["conference_note"]
