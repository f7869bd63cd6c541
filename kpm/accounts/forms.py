"""What is filled in to sign in, to open accounts and to grant roles."""

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import Unit, User, normalise_username
from kpm.accounts.passwords import LONGEST
from kpm.accounts.scoping import POPULATIONS
from kpm.forms import ActionForm
from kpm.permissions import Role

if TYPE_CHECKING:
    UnitField = forms.ModelChoiceField[Unit]
    UserField = forms.ModelChoiceField[User]
else:
    UnitField = UserField = forms.ModelChoiceField


def date_input() -> forms.DateInput:
    """A day, with the browser's own calendar."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


def password_field(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    """A password as it was typed: any characters, spaces too."""
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class SignInForm(ActionForm):
    """Name and password."""

    # Signing in twice does no harm, and hashing must not happen inside a transaction.
    once = False

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
    )
    password = password_field(_("Password"), "current-password")


class ChangePasswordForm(ActionForm):
    """The password that is, and twice the one to be."""

    once = False

    current = password_field(_("Present password"), "current-password")
    password = password_field(
        _("New password"),
        "new-password",
        _("At least 12 characters; several words in a row are easy to keep and hard to guess."),
    )
    again = password_field(_("New password once more"), "new-password")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Strong enough, and another one than before."""
        password: str = self.cleaned_data["password"]
        password_validation.validate_password(password, self.user)
        if password == self.cleaned_data.get("current"):
            raise ValidationError(_("This is the password that you have now."))
        return password

    def clean(self) -> dict[str, Any]:
        """Both the same; the action is given the new one once, and looks at the present one."""
        cleaned: dict[str, Any] = super().clean() or {}
        again = cleaned.pop("again", None)
        if "password" in cleaned and again is not None and again != cleaned["password"]:
            self.add_error("again", _("This is not the same as above."))
        return cleaned


class UnitChoiceField(UnitField):
    """A unit of the tree, chosen by name and sent by code."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs = {"label": _("Unit"), "empty_label": _("Choose a unit"), **kwargs}
        super().__init__(Unit.objects.order_by("code"), to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Unit) -> str:
        """Indented by its place in the tree."""
        return "　" * (obj.level - 1) + obj.name


class OpenAccountForm(ActionForm):
    """Who is to work here."""

    username = forms.CharField(
        label=_("User name"),
        min_length=3,
        max_length=32,
        help_text=_("3 to 32 letters, digits, dots, dashes. Small and capital letters are alike."),
        validators=[RegexValidator(r"\A[\w.-]+\Z", _("Only letters, digits, dots and dashes."))],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = forms.CharField(label=_("Name"), max_length=50)
    unit = UnitChoiceField()

    def clean_username(self) -> str:
        """The one spelling that is stored."""
        return normalise_username(self.cleaned_data["username"])


class DigitsField(forms.CharField):
    """Digits, whatever width they were typed in."""

    def to_python(self, value: Any) -> str:
        """The plain digits."""
        return unicodedata.normalize("NFKC", super().to_python(value) or "")


class OpenUnitForm(ActionForm):
    """A place of the tree."""

    code = DigitsField(
        label=_("Code"),
        help_text=_("The 12-digit code of the division; it says below which unit this one lies."),
        validators=[
            RegexValidator(r"\A[1-9][0-9]{11}\Z", _("Twelve digits, not beginning with 0."))
        ],
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    name = forms.CharField(label=_("Unit name"), max_length=100)


class IssuePasswordForm(ActionForm):
    """Just a button."""


class CloseAccountForm(ActionForm):
    """Just a button, to close or to open again."""


class PersonChoiceField(UserField):
    """A colleague, sent by the random reference."""

    def __init__(self, **kwargs: Any) -> None:
        people = User.objects.filter(is_active=True).select_related("unit").order_by("username")
        super().__init__(
            people, to_field_name="log_reference", empty_label=_("Choose a person"), **kwargs
        )

    def label_from_instance(self, obj: User) -> str:
        """Namesakes are told apart by unit and user name."""
        return f"{obj.name} · {obj.unit or ''} · {obj.username}"


class GrantRoleForm(ActionForm):
    """Who holds which role, over which unit, for whom, from when until when."""

    user = PersonChoiceField(label=_("Staff member"))
    role = forms.ChoiceField(label=_("Role"), choices=[("", _("Choose a role")), *Role.choices])
    unit = UnitChoiceField(
        label=_("Over this unit and everything below it"),
    )
    populations = forms.MultipleChoiceField(
        label=_("Only for these groups"),
        required=False,
        help_text=_("Nothing chosen means all groups."),
        widget=forms.CheckboxSelectMultiple,
    )
    start_on = forms.DateField(label=_("Starts on"), widget=date_input())
    until_on = forms.DateField(
        label=_("Ends on"),
        required=False,
        help_text=_("The first day without the role. Leave it open if no end is planned."),
        widget=date_input(),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"start_on": today}, **kwargs})
        populations: Any = self.fields["populations"]
        populations.choices = sorted(POPULATIONS.items())

    def clean_role(self) -> Role:
        """The role itself, not its code."""
        return Role(self.cleaned_data["role"])


class EndGrantForm(ActionForm):
    """From when on a role is no longer held."""

    until_on = forms.DateField(
        label=_("Ends on"),
        help_text=_("The first day without the role; today ends it at once."),
        widget=date_input(),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"until_on": today}, **kwargs})
