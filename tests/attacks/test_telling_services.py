"""Attacks on the ground of a referral: nothing is told on a consent that was taken back before."""

from threading import Event, Thread
from types import SimpleNamespace

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from audit import events, log
from audit.models import LoggedEvent
from casework import consent_rules, referral_rules
from casework.actions import consents, referrals
from casework.models import CaseFile, Consent, ConsentWithdrawal, Referral, Sharing
from casework.notices import CURRENT
from casework.reports import referral_letter
from kpm import pdf
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.vault.opening import open_groups
from tests.databases import IS_POSTGRESQL
from tests.factories import make_case_file, make_user

# So long somebody who has to wait is watched.
A_MOMENT = 0.5


def consent(case_file, by):
    return consents.record(
        case_file=case_file,
        purpose="sharing",
        giver="person",
        guardian="",
        manner="said",
        words="",
        notice=CURRENT.version,
        given_on=timezone.localdate(),
        by=by,
        now=timezone.now(),
    )


def send(case_file, by):
    return referrals.send(
        case_file=case_file,
        kind="health",
        receiver="石桥街道卫生院",
        contact="",
        facts=["name"],
        basis="consent",
        article="",
        asked="想请家庭医生上门",
        is_agreed=True,
        by=by,
        now=timezone.now(),
    )


class Waiting:
    """Somebody who does something in a thread of their own, and what became of it."""

    def __init__(self, act):
        self.result = None
        self._thread = Thread(target=self._run, args=(act,))
        self._thread.start()

    def _run(self, act):
        try:
            self.result = act()
        except (Refused, DatabaseError) as error:
            self.result = error
        finally:
            connections.close_all()

    def is_done(self, timeout=A_MOMENT):
        self._thread.join(timeout)
        return not self._thread.is_alive()


@pytest.fixture
def halfway(monkeypatch):
    """Lets a rule answer, and holds whoever asked it until the test lets go."""
    asked, go_on = Event(), Event()

    def hold(module, name):
        rule = getattr(module, name)

        def held(*about, **more):
            found = rule(*about, **more)
            asked.set()
            assert go_on.wait(30)
            return found

        monkeypatch.setattr(module, name, held)
        return asked, go_on

    yield hold
    go_on.set()


def names():
    rows = LoggedEvent.objects.filter(event__in=("referral.sent", "consent.withdrawn"))
    return list(rows.order_by("id").values_list("event", flat=True))


def test_whoever_sends_while_the_consent_is_taken_back_waits_and_is_refused(real_commits, halfway):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    asked, go_on = halfway(consent_rules, "check_can_withdraw_consent")

    taking = Waiting(lambda: consents.withdraw(consent=given, by=worker, now=timezone.now()))
    assert asked.wait(30)
    sending = Waiting(lambda: send(case_file, worker))
    assert not sending.is_done()
    go_on.set()

    assert taking.is_done(30)
    assert sending.is_done(30)
    assert isinstance(sending.result, Refused)
    assert sending.result.field == "basis"
    assert not Sharing.objects.exists()
    assert names() == ["consent.withdrawn"]


def test_whoever_takes_it_back_while_something_is_sent_waits_and_is_told(real_commits, halfway):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    asked, go_on = halfway(referral_rules, "ground")

    sending = Waiting(lambda: send(case_file, worker))
    assert asked.wait(30)
    taking = Waiting(lambda: consents.withdraw(consent=given, by=worker, now=timezone.now()))
    assert not taking.is_done()
    go_on.set()

    assert sending.is_done(30)
    assert taking.is_done(30)
    assert Sharing.objects.get().consent == given
    assert ConsentWithdrawal.objects.get().consent == given
    assert names() == ["referral.sent", "consent.withdrawn"]
    taken_back = consent_rules.taken_back(case_file, "sharing")
    assert referral_rules.is_without_ground(sending.result, taken_back)


def test_of_both_at_once_no_order_tells_a_service_too_late(real_commits, halfway, monkeypatch):
    # As if the actions held nothing: the database is asked as well.
    for module in (consents, referrals):
        monkeypatch.setattr(module, "locked", lambda found: CaseFile.objects.get(pk=found.pk))
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    asked, go_on = halfway(referral_rules, "ground")

    sending = Waiting(lambda: send(case_file, worker))
    assert asked.wait(30)
    taking = Waiting(lambda: consents.withdraw(consent=given, by=worker, now=timezone.now()))
    is_first = taking.is_done()
    go_on.set()

    assert sending.is_done(30)
    assert taking.is_done(30)
    # On SQLite one writes at a time, whatever the action holds.
    assert is_first == IS_POSTGRESQL
    assert isinstance(sending.result, DatabaseError) == is_first
    assert names() == (
        ["consent.withdrawn"] if is_first else ["referral.sent", "consent.withdrawn"]
    )
    assert Sharing.objects.count() == (0 if is_first else 1)


def test_whoever_takes_it_back_waits_for_what_is_being_written(real_commits, monkeypatch):
    for module in (consents, referrals):
        monkeypatch.setattr(module, "locked", lambda found: CaseFile.objects.get(pk=found.pk))
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    written, go_on = Event(), Event()

    def record(*about, **more):
        written.set()
        assert go_on.wait(30)
        return log.record(*about, **more)

    monkeypatch.setattr(referrals, "log", SimpleNamespace(record=record))
    sending = Waiting(lambda: send(case_file, worker))
    assert written.wait(30)
    taking = Waiting(lambda: consents.withdraw(consent=given, by=worker, now=timezone.now()))
    waited = not taking.is_done()
    go_on.set()

    assert sending.is_done(30)
    assert taking.is_done(30)
    assert waited
    assert Sharing.objects.get().consent == ConsentWithdrawal.objects.get().consent == given


def letter(referral, by):
    """The letter to the service, as a page asks for it."""
    found = Referral.objects.select_related("case_file__person", "sharing__consent")
    found = found.get(pk=referral.pk)
    with log.reading(
        by,
        event=events.Event.CASE_FILE_READ,
        purpose=events.Purpose.SERVICE,
        about=[found.case_file],
    ) as reading:
        open_groups([found.case_file.person], "head", reading=reading)
    return referral_letter.print_letter(
        case_file=found.case_file,
        referral=found,
        by=by,
        purpose=events.Purpose.SERVICE,
        now=timezone.now(),
    )


def test_no_letter_goes_out_that_was_made_before_the_consent_was_taken_back(
    real_commits, halfway, monkeypatch
):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    sent = send(case_file, worker)
    monkeypatch.setattr(pdf, "render", lambda *_about, **_more: b"%PDF")
    asked, go_on = halfway(pdf, "render")

    printing = Waiting(lambda: letter(sent, worker))
    assert asked.wait(30)
    consents.withdraw(consent=given, by=worker, now=timezone.now())
    go_on.set()

    assert printing.is_done(30)
    assert isinstance(printing.result, Refused)
    assert not LoggedEvent.objects.filter(event="referral.printed").exists()


def test_whoever_takes_it_back_while_a_letter_leaves_waits(real_commits, halfway, monkeypatch):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    given = consent(case_file, worker)
    sent = send(case_file, worker)
    monkeypatch.setattr(pdf, "render", lambda *_about, **_more: b"%PDF")
    # Asked a first time before it is made, without the lock.
    check, times = referral_letter.check, []
    asked, go_on = Event(), Event()

    def held(*about):
        check(*about)
        times.append(about)
        if len(times) == 2:
            asked.set()
            assert go_on.wait(30)

    monkeypatch.setattr(referral_letter, "check", held)
    printing = Waiting(lambda: letter(sent, worker))
    assert asked.wait(30)
    taking = Waiting(lambda: consents.withdraw(consent=given, by=worker, now=timezone.now()))
    waited = not taking.is_done()
    go_on.set()

    assert printing.is_done(30)
    assert taking.is_done(30)
    assert waited
    assert printing.result == b"%PDF"
    printed = LoggedEvent.objects.get(event="referral.printed")
    assert printed.id < LoggedEvent.objects.get(event="consent.withdrawn").id
    with pytest.raises(Refused):
        letter(sent, worker)


@pytest.mark.django_db
def test_the_database_takes_no_consent_that_was_taken_back_or_given_anew():
    worker = make_user()
    case_file = make_case_file(lead=worker)
    first = consent(case_file, worker)
    second = consent(case_file, worker)
    consents.withdraw(consent=second, by=worker, now=timezone.now())
    for given in (first, second):
        wrong = Sharing(
            key_owner=case_file.pk,
            case_file=case_file,
            district=case_file.district,
            shared_by=worker,
            shared_at=timezone.now(),
            keep_until=timezone.localdate(),
            consent=given,
            kind="health",
            receiver="x",
            facts=["name"],
            basis="consent",
            asked="x",
        )
        with pytest.raises(DatabaseError, match="rests_on_a_consent"), transaction.atomic():
            wrong.save_as(by=worker)


@pytest.mark.django_db
def test_the_database_keeps_one_consent_to_a_purpose():
    worker = make_user()
    case_file = make_case_file(lead=worker)
    held = consent(case_file, worker)
    again = Consent.objects.get(pk=held.pk)
    again.pk, again._state.adding = uuid7(), True
    with pytest.raises(DatabaseError, match="one_consent_to_a_purpose"), transaction.atomic():
        Consent.objects.bulk_create([again])
    consents.withdraw(consent=held, by=worker, now=timezone.now())
    assert consent(case_file, worker).replaces is None
