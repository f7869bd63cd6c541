"""What is filled in to take somebody in: who they are, and what their population asks."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from casework.identity import FormatError, parse_id_number, parse_phone
from casework.models.people import Sex
from casework.sheets.problems import PROBLEMS, Problem
from casework.sheets.rows import LENGTHS, LONGEST
from kpm.accounts.forms import UnitChoiceField, date_input
from kpm.ages import age_on
from kpm.forms import ActionForm
from risk_levels.populations import Field, Population

DETAIL = "detail_"
YES_NO = [("", "–"), ("yes", _("Yes")), ("no", _("No"))]


def parsed_by(parse: Callable[[str], Any]) -> Callable[[str], None]:
    """A check of a field that says in words what a reading of casework.identity refuses."""

    def check(value: str) -> None:
        try:
            parse(value)
        except FormatError as wrong:
            raise ValidationError(PROBLEMS[wrong.reason].told) from None

    return check


def phone_field(label: Any) -> forms.CharField:
    """A number to call."""
    return forms.CharField(
        label=label,
        required=False,
        max_length=30,
        validators=[parsed_by(parse_phone)],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )


def detail_field(declared: Field) -> forms.Field:
    """The input of a field that the population declares."""
    more: dict[str, Any] = {
        "label": declared.label,
        "help_text": declared.hint,
        "required": declared.is_required,
    }
    match declared.kind:
        case "choice":
            options = [(each.code, each.label) for each in declared.choices]
            return forms.ChoiceField(choices=[("", "–"), *options], **more)
        case "yes_no":
            return forms.ChoiceField(choices=YES_NO, **more)
        case "date":
            return forms.DateField(widget=date_input(), **more)
        case "integer":
            return forms.IntegerField(min_value=0, max_value=9999, **more)
        case "phone":
            field = phone_field(declared.label)
            field.required = declared.is_required
            return field
    return forms.CharField(max_length=LONGEST, **more)


def kept(declared: Field, value: Any) -> Any:
    """A value as the sealed details keep it."""
    match declared.kind:
        case "yes_no":
            return value == "yes"
        case "date":
            return value.isoformat()
        case "phone":
            return parse_phone(value)
    return value


def id_number_field(help_text: Any = "") -> forms.CharField:
    """The number on an ID card."""
    return forms.CharField(
        label=_("ID number"),
        required=False,
        max_length=30,
        validators=[parsed_by(parse_id_number)],
        help_text=help_text,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class _KnownByForm(ActionForm):
    """By what somebody is known again: one spelling for it, and at least one of two."""

    def _add_problem(self, code: str, reason: str, **hints: str) -> None:
        self.add_error(code, ValidationError(Problem(code, reason, hints).told))

    def _clean_known_by(self, values: dict[str, Any]) -> None:
        if values.get("phone"):
            values["phone"] = parse_phone(values["phone"])
        if values.get("id_number"):
            values["id_number"] = parse_id_number(values["id_number"]).value
        if not {"phone", "id_number"} & self.errors.keys() and not (
            values.get("id_number") or values.get("phone")
        ):
            self._add_problem("id_number", "no_way_to_find")


class FindPersonForm(_KnownByForm):
    """Whether somebody is known: an ID number, or a phone with the name to it."""

    # The same question may be asked again.
    once = False

    id_number = id_number_field()
    phone = phone_field(_("Phone"))
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=LENGTHS["name"],
        help_text=_("Needed where there is no ID number: a phone is shared in a family."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Enough to know somebody by."""
        values = super().clean() or self.cleaned_data
        self._clean_known_by(values)
        is_by_phone = values.get("phone") and "id_number" not in self.errors
        if is_by_phone and not values.get("id_number") and not values.get("name"):
            self._add_problem("name", "missing")
        return values


class AdmitPersonForm(_KnownByForm):
    """One person and their file in one population."""

    name = forms.CharField(label=_("Name"), max_length=LENGTHS["name"])
    id_number = id_number_field(_("We look first whether this person is here already."))
    sex = forms.TypedChoiceField(
        label=_("Sex"), choices=Sex.choices, coerce=int, initial=Sex.UNKNOWN
    )
    birth_on = forms.DateField(
        label=_("Date of birth"),
        required=False,
        widget=date_input(),
        help_text=_("Read from the ID number where there is one."),
    )
    unit = UnitChoiceField(label=_("Village or community"))
    address = forms.CharField(label=_("Address"), required=False, max_length=LENGTHS["address"])
    phone = phone_field(_("Phone"))
    emergency_name = forms.CharField(
        label=_("Emergency contact"), required=False, max_length=LENGTHS["emergency_name"]
    )
    emergency_relation = forms.CharField(
        label=_("Relation to the person"), required=False, max_length=LENGTHS["emergency_relation"]
    )
    emergency_phone = phone_field(_("Phone of the emergency contact"))
    remark = forms.CharField(
        label=_("Remark"), required=False, max_length=LONGEST, widget=forms.Textarea
    )

    def __init__(
        self, *args: Any, population: Population, units: Any, today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.population = population
        self.today = today
        unit: Any = self.fields["unit"]
        unit.queryset = units
        for each in population.fields:
            self.fields[DETAIL + each.code] = detail_field(each)

    @property
    def details(self) -> list[forms.BoundField]:
        """The inputs that the population asks for."""
        return [self[DETAIL + each.code] for each in self.population.fields]

    @property
    def identity(self) -> list[forms.BoundField]:
        """The inputs about the person."""
        return [bound for bound in self if not bound.name.startswith(DETAIL)]

    def clean(self) -> dict[str, Any]:
        """One spelling for numbers, and the details together, as an admission has them."""
        values = super().clean() or self.cleaned_data
        self._clean_known_by(values)
        if values.get("emergency_phone"):
            values["emergency_phone"] = parse_phone(values["emergency_phone"])
        self._agree_with_id_number(values)
        if values.get("birth_on") is not None:
            self._clean_age(values["birth_on"])
        values["details"] = {
            each.code: kept(each, value)
            for each in self.population.fields
            if (value := values.pop(DETAIL + each.code, None)) not in (None, "")
        }
        return values

    def _agree_with_id_number(self, values: dict[str, Any]) -> None:
        if not values.get("id_number"):
            return
        known = parse_id_number(values["id_number"])
        for code, said in (("sex", known.sex), ("birth_on", known.birth_on)):
            if values.get(code) not in (None, Sex.UNKNOWN, Sex.UNSTATED, said):
                self._add_problem(code, "contradicts_id_number")
            values[code] = said

    def _clean_age(self, birth_on: date) -> None:
        """Beside the field that says it: the day of birth, or the number that it is read from."""
        code = "birth_on" if self.data.get("birth_on") else "id_number"
        years = age_on(birth_on, self.today)
        least, most = self.population.least_age, self.population.most_age
        if birth_on > self.today:
            self._add_problem("birth_on", "in_the_future")
        elif years < least:
            self._add_problem(code, "too_young", years=str(least))
        elif most is not None and years > most:
            self._add_problem(code, "too_old", years=str(most))
