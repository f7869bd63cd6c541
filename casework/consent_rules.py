"""Who records a consent, who may give it, and which one holds; refusals in words for the user."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, Consent
from casework.models.consents import ConsentPurpose, Giver, Manner
from casework.notices import CURRENT
from kpm.accounts.models import User
from kpm.ages import age_on
from kpm.errors import Refused
from kpm.permissions import Permission

# Personal Information Protection Law, article 31; Law on the Protection of Minors, article 72.
CONSENTS_FROM = 14
# Until then a parent or guardian is asked as well, unless there is a reason not to: a default of
# this system. The law leaves it to the young person from 14 on.
ADULT_FROM = 18
# The law that the notices follow is in force since this day: nobody consented to them before.
FROM_ON = date(2021, 11, 1)
# Whoever is in it is a child unless a day of birth says otherwise.
CHILDREN = "left_behind_child"


class Standing(StrEnum):
    """What a consent is now."""

    LIVE = "live"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    OUTGROWN = "outgrown"


def standing(consent: Consent) -> Standing:
    """Where a consent stands: the one function that pages and rules ask.

    One that was given anew does not come back when the new one is withdrawn.
    """
    if hasattr(consent, "withdrawal"):
        return Standing.WITHDRAWN
    return Standing.REPLACED if hasattr(consent, "replacement") else Standing.LIVE


def standing_of(consent: Consent, birth_on: date | None, today: date) -> Standing:
    """The same for one person: what was said before they turned 14 is asked of them anew.

    The head of the person is open.
    """
    found = standing(consent)
    if found == Standing.LIVE and is_outgrown(consent, birth_on, today):
        return Standing.OUTGROWN
    return found


def is_outgrown(consent: Consent, birth_on: date | None, today: date) -> bool:
    """From 14 on a consent is the young person's own (Law on the Protection of Minors, 72)."""
    return birth_on is not None and (
        age_on(birth_on, consent.given_on) < CONSENTS_FROM <= age_on(birth_on, today)
    )


def live_consent(case_file: CaseFile, purpose: str) -> Consent | None:
    """The consent to this purpose that holds now; whatever rests on a consent asks here."""
    rows = Consent.objects.filter(case_file=case_file, purpose=purpose)
    live = (
        each
        for each in rows.select_related("withdrawal", "replacement")
        if standing(each) == Standing.LIVE
    )
    return next(live, None)


def check_can_record_consent(user: User, case_file: CaseFile) -> None:
    """The team asks and writes down the answer."""
    rules.check_works_on(user, case_file, Permission.RECORD_CONSENT)


def check_consent_is_known(purpose: str, giver: str, manner: str) -> None:
    """To something, by somebody, in some way that there is."""
    for field, value, known in (
        ("purpose", purpose, ConsentPurpose.values),
        ("giver", giver, Giver.values),
        ("manner", manner, Manner.values),
    ):
        if value not in known:
            raise Refused(_("Choose one."), field=field)


def check_consent_fits(notice: int, given_on: date, today: date) -> None:
    """It follows the text that holds now, and was given."""
    if notice != CURRENT.version:
        raise Refused(_("The notice has a new text. Please read it out as it is now."))
    if given_on > today:
        raise Refused(_("This day has not come yet."), field="given_on")
    if given_on < FROM_ON:
        raise Refused(
            _("The notice follows a law in force since 1 November 2021: ask again."),
            field="given_on",
        )


def check_is_the_last_word(case_file: CaseFile, purpose: str, given_on: date) -> None:
    """A yes from before the last word to this purpose brings nothing back.

    Of a yes and a no on one day the one that is recorded later counts.
    """
    rows = Consent.objects.filter(case_file=case_file, purpose=purpose)
    for each in rows.select_related("withdrawal"):
        if standing(each) == Standing.WITHDRAWN:
            said_on = timezone.localdate(each.withdrawal.withdrawn_at)
        else:
            said_on = each.given_on
        if given_on < said_on:
            raise Refused(_("A later word about this is on record."), field="given_on")


def check_giver_fits(
    giver: str,
    guardian: str,
    words: str,
    *,
    population: str,
    birth_on: date | None,
    given_on: date,
) -> None:
    """Under 14 a parent or guardian consents, from 14 to 17 both, or one with the reason why."""
    if giver != Giver.PERSON and not guardian.strip():
        raise Refused(_("Give the name of the parent or guardian."), field="guardian")
    if birth_on is None:
        if giver == Giver.PERSON and population == CHILDREN:
            raise Refused(
                _("The day of birth is not on record: a parent or guardian consents."),
                field="giver",
            )
        return
    age = age_on(birth_on, given_on)
    if giver == Giver.PERSON and age < CONSENTS_FROM:
        raise Refused(_("Under 14 a parent or guardian consents."), field="giver")
    if giver != Giver.BOTH and CONSENTS_FROM <= age < ADULT_FROM and not words.strip():
        raise Refused(
            _("From 14 to 17 both are asked. Say in a few words why only one of them was."),
            field="words",
        )


def taken_back(case_file: CaseFile, purpose: str) -> set[UUID]:
    """The consents to this purpose that were withdrawn, and those that they took the place of."""
    rows = Consent.objects.filter(case_file=case_file, purpose=purpose)
    replaced = dict(rows.values_list("pk", "replaces"))
    found: set[UUID] = set()
    for key in rows.filter(withdrawal__isnull=False).values_list("pk", flat=True):
        earlier: UUID | None = key
        while earlier is not None:
            found.add(earlier)
            earlier = replaced[earlier]
    return found


def check_can_withdraw_consent(user: User, consent: Consent) -> None:
    """Taking back is as easy as giving: the team or a supervisor, on a closed file as well."""
    rules.check_has_part_in(user, consent.case_file)
    found = standing(consent)
    if found == Standing.WITHDRAWN:
        raise Refused(_("This consent has been withdrawn already."))
    if found == Standing.REPLACED:
        raise Refused(_("This consent was given anew later: withdraw that one."))
