"""What a population is made of: fields, scales, duties, roles, terms. Pure data, no database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from kpm import days
from kpm.ages import age_on, turns_on, years_after
from risk_levels.levels import Level, rank
from risk_levels.populations.grounds import Basis, Words
from risk_levels.populations.numbers import NO_NUMBERS, Numbers

TEXT, CHOICE, DATE, INTEGER, YES_NO, PHONE, NAME, PEOPLE = KINDS = (
    "text",
    "choice",
    "date",
    "integer",
    "yes_no",
    "phone",
    "name",
    "people",
)


ADULT = 18


class Sensitivity(TextChoices):
    """How much harm a leak of this field would do (PIPL article 28)."""

    ORDINARY = "ordinary", _("Personal information")
    SENSITIVE = "sensitive", _("Sensitive personal information")
    RESTRICTED = "restricted", _("Sensitive, opened one by one with a reason")


class Retention(TextChoices):
    """How long a field is kept once the file is closed."""

    WITH_FILE = "with_file", _("Kept until the file is destroyed")
    UNTIL_CLOSED = "until_closed", _("Erased when the file is closed")
    NOT_KEPT = "not_kept", _("Read from the ledger, not kept")


class Group(TextChoices):
    """Which populations may stand in one list, map, export or figure: never two of these.

    People who are ill or in need are not seen among people with a sentence or an order.
    """

    CARE = "care", _("Care")
    JUSTICE = "justice", _("Resettlement and support")
    HEALTH = "health", _("Health support")


class Source(TextChoices):
    """Who decides the official class from which a level is proposed."""

    IMPORTED = "imported", _("The authority's class, imported")
    DOCTOR = "doctor", _("The psychiatrist's class, imported")
    GUARDIANSHIP = "guardianship", _("The guardianship assessment")
    HUMAN = "human", _("Assessment by the support team")


@dataclass(frozen=True)
class Choice:
    """One answer of a closed list, and how ledgers write it."""

    code: str
    label: Words
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing that may be recorded, with everything that justifies it."""

    code: str
    label: Words
    kind: str
    # How Excel ledgers head this column, the template's own wording first.
    headings: tuple[str, ...]
    purpose: Words
    basis: Basis
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    retention: Retention = Retention.WITH_FILE
    hint: Words = ""
    choices: tuple[Choice, ...] = ()
    is_required: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether anything of it is stored; a ledger's page says which columns are only read."""
        return self.retention != Retention.NOT_KEPT

    def choice(self, value: Any) -> Choice | None:
        """The choice that a stored value stands for; yes and no are stored as true and false."""
        if isinstance(value, bool):
            value = "yes" if value else "no"
        return next((each for each in self.choices if each.code == value), None)

    def choice_named(self, name: str) -> Choice | None:
        """The choice that a ledger writes this way."""
        return next((each for each in self.choices if name in each.names), None)

    def label_of(self, value: Any) -> Words:
        """What a stored value is called on a page."""
        if value is None or value == "":
            return ""
        if self.kind == DATE:
            return days.in_words(str(value))
        chosen = self.choice(value)
        return chosen.label if chosen else str(value)


@dataclass(frozen=True)
class Duties:
    """The longest days between two events, and how long a level lives without a new decision."""

    contact_days: int
    visit_days: int
    review_days: int
    valid_days: int


@dataclass(frozen=True)
class TeamRole:
    """A place in the team that a level asks for."""

    code: str
    label: Words
    # True: one of our accounts, by assignment. False: somebody of another organ, by name only.
    is_ours: bool = False


class Answer(TextChoices):
    """What somebody who looked at an item of a visit found."""

    FINE = "fine", _("Fine")
    ATTENTION = "attention", _("Needs attention")


@dataclass(frozen=True)
class Check:
    """One thing that a visit looks at, worded so that "fine" is the good answer."""

    code: str
    label: Words


@dataclass(frozen=True, kw_only=True)
class Circumstance:
    """Answers that suggest a level only together, and from an age on."""

    level: Level
    # "field" -> the choices of which one must hold; the first field is named as what said so.
    answers: Mapping[str, tuple[str, ...]]
    from_age: int = 0

    def holds(self, details: Mapping[str, Any], age: int | None) -> bool:
        """Whether all of it is known to hold; an age that is not known never does."""
        if self.from_age and (age is None or age < self.from_age):
            return False
        return all(details.get(code) in wanted for code, wanted in self.answers.items())


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scale of the authority that owns it, and what each class suggests here."""

    label: Words
    owner: Words
    source: Source
    # The fields that carry it, the deciding one first: the highest level that any suggests.
    fields: tuple[str, ...]
    # "field" -> "choice" -> level
    levels: Mapping[str, Mapping[str, Level]]
    # What several answers together suggest.
    circumstances: tuple["Circumstance", ...] = ()
    # "choice" of the deciding field -> the reason for closing that it stands for: the authority
    # itself has ended what it did.
    closings: Mapping[str, str] = field(default_factory=dict)
    # The field with the day of the assessment, and the one with who assessed.
    date_field: str = ""
    assessor_field: str = ""


@dataclass(frozen=True)
class Closing:
    """A reason for which a file is closed."""

    code: str
    label: Words
    # True: the law ends it, nobody may object.
    is_by_law: bool = False
    # True: the sweep closes it by itself on the day that the term says.
    is_automatic: bool = False
    term: "Term | None" = None


@dataclass(frozen=True, kw_only=True)
class Term:
    """When the purpose of a file ends: a stated day, or so many years after one, or an age."""

    basis: Basis
    end_field: str = ""
    start_field: str = ""
    years: int = 0
    ends_at_age: int = 0

    def ends_on(self, details: Mapping[str, Any], birth_on: date | None = None) -> date | None:
        """The day on which the purpose ends, as far as it is known."""
        if self.ends_at_age:
            return None if birth_on is None else turns_on(birth_on, self.ends_at_age)
        stated = day_of(details.get(self.end_field))
        if stated is not None:
            return stated
        start = day_of(details.get(self.start_field))
        return None if start is None or not self.years else years_after(start, self.years)


@dataclass(frozen=True, kw_only=True)
class VisitWords:
    """How a population calls it when somebody comes by."""

    one: Words
    many: Words
    first: Words
    record: Words


VISITS = VisitWords(
    one=_("Visit"),
    many=_("Visits"),
    first=_("First visit"),
    record=_("Record a visit"),
)


@dataclass(frozen=True, kw_only=True)
class Population:
    """One of the six: everything that is different for these people."""

    code: str
    label: Words
    # What one person of it is called, in a sentence.
    one: Words
    # "Care level" for welfare populations, "Risk level" for the others.
    level_label: Words
    group: Group
    # Whether the person may decline the whole service without any consequence.
    voluntary: bool
    fields: tuple[Field, ...]
    # Columns of the person and of the file, before and after the fields in a ledger.
    first_columns: tuple[Field, ...]
    last_columns: tuple[Field, ...]
    official_scale: Scale | None
    team_roles: Mapping[Level, tuple[TeamRole, ...]]
    duties: Mapping[Level, Duties]
    term: Term | None
    closings: tuple[Closing, ...]
    retain_days: int
    first_visit_days: int
    # What every visit looks at; an item that nobody looked at is left open.
    checks: tuple[Check, ...]
    basis: Basis
    # No step down takes effect here without somebody saying so.
    needs_decision_down: bool = False
    seals_on_close: bool = False
    # The same for whoever is a minor, where it is not so for everybody.
    seals_minors_on_close: bool = False
    # For minors: kept at least until this birthday.
    retain_until_age: int = 0
    is_minor: bool = False
    # The full years of those whom it is for.
    least_age: int = 0
    most_age: int | None = None
    needs_woman_in_team: bool = False
    # Who joins the team of a minor.
    roles_for_minors: tuple[TeamRole, ...] = ()
    visit_words: VisitWords = VISITS
    numbers: Numbers = NO_NUMBERS

    @property
    def welfare(self) -> bool:
        """Whether it is about care alone."""
        return self.group == Group.CARE

    @property
    def columns(self) -> tuple[Field, ...]:
        """Every column of this population's ledger, in the order of its template."""
        return (*self.first_columns, *self.fields, *self.last_columns)

    @property
    def columns_not_kept(self) -> tuple[Field, ...]:
        """The columns that are read and compared at most, and then dropped."""
        return tuple(each for each in self.columns if not each.is_kept)

    def field(self, code: str) -> Field | None:
        """The field with this code."""
        return next((each for each in self.fields if each.code == code), None)

    def closing(self, code: str) -> Closing | None:
        """The reason for closing with this code."""
        return next((each for each in self.closings if each.code == code), None)

    def is_for(self, birth_on: date, on: date) -> bool:
        """Whether somebody is of an age for it on a day."""
        age = age_on(birth_on, on)
        return age >= self.least_age and (self.most_age is None or age <= self.most_age)

    def team_of(self, level: Level, birth_on: date | None, on: date) -> tuple[TeamRole, ...]:
        """The places that a level asks for, for somebody of this age."""
        roles = self.team_roles[level]
        is_minor = birth_on is not None and age_on(birth_on, on) < ADULT
        return (*roles, *self.roles_for_minors) if is_minor else roles

    def suggested_by(
        self, details: Mapping[str, Any], age: int | None = None
    ) -> tuple[Level, Field, Choice] | None:
        """The level that the official class in these details suggests, and what said so."""
        scale = self.official_scale
        if scale is None:
            return None
        said = [(scale.levels[code], code) for code in scale.fields]
        found = [
            (levels[str(choice.code)], field, choice)
            for levels, code in said
            for field, choice in self._answered(code, details)
            if choice.code in levels
        ]
        found += [
            (each.level, field, choice)
            for each in scale.circumstances
            if each.holds(details, age)
            for field, choice in self._answered(next(iter(each.answers)), details)
        ]
        # The first of the highest: what decides stands first.
        return max(found, key=lambda each: rank(each[0]), default=None)

    def _answered(self, code: str, details: Mapping[str, Any]) -> list[tuple[Field, Choice]]:
        field = self.field(code)
        choice = field.choice(details.get(code)) if field else None
        return [(field, choice)] if field and choice else []

    def closed_by(
        self, details: Mapping[str, Any], birth_on: date | None, on: date
    ) -> list[Closing]:
        """The reasons for closing that hold by themselves on a day."""
        ended = []
        for each in self.closings:
            ends_on = each.term.ends_on(details, birth_on) if each.term else None
            if each.is_automatic and ends_on is not None and ends_on <= on:
                ended.append(each)
        return ended + [each for each in self._closed_by_class(details) if each not in ended]

    def _closed_by_class(self, details: Mapping[str, Any]) -> list[Closing]:
        scale = self.official_scale
        code = scale.closings.get(str(details.get(scale.fields[0]))) if scale else None
        closing = self.closing(code) if code else None
        return [closing] if closing else []


def day_of(value: Any) -> date | None:
    """A stored day: kept as text in sealed details, as a date in memory."""
    if isinstance(value, date):
        return value
    return date.fromisoformat(value) if value else None


def yes_no(code: str, label: Words, *headings: str, **more: Any) -> Field:
    """A field that is answered with yes or no."""
    answers = (
        Choice("yes", _("Yes"), ("是", "有", "已签订", "已纳入", "√", "Y", "1")),
        Choice("no", _("No"), ("否", "无", "未签订", "未纳入", "×", "N", "0")),
    )
    return Field(code=code, label=label, kind=YES_NO, headings=headings, choices=answers, **more)


def checks(*rows: tuple[str, Words]) -> tuple[Check, ...]:
    """Items of a visit from (code, label)."""
    return tuple(Check(code, label) for code, label in rows)


def choices(*rows: tuple[str, Words, str]) -> tuple[Choice, ...]:
    """Choices from (code, label, "name|another name")."""
    return tuple(Choice(code, label, tuple(names.split("|"))) for code, label, names in rows)
