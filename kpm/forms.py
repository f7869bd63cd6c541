"""Forms that hand over to an action, once, and say beside the field what is wrong."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import transaction
from django.forms.renderers import DjangoTemplates
from django.http import HttpRequest
from django.template.backends.django import DjangoTemplates as Engine
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from kpm import days
from kpm.errors import Refused

# Marks without a shape of their own turn a line of text round, or hide what stands in it. Three are
# letters' business and stay: Mongolian and Uyghur names are spelled with them, emoji joined.
JOINERS = frozenset("\u180e\u200c\u200d")
BUILTINS = ["django.templatetags.i18n", "django.templatetags.static"]


class Renderer(DjangoTemplates):
    """Draws fields with our templates, which know the same tags as our pages."""

    form_template_name = "kpm/forms/form.html"
    field_template_name = "kpm/forms/field.html"

    @cached_property
    def engine(self) -> Engine:
        """Django's own widget templates and ours, with the tags of our pages built in."""
        return Engine(
            {
                "APP_DIRS": True,
                "DIRS": [Path(forms.__file__).parent / "templates"],
                "NAME": "kpm_forms",
                "OPTIONS": {"builtins": BUILTINS},
            }
        )


# What Django's own words leave open: what to do, and in which form.
WORDS: tuple[tuple[type[forms.Field], dict[str, Any]], ...] = (
    (forms.MultipleChoiceField, {"required": _("Choose at least one.")}),
    (forms.ChoiceField, {"required": _("Choose one.")}),
    (forms.ModelChoiceField, {"required": _("Choose one.")}),
    (forms.FileField, {"required": _("Choose a file.")}),
    (
        forms.DateTimeField,
        {
            "required": _("Give the day and the time."),
            "invalid": _("Write the day and the time like 2026-11-26 14:30."),
        },
    ),
    (
        forms.DateField,
        {"required": _("Give the day."), "invalid": _("Write the day like 2026-11-26.")},
    ),
    (forms.Field, {"required": _("Fill this in.")}),
)
TOO_LONG = _("At most %(limit_value)d characters fit here; there are %(show_value)d.")


def worded(field: forms.Field) -> forms.Field:
    """The field with words that say what to do; what the form itself says stays."""
    for kind, words in WORDS:
        if isinstance(field, kind):
            for code, text in words.items():
                if field.error_messages.get(code) == kind.default_error_messages.get(
                    code, forms.Field.default_error_messages.get(code)
                ):
                    field.error_messages[code] = text
            break
    for validator in field.validators:
        if isinstance(validator, MaxLengthValidator):
            validator.message = TOO_LONG
    # A browser would cut pasted text without a word; the server says that it is too long.
    field.widget.attrs.pop("maxlength", None)
    return field


class Submissions(Protocol):
    """Where sent forms are remembered; the middleware hangs it on the request."""

    def claim(self, request: HttpRequest) -> None:
        """Remember this form inside the open transaction; AlreadySent if it was here before."""


def without_hidden_marks(text: str) -> str:
    """Text as it is seen: nothing in it that turns its direction or takes no room."""
    return "".join(c for c in text if c in JOINERS or unicodedata.category(c) != "Cf")


class GroupedCheckboxes(forms.CheckboxSelectMultiple):
    """Choices to tick, each group of them under its own heading."""

    template_name = "kpm/forms/grouped.html"


class ActionForm(forms.Form):
    """A form whose one purpose is to call one action."""

    required_css_class = "required"
    use_required_attribute = False
    # A second copy of the same filled-in form (double click, replay) has no second effect.
    # Set to False where a second time is harmless and wanted, such as showing a field again.
    once = True

    request: HttpRequest | None = None
    result: Any = None

    def __getitem__(self, name: str) -> forms.BoundField:
        """The field as it is drawn and asked, in words that fit it."""
        if name in self.fields:
            worded(self.fields[name])
        return super().__getitem__(name)

    @classmethod
    def from_request(cls, request: HttpRequest, **kwargs: Any) -> Self:
        """Bound whenever something was posted, even an empty form with just a button."""
        if request.method == "POST":
            form = cls(request.POST, request.FILES, **kwargs)
        else:
            form = cls(**kwargs)
        form.request = request
        return form

    def full_clean(self) -> None:
        """Take the hidden marks out of what was typed, before anything looks at it."""
        if self.is_bound:
            self.data = self._as_seen()
        super().full_clean()

    def _as_seen(self) -> Any:
        """What was sent, with the texts as people see them; a password stays as it was typed."""
        data = cast(Any, self.data).copy()
        for name, field in self.fields.items():
            sent = self.add_prefix(name)
            if isinstance(field, forms.CharField) and field.strip and sent in data:
                data[sent] = without_hidden_marks(str(data[sent]))
        return data

    def begin_with(self, values: Mapping[str, Sequence[str]]) -> None:
        """Fill in what was typed earlier and not sent."""
        for name in values:
            if name in self.fields:
                self.fields[name].initial = _typed(self.fields[name], name, values)

    def run(self, action: Callable[..., Any], **kwargs: Any) -> bool:
        """Call the action with what was filled in; a refusal becomes an error of the form."""
        if not self.is_valid():
            return False
        try:
            self.result = self._run_once(action, {**kwargs, **self.cleaned_data})
        except Refused as refusal:
            self.refuse(refusal)
            return False
        return True

    def ask(self, check: Callable[..., object], *about: Any, **more: Any) -> None:
        """Ask a rule before the action does, so that all refusals are said at once."""
        try:
            check(*about, **more)
        except Refused as refusal:
            self.refuse(refusal)

    def refuse(self, refusal: Refused) -> None:
        """Say no beside the field that it is about; one reason there is enough."""
        field = refusal.field if refusal.field in self.fields else None
        if field is None or field not in self.errors:
            self.add_error(field, refusal.message)

    def _run_once(self, action: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        submissions: Submissions | None = getattr(self.request, "submissions", None)
        if not self.once or self.request is None or submissions is None:
            return action(**kwargs)
        with transaction.atomic():
            # In the action's own transaction: if that fails, the form may be sent again.
            submissions.claim(self.request)
            return action(**kwargs)


class Difference(NamedTuple):
    """One field in which two people wrote different things."""

    label: Any
    theirs: str
    mine: str


class SeenForm(ActionForm):
    """An answer to something that others may change: it counts for what stood on the page only.

    `current` names what stands there now; the page sends it back in a hidden input `seen`. What
    fields begin with is what stands there now: where somebody answers something older, the two are
    laid side by side (kpm/forms/conflict.html), and nothing is saved until they have seen both.
    """

    # The fields whose beginnings others may change; where it is None, all of them.
    shared: Sequence[str] | None = None
    # What somebody typed earlier, for something that stands there no longer.
    older: Mapping[str, Sequence[str]] | None = None
    changed = _("This has changed since you opened the page. Please read it again.")

    def __init__(self, *args: Any, current: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.current = current

    @property
    def is_outdated(self) -> bool:
        """Whether it answers something that stands there no longer."""
        return self.is_bound and self.data.get("seen", "") != self.current

    @property
    def is_overtaken(self) -> bool:
        """Whether what was typed, now or earlier, answers what stands there no longer."""
        return self.is_outdated or self.older is not None

    @cached_property
    def differences(self) -> list[Difference]:
        """What stands there now beside what was typed."""
        return self.compared()

    def compared(self) -> list[Difference]:
        """Both texts, field by field, where they differ."""
        found = []
        for name in self.fields if self.shared is None else self.shared:
            field = self.fields[name]
            theirs = spoken(field, self.get_initial_for_field(field, name))
            mine = spoken(field, self.typed(name))
            if theirs != mine:
                found.append(Difference(self.name_of(name), theirs, mine))
        return found

    def typed(self, name: str) -> Any:
        """What somebody wrote into a field, now or earlier."""
        if self.is_bound:
            return self[name].data
        return _typed(self.fields[name], name, self.older or {})

    def name_of(self, name: str) -> Any:
        """What a field is called where it stands alone."""
        return self[name].label

    def begin_with(self, values: Mapping[str, Sequence[str]]) -> None:
        """Lay what was typed earlier beside what has taken its place since, and begin with it."""
        if "".join(values.get("seen", [])[-1:]) != self.current:
            self.older = values
            # Found now: in a moment the fields no longer begin with what stands there.
            self.differences = self.compared()
        super().begin_with(values)

    def clean(self) -> dict[str, Any]:
        """Refuse an answer to something else."""
        values = super().clean() or self.cleaned_data
        if self.is_outdated:
            self.add_error(None, self.changed)
        return values


def spoken(field: forms.Field, value: Any) -> str:
    """What a field holds, as people read it; two texts that look alike are alike."""
    if isinstance(field, forms.ChoiceField):
        chosen = {str(each) for each in (value if isinstance(value, list | tuple) else [value])}
        return ", ".join(str(label) for key, label in _flat(field.choices) if str(key) in chosen)
    if isinstance(field, forms.DateField):
        try:
            return days.in_words(field.to_python(value))
        except ValidationError:
            pass
    return "\n".join(str("" if value is None else value).strip().splitlines())


def _typed(field: forms.Field, name: str, values: Mapping[str, Sequence[str]]) -> Any:
    """What was kept of a field: all of it where it takes several values, else the last."""
    several = list(values.get(name, []))
    return several if isinstance(field, forms.MultipleChoiceField) else "".join(several[-1:])


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    """The choices without the headings of their groups."""
    return [
        each
        for key, label in choices
        for each in (label if isinstance(label, list | tuple) else [(key, label)])
    ]


def status(form: forms.BaseForm) -> int:
    """422 for a posted form that was not accepted, 200 for one that is just shown."""
    return 422 if form.is_bound and form.errors else 200
