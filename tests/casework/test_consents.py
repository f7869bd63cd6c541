"""Consents: one yes to one purpose, after a notice; taken back without a question."""

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import consent_rules, referral_rules
from casework.actions import consents
from casework.models import CaseFile, Consent, ConsentWithdrawal
from casework.models.consents import ConsentPurpose
from casework.notices import CURRENT, NOTICES
from kpm.errors import Refused
from kpm.permissions import Role
from tests.conftest import RealCommits
from tests.factories import (
    OTHER_TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate()
SAID = {
    "purpose": "service",
    "giver": "person",
    "guardian": "",
    "manner": "signed",
    "words": "说愿意，先试试看",
    "notice": CURRENT.version,
    "given_on": TODAY,
}
# The same as a page sends it.
SENT = {**SAID, "seen": CURRENT.version}
del SENT["notice"]


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


@pytest.fixture
def client(worker):
    return client_for(worker)


def page(name, case_file, *args):
    return reverse(f"casework:{name}", args=(case_file.number, *args))


def record(case_file, by, **said):
    return consents.record(case_file=case_file, by=by, now=NOW, **{**SAID, **said})


def withdraw(consent, by):
    return consents.withdraw(consent=consent, by=by, now=timezone.now())


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def live(case_file, purpose="service"):
    return consent_rules.live_consent(case_file, purpose)


class TestTheYes:
    def test_it_is_recorded_after_the_notice_and_stands_on_the_file(self, client, case_file):
        form = client.get(page("record_consent", case_file)).content.decode()
        assert str(CURRENT.for_all) in form
        for text in CURRENT.purposes.values():
            assert str(text) in form
        words = client.post(page("record_consent", case_file), SENT, follow=True).content.decode()
        assert "说愿意，先试试看" in words
        assert "Holds" in words
        assert "Support and a file" in client.get(case_file.get_absolute_url()).content.decode()
        (event,) = events("consent.recorded")
        assert event.subject == case_file.number
        assert "愿意" not in event.body

    def test_every_purpose_has_its_text_in_every_notice(self):
        assert [each.version for each in NOTICES] == list(range(1, len(NOTICES) + 1))
        for each in NOTICES:
            assert set(each.purposes) == set(ConsentPurpose.values)

    def test_each_purpose_stands_by_itself(self, case_file, worker):
        record(case_file, worker)
        assert live(case_file) is not None
        assert live(case_file, "sharing") is None

    def test_no_plain_column_says_who_said_it_and_how(self, case_file, worker):
        record(case_file, worker, giver="guardian", guardian="王强", manner="phone")
        for row in (Consent.objects.values().get(), Consent.history.values().get()):
            plain = str({key: value for key, value in row.items() if key != "body"})
            assert not any(word in plain for word in ("guardian", "王强", "phone", "愿意"))

    def test_a_text_that_was_not_read_out_is_consented_to_by_nobody(self, client, case_file):
        old = {**SENT, "seen": CURRENT.version - 1}
        answer = client.post(page("record_consent", case_file), old)
        assert answer.status_code == 422
        assert "The notice has a new text." in answer.content.decode()
        assert "说愿意" in answer.content.decode()
        assert not Consent.objects.exists()
        # The page that says so shows the new text, and counts for it.
        seen = {"seen": answer.context["form"].current}
        assert f'name="seen" value="{seen["seen"]}"' in answer.content.decode()
        assert client.post(page("record_consent", case_file), SENT | seen).status_code == 302

    def test_no_action_takes_another_text_than_the_last(self, case_file, worker):
        with pytest.raises(Refused, match="new text"):
            record(case_file, worker, notice=CURRENT.version - 1)

    def test_what_has_not_happened_yet_is_refused_beside_the_day(self, case_file, worker):
        with pytest.raises(Refused) as refused:
            record(case_file, worker, given_on=TODAY + timedelta(days=1))
        assert refused.value.field == "given_on"

    def test_nobody_consented_before_the_law_of_the_notice(self, case_file, worker):
        for given_on in (date(1, 1, 1), consent_rules.FROM_ON - timedelta(days=1)):
            with pytest.raises(Refused) as refused:
                record(case_file, worker, giver="guardian", guardian="王强", given_on=given_on)
            assert refused.value.field == "given_on"
        record(case_file, worker, given_on=consent_rules.FROM_ON)

    @pytest.mark.parametrize("wrong", ["purpose", "giver", "manner"])
    def test_what_there_is_not_is_refused(self, case_file, worker, wrong):
        with pytest.raises(Refused) as refused:
            record(case_file, worker, **{wrong: "whatever"})
        assert refused.value.field == wrong


class TestChildren:
    def child(self, worker, birth_on):
        about = {"birth_on": birth_on, "id_number": ""}
        return make_case_file(population="left_behind_child", lead=worker, **about)

    @pytest.mark.parametrize(
        ("born", "may"),
        [
            # Full years count from the day after the birthday.
            (date(2012, 11, 27), False),
            (date(2012, 11, 26), True),
            (date(2016, 1, 1), False),
        ],
    )
    def test_under_14_a_guardian_consents(self, worker, born, may):
        case_file = self.child(worker, born)
        given_on = date(2026, 11, 27)
        about = {
            "giver": "person",
            "guardian": "",
            "words": "住校，家里电话打不通",
            "population": "left_behind_child",
            "birth_on": case_file.person.birth_on,
            "given_on": given_on,
        }
        if may:
            consent_rules.check_giver_fits(**about)
            return
        with pytest.raises(Refused) as refused:
            consent_rules.check_giver_fits(**about)
        assert refused.value.field == "giver"

    def test_the_action_asks_for_the_age(self, worker):
        case_file = self.child(worker, TODAY - timedelta(days=3_000))
        with pytest.raises(Refused):
            record(case_file, worker)
        record(case_file, worker, giver="guardian", guardian=" 王强 ")

    def test_a_guardian_is_named(self, case_file, worker):
        with pytest.raises(Refused) as refused:
            record(case_file, worker, giver="guardian", guardian="  ")
        assert refused.value.field == "guardian"

    def test_a_child_without_a_birthday_is_a_child(self):
        about = {
            "giver": "person",
            "guardian": "",
            "words": "",
            "birth_on": None,
            "given_on": TODAY,
        }
        with pytest.raises(Refused) as refused:
            consent_rules.check_giver_fits(population="left_behind_child", **about)
        assert refused.value.field == "giver"
        consent_rules.check_giver_fits(population="empty_nest_elder", **about)

    @pytest.mark.parametrize(
        ("age", "giver", "words", "field"),
        [
            (13, "person", "说愿意", "giver"),
            (13, "guardian", "", None),
            (13, "both", "", None),
            (14, "both", "", None),
            (14, "person", "", "words"),
            (14, "person", "怕父亲知道，先不问他", None),
            (17, "guardian", " ", "words"),
            (17, "guardian", "住院，说不了话", None),
            (18, "person", "", None),
            (18, "guardian", "", None),
        ],
    )
    def test_from_14_to_17_both_are_asked_or_it_is_said_why_not(self, age, giver, words, field):
        about = {
            "giver": giver,
            "guardian": "" if giver == "person" else "王强",
            "words": words,
            "population": "community_correction",
            "birth_on": date(TODAY.year - age - 1, 12, 31),
            "given_on": date(TODAY.year, 6, 1),
        }
        if field is None:
            consent_rules.check_giver_fits(**about)
            return
        with pytest.raises(Refused) as refused:
            consent_rules.check_giver_fits(**about)
        assert refused.value.field == field

    def test_who_says_it_with_the_person_is_named_and_kept(self, case_file, worker):
        with pytest.raises(Refused) as refused:
            record(case_file, worker, giver="both", guardian=" ")
        assert refused.value.field == "guardian"
        assert record(case_file, worker, giver="both", guardian=" 王强 ").guardian == "王强"

    def test_what_was_said_before_they_turned_14_is_asked_of_them(self, worker):
        # The day after the fourteenth birthday is the first on which they are 14.
        turned = timezone.localdate() - timedelta(days=1)
        born = date(turned.year - 14, turned.month, min(turned.day, 28))
        case_file = make_case_file(
            population="left_behind_child",
            lead=worker,
            birth_on=born,
            today=TODAY - timedelta(days=60),
        )
        said_on = TODAY - timedelta(days=40)
        yes = record(
            case_file,
            worker,
            giver="guardian",
            guardian="王强",
            purpose="sharing",
            given_on=said_on,
        )
        assert consent_rules.standing_of(yes, born, said_on) == "live"
        assert consent_rules.standing_of(yes, born, TODAY) == "outgrown"
        assert consent_rules.standing_of(yes, None, TODAY) == "live"

        # It carries nothing new, the page says so, and it can still be taken back.
        about = {"is_agreed": True, "person": case_file.person, "today": TODAY}
        with pytest.raises(Refused, match="turned 14") as refused:
            referral_rules.ground(case_file, "consent", "", **about)
        assert refused.value.field == "basis"
        client = client_for(worker)
        for address in (page("list_consents", case_file), case_file.get_absolute_url()):
            assert "14 since then: ask them" in client.get(address).text
        assert (
            page("withdraw_consent", case_file, 1)
            in client.get(page("list_consents", case_file)).text
        )

        # What they say themselves takes its place.
        own = record(case_file, worker, giver="both", guardian="王强", purpose="sharing")
        assert referral_rules.ground(case_file, "consent", "", **about) == own
        assert "14 since then" not in client.get(page("list_consents", case_file)).text

    def test_the_name_of_a_guardian_who_did_not_speak_is_not_kept(self, case_file, worker):
        assert record(case_file, worker, guardian="王强").guardian == ""


class TestTakingBack:
    def test_one_button_without_a_question(self, client, case_file, worker):
        record(case_file, worker)
        listed = client.get(page("list_consents", case_file)).content.decode()
        assert page("withdraw_consent", case_file, 1) in listed
        answer = client.post(page("withdraw_consent", case_file, 1), follow=True)
        assert "Withdrawn" in answer.content.decode()
        assert live(case_file) is None
        assert len(events("consent.withdrawn")) == 1

    def test_an_open_file_without_its_ground_says_so(self, client, case_file, worker):
        said = "The consent to support was withdrawn."
        consent = record(case_file, worker)
        images = record(case_file, worker, purpose="images")
        withdraw(images, worker)
        assert said not in client.get(case_file.get_absolute_url()).content.decode()
        withdraw(consent, worker)
        assert said in client.get(case_file.get_absolute_url()).content.decode()
        record(case_file, worker)
        assert said not in client.get(case_file.get_absolute_url()).content.decode()

    def test_it_is_taken_back_once(self, client, case_file, worker):
        consent = record(case_file, worker)
        withdraw(consent, worker)
        with pytest.raises(Refused):
            withdraw(consent, worker)
        answer = client.post(page("withdraw_consent", case_file, 1), follow=True)
        assert "withdrawn already" in answer.content.decode()
        assert ConsentWithdrawal.objects.count() == 1

    def test_one_that_was_given_anew_does_not_come_back(self, case_file, worker):
        first = record(case_file, worker)
        second = record(case_file, worker, manner="said")
        assert (second.replaces, live(case_file)) == (first, second)
        with pytest.raises(Refused):
            withdraw(first, worker)
        withdraw(second, worker)
        assert live(case_file) is None

    def test_a_yes_from_before_the_last_word_brings_nothing_back(self, case_file, worker):
        early = TODAY - timedelta(days=3)
        case_file = make_case_file(lead=worker)
        held = record(case_file, worker)
        with pytest.raises(Refused) as refused:
            record(case_file, worker, given_on=early)
        assert refused.value.field == "given_on"
        assert live(case_file) == held
        withdraw(held, worker)
        with pytest.raises(Refused):
            record(case_file, worker, given_on=early)
        assert live(case_file) is None
        # Of a yes and a no on one day the one that is recorded later counts.
        again = record(case_file, worker)
        assert live(case_file) == again

    def test_a_supervisor_takes_it_back_too(self, case_file, worker):
        withdraw(record(case_file, worker), make_user(Role.SUPERVISOR))

    def test_on_a_closed_file_as_well(self, case_file, worker):
        consent = record(case_file, worker)
        CaseFile.objects.filter(pk=case_file.pk).update(status="closed", closed_on=TODAY)
        withdraw(consent, worker)
        case_file.refresh_from_db(fields=["status"])
        with pytest.raises(Refused):
            record(case_file, worker)


class TestWhoMay:
    def test_the_team_records_and_nobody_else(self, case_file):
        for somebody in (make_user(), make_user(Role.SUPERVISOR)):
            with pytest.raises(Refused):
                record(case_file, somebody)

    def test_others_take_nothing_back(self, case_file, worker):
        consent = record(case_file, worker)
        elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        for somebody in (make_user(), elsewhere):
            with pytest.raises(Refused):
                withdraw(consent, somebody)

    def test_others_do_not_find_the_pages(self, case_file, worker):
        record(case_file, worker)
        stranger = client_for(make_user())
        assert stranger.get(page("list_consents", case_file)).status_code == 404
        assert stranger.get(page("record_consent", case_file)).status_code == 404
        assert stranger.post(page("withdraw_consent", case_file, 1)).status_code == 404

    def test_whoever_left_the_team_records_nothing_more(self, case_file, worker):
        assign(case_file, make_user())
        with pytest.raises(Refused):
            record(case_file, worker)

    def test_a_consent_that_there_is_not_is_not_found(self, client, case_file):
        assert client.post(page("withdraw_consent", case_file, 1)).status_code == 404


class TestTheDatabase:
    def test_a_yes_and_a_no_are_written_once(self, case_file, worker):
        consent = record(case_file, worker)
        withdrawal = withdraw(consent, worker)
        for rows, change in (
            (Consent.objects.filter(pk=consent.pk), {"given_on": date(2026, 1, 1)}),
            (Consent.objects.filter(pk=consent.pk), {"purpose": "images"}),
            (ConsentWithdrawal.objects.filter(pk=withdrawal.pk), {"withdrawn_at": NOW}),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(**change)
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.delete()

    def test_it_takes_the_place_of_one_of_its_file_and_purpose(self, case_file, worker):
        other = record(make_case_file(lead=worker), worker)
        mine = record(case_file, worker, purpose="images")
        for replaces in (other, mine):
            wrong = Consent(
                key_owner=case_file.pk,
                case_file=case_file,
                district=case_file.district,
                purpose="service",
                notice=1,
                given_on=TODAY,
                recorded_by=worker,
                recorded_at=NOW,
                replaces=replaces,
                giver="person",
                manner="said",
            )
            with pytest.raises(DatabaseError), transaction.atomic():
                wrong.save_as(by=worker)

    def test_one_has_one_successor(self, case_file, worker):
        first = record(case_file, worker)
        second = record(case_file, worker)
        copy = Consent.objects.get(pk=second.pk)
        copy.pk, copy._state.adding = first.pk, True
        with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
            Consent.objects.bulk_create([copy])


def test_of_two_at_once_one_holds(real_commits: RealCommits):
    worker = make_user()
    case_file = make_case_file(lead=worker)
    at_once(2, lambda _n: record(case_file, worker))
    assert Consent.objects.count() == 2
    holding = [
        each
        for each in Consent.objects.select_related("withdrawal", "replacement")
        if consent_rules.standing(each) == "live"
    ]
    assert len(holding) == 1
