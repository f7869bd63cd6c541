"""Consents are recorded and taken back here."""

from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import consent_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, Consent, ConsentWithdrawal
from casework.models.consents import Giver
from kpm.accounts.models import User


@transaction.atomic
def record(
    *,
    case_file: CaseFile,
    purpose: str,
    giver: str,
    guardian: str,
    manner: str,
    words: str,
    notice: int,
    given_on: date,
    by: User,
    now: datetime,
) -> Consent:
    """Write down a yes; the head of the person is open. It takes the place of an earlier one.

    `notice` is the version of the text that was read out.
    """
    person = case_file.person
    case_file = locked(case_file)
    consent_rules.check_can_record_consent(by, case_file)
    consent_rules.check_consent_is_known(purpose, giver, manner)
    consent_rules.check_consent_fits(notice, given_on, timezone.localdate(now))
    consent_rules.check_is_the_last_word(case_file, purpose, given_on)
    consent_rules.check_giver_fits(
        giver,
        guardian,
        words,
        population=case_file.population,
        birth_on=person.birth_on,
        given_on=given_on,
    )
    consent = Consent(
        key_owner=case_file.pk,
        case_file=case_file,
        district=case_file.district,
        purpose=purpose,
        notice=notice,
        given_on=given_on,
        recorded_by=by,
        recorded_at=now,
        replaces=consent_rules.live_consent(case_file, purpose),
        giver=giver,
        guardian="" if giver == Giver.PERSON else guardian.strip(),
        manner=manner,
        words=words.strip(),
    )
    consent.save_as(by=by)
    log.record(Event.CONSENT_RECORDED, by=by, target=case_file)
    return consent


@transaction.atomic
def withdraw(*, consent: Consent, by: User, now: datetime) -> ConsentWithdrawal:
    """Take a yes back, from now on; nobody is asked why."""
    case_file = locked(consent.case_file)
    consent = Consent.objects.select_related("withdrawal", "replacement").get(pk=consent.pk)
    consent.case_file = case_file
    consent_rules.check_can_withdraw_consent(by, consent)
    withdrawal = ConsentWithdrawal(
        consent=consent, district=case_file.district, recorded_by=by, withdrawn_at=now
    )
    withdrawal.save_as(by=by)
    log.record(Event.CONSENT_WITHDRAWN, by=by, target=case_file)
    return withdrawal
