"""Who refers somebody, what may be told and on which ground; refusals in words for the user."""

from collections.abc import Container, Sequence
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from casework import consent_rules, rules
from casework.consent_rules import Standing
from casework.destinations import RECEIVERS
from casework.models import CaseFile, Consent, Person, Referral
from casework.models.consents import ConsentPurpose
from casework.models.referrals import Basis, ReferralState
from kpm.accounts.models import User
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted

# What can follow each state.
NEXT: dict[str, tuple[ReferralState, ...]] = {
    ReferralState.SENT: (
        ReferralState.ACCEPTED,
        ReferralState.DECLINED,
        ReferralState.WITHDRAWN,
    ),
    ReferralState.ACCEPTED: (ReferralState.ENDED,),
}
# What has to be said with words.
TOLD = (ReferralState.DECLINED, ReferralState.WITHDRAWN, ReferralState.ENDED)


def check_can_refer(user: User, case_file: CaseFile) -> None:
    """The team refers."""
    rules.check_works_on(user, case_file, Permission.REFER)


def check_facts_fit(kind: str, facts: Sequence[str]) -> None:
    """Only facts of the template go, and one at least (R31)."""
    if kind not in RECEIVERS:
        raise Refused(_("Choose one."), field="kind")
    if not facts:
        raise Refused(_("Choose at least one."), field="facts")
    if len(set(facts)) < len(facts):
        raise Refused(_("Choose each once."), field="facts")
    if not set(facts) <= set(RECEIVERS[kind].facts):
        raise Refused(_("This service does not need that."), field="facts")


def ground(
    case_file: CaseFile,
    basis: str,
    article: str,
    *,
    is_agreed: bool,
    person: Person,
    today: date,
) -> Consent | None:
    """The consent that telling rests on; or nothing, where the law or the danger is named.

    To each service, each fact and each aim the person says yes apart (PIPL, article 23).
    """
    if basis not in Basis.values:
        raise Refused(_("Choose one."), field="basis")
    if basis != Basis.CONSENT:
        if not article.strip():
            raise Refused(_("Name the law and its article, or the danger."), field="article")
        return None
    consent = consent_rules.live_consent(case_file, ConsentPurpose.SHARING)
    if consent is None:
        raise Refused(
            _("No consent to telling another service holds. Ask first and record it."),
            field="basis",
        )
    if consent_rules.standing_of(consent, person.birth_on, today) == Standing.OUTGROWN:
        raise Refused(
            _("They have turned 14 since that consent: ask them, and record what they say."),
            field="basis",
        )
    if not is_agreed:
        raise Refused(
            _("Name the service, the facts and the aim to the person first."), field="is_agreed"
        )
    return consent


def is_without_ground(referral: Referral, taken_back: Container[UUID | None]) -> bool:
    """Whether something is still open that rests on one of the consents that were taken back."""
    return referral.state in NEXT and referral.sharing.consent_id in taken_back


def check_referral_is_told(receiver: str, asked: str) -> None:
    """A service has a name, and something is asked of it."""
    if not receiver.strip():
        raise Refused(_("Give the name of the service."), field="receiver")
    if not asked.strip():
        raise Refused(_("Say what you ask for."), field="asked")


def check_can_answer_referral(user: User, referral: Referral) -> None:
    """The team writes down what became of it, on a closed file as well, until it is over."""
    if not is_granted(user, Permission.REFER) or not rules.is_in_team(user, referral.case_file):
        raise Refused(_("Only the team of this file does this."))
    if referral.state not in NEXT:
        raise Refused(_("This has been ended already."))


def check_can_print_sharings(user: User, case_file: CaseFile) -> None:
    """Whoever has part in the file tells the person who was told what, after its end as well."""
    rules.check_has_part_in(user, case_file)


def check_can_print_letter(user: User, referral: Referral, is_ground_gone: bool) -> None:
    """Whoever has part in an open file prints what may still be told."""
    rules.check_has_part_in(user, referral.case_file)
    rules.check_is_open(referral.case_file)
    if referral.state not in NEXT:
        raise Refused(_("This referral is over: no letter goes out any more."))
    if is_ground_gone:
        raise Refused(
            _("The consent that it rests on was withdrawn: nothing more is told to this service.")
        )


def check_consent_is_their_own(referral: Referral, birth_on: date | None, today: date) -> None:
    """Once they are 14 nothing is told on what a guardian said: they are asked, and referred anew.

    A yes to telling others that they gave since names neither this service nor its facts.
    """
    consent = referral.sharing.consent
    if consent is not None and consent_rules.is_outgrown(consent, birth_on, today):
        raise Refused(_("They have turned 14 since that consent: ask them, and refer them anew."))


def check_answer_fits(referral: Referral, outcome: str, reply: str) -> None:
    """One step after the other; whatever ends it has its reason."""
    if outcome not in NEXT[referral.state]:
        raise Refused(_("This has changed since you opened the page. Please read it again."))
    if outcome in TOLD and not reply.strip():
        raise Refused(_("Say it in a few words."), field="reply")
