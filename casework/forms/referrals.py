"""What is filled in to refer somebody, and to say what became of it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework import referral_rules
from casework.destinations import FACTS, Receiver
from casework.models import Referral
from casework.models.referrals import Basis, ReferralState
from kpm.forms import ActionForm


class ReferForm(ActionForm):
    """To whom, what for, which facts, on which ground."""

    receiver = forms.CharField(label=_("Name of the service"), max_length=80)
    contact = forms.CharField(
        label=_("Whom to reach there"),
        help_text=_("Tell the person too: they may want to call themselves."),
        required=False,
        max_length=80,
    )
    asked = forms.CharField(
        label=_("What do you ask for?"),
        help_text=_("As the person wants it. No level, no group, no diagnosis."),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    facts = forms.MultipleChoiceField(
        label=_("Which facts do you tell?"),
        help_text=_("Tell these and nothing else."),
        widget=forms.CheckboxSelectMultiple,
    )
    basis = forms.ChoiceField(
        label=_("On which ground?"), choices=Basis.choices, widget=forms.RadioSelect
    )
    is_agreed = forms.BooleanField(
        label=_("I named this service, these facts and the aim, and the person agreed to that"),
        required=False,
    )
    article = forms.CharField(
        label=_("Law and article, or the danger"),
        help_text=_("It stands in the letter: no law that says in which group somebody is."),
        required=False,
        max_length=200,
    )

    def __init__(self, *args: Any, to: Receiver, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        facts: Any = self.fields["facts"]
        facts.choices = [(code, FACTS[code]) for code in to.facts]
        agreed: Any = self.fields["is_agreed"]
        agreed.needed = _("(where it rests on consent)")
        article: Any = self.fields["article"]
        article.needed = _("(unless the person consented)")


class AnswerReferralForm(ActionForm):
    """What became of it."""

    outcome = forms.ChoiceField(label=_("What became of it?"), choices=(), widget=forms.RadioSelect)
    reply = forms.CharField(
        label=_("In a few words"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, referral: Referral, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome: Any = self.fields["outcome"]
        following = referral_rules.NEXT.get(referral.state, ())
        outcome.choices = [(each.value, each.label) for each in following]
        reply: Any = self.fields["reply"]
        if ReferralState.ACCEPTED in following:
            reply.needed = _("(needed unless it is accepted)")
        else:
            # What has been accepted can but end, and how is told.
            outcome.initial = next(iter(following), None)
            reply.required = True
            reply.error_messages["required"] = _("Say it in a few words.")


class PrintForm(ActionForm):
    """Just a button."""
