"""Referrals are sent and answered here; what is told is written down in the same moment."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event
from casework import referral_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, Referral, Sharing
from casework.models.referrals import ReferralState
from kpm.accounts.models import User
from kpm.ages import years_after

# Personal Information Protection Law, article 56: records are kept three years at least.
KEPT_YEARS: Final = 3


@transaction.atomic
def send(
    *,
    case_file: CaseFile,
    kind: str,
    receiver: str,
    contact: str,
    facts: Sequence[str],
    basis: str,
    article: str,
    asked: str,
    is_agreed: bool,
    by: User,
    now: datetime,
) -> Referral:
    """Refer somebody: `kind` and `facts` are of casework.destinations, `basis` is one of Basis.

    `is_agreed` says that the person was told service, facts and aim, and agreed to just that.
    Where it rests on a consent the head of the person is open.
    """
    person, today = case_file.person, timezone.localdate(now)
    case_file = locked(case_file)
    referral_rules.check_can_refer(by, case_file)
    referral_rules.check_facts_fit(kind, facts)
    referral_rules.check_referral_is_told(receiver, asked)
    consent = referral_rules.ground(
        case_file, basis, article, is_agreed=is_agreed, person=person, today=today
    )
    about = {
        "key_owner": case_file.pk,
        "case_file": case_file,
        "district": case_file.district,
    }
    sharing = Sharing(
        **about,
        shared_by=by,
        consent=consent,
        shared_at=now,
        keep_until=years_after(today, KEPT_YEARS),
        kind=kind,
        receiver=receiver.strip(),
        contact=contact.strip(),
        facts=list(facts),
        basis=basis,
        article=article.strip(),
        asked=asked.strip(),
    )
    sharing.save_as(by=by)
    referral = Referral(**about, sharing=sharing)
    referral.save_as(by=by)
    log.record(Event.REFERRAL_SENT, by=by, target=case_file)
    return referral


@transaction.atomic
def answer(*, referral: Referral, outcome: str, reply: str, by: User, now: datetime) -> Referral:
    """Write down what became of it: `outcome` is one of the states that can follow."""
    case_file = locked(referral.case_file)
    referral = Referral.objects.get(pk=referral.pk)
    referral.case_file = case_file
    referral_rules.check_can_answer_referral(by, referral)
    referral_rules.check_answer_fits(referral, outcome, reply)
    steps = {
        ReferralState.ACCEPTED: referral.accept,
        ReferralState.DECLINED: referral.decline,
        ReferralState.WITHDRAWN: referral.withdraw,
        ReferralState.ENDED: referral.end,
    }
    steps[ReferralState(outcome)](on=timezone.localdate(now), reply=reply.strip())
    referral.save_as(by=by)
    is_over = outcome == ReferralState.ENDED
    event = Event.REFERRAL_ENDED if is_over else Event.REFERRAL_ANSWERED
    log.record(event, by=by, target=case_file)
    return referral
