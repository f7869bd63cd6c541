"""Referrals: only what a service needs, on a ground that holds, and written down at once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import consent_rules
from casework.actions import consents, referrals
from casework.destinations import FACTS, RECEIVERS
from casework.models import CaseFile, Referral, Sharing
from casework.notices import CURRENT
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import OTHER_TOWNSHIP, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate()
SAID = {
    "kind": "civil_affairs",
    "receiver": "石桥街道民政办",
    "contact": "李主任 80001234",
    "facts": ["name", "phone"],
    "basis": "statutory",
    "article": "《社会救助暂行办法》第四条",
    "asked": "想申请临时救助",
    "is_agreed": True,
}


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


def send(case_file, by, **said):
    return referrals.send(case_file=case_file, by=by, now=NOW, **{**SAID, **said})


def answer(referral, by, outcome="accepted", reply=""):
    return referrals.answer(referral=referral, outcome=outcome, reply=reply, by=by, now=NOW)


def consent(case_file, by, purpose="sharing"):
    return consents.record(
        case_file=case_file,
        purpose=purpose,
        giver="person",
        guardian="",
        manner="said",
        words="",
        notice=CURRENT.version,
        given_on=TODAY,
        by=by,
        now=NOW,
    )


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


class TestSending:
    def test_it_stands_on_the_page_with_what_was_told_and_why(self, client, case_file):
        assert page("refer", case_file, "civil_affairs") in (
            client.get(page("list_referrals", case_file)).content.decode()
        )
        sent = {key: value for key, value in SAID.items() if key != "kind"}
        there = client.post(page("refer", case_file, "civil_affairs"), sent, follow=True)
        words = there.content.decode()
        for said in ("石桥街道民政办", "李主任", "想申请临时救助", "第四条", "Sent, no answer yet"):
            assert said in words
        assert "Name, Phone" in words
        (event,) = events("referral.sent")
        assert event.subject == case_file.number
        assert "民政" not in event.body
        assert Sharing.objects.get().keep_until >= TODAY + timedelta(days=3 * 365)

    def test_who_has_not_consented_is_seen_before_anything_is_typed(
        self, client, case_file, worker
    ):
        address = page("refer", case_file, "health")
        asked = "No consent to telling another service holds"
        assert asked in client.get(address).text
        given = consent(case_file, worker)
        assert asked not in client.get(address).text
        consents.withdraw(consent=given, by=worker, now=NOW)
        assert asked in client.get(address).text

    def test_where_a_field_is_needed_stands_beside_it_though_it_is_a_box_to_tick(
        self, client, case_file
    ):
        assert "(where it rests on consent)" in client.get(page("refer", case_file, "health")).text

    def test_no_plain_column_says_to_whom_or_what(self, case_file, worker):
        send(case_file, worker)
        rows = [Sharing.objects.values().get(), Referral.objects.values().get()]
        for row in (*rows, Sharing.history.values().get()):
            plain = str({k: v for k, v in row.items() if k not in ("body", "answer")})
            for said in ("民政", "civil", "救助", "statutory", "phone"):
                assert said not in plain

    def test_no_value_is_in_the_record(self, case_file, worker):
        assert send(case_file, worker).sharing.facts == ["name", "phone"]

    def test_no_template_holds_a_level_or_a_group(self):
        for each in RECEIVERS.values():
            assert set(each.facts) <= set(FACTS)
        assert not set(FACTS) & {"level", "population", "risk_level", "group"}

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"facts": ["name", "birth_on"]}, "facts"),
            ({"facts": []}, "facts"),
            ({"facts": ["level"]}, "facts"),
            ({"kind": "police"}, "kind"),
            ({"receiver": " "}, "receiver"),
            ({"asked": " "}, "asked"),
            ({"article": " "}, "article"),
            ({"basis": "emergency", "article": ""}, "article"),
            ({"basis": "consent"}, "basis"),
            ({"basis": "whatever"}, "basis"),
            ({"facts": ["name", "name"]}, "facts"),
        ],
    )
    def test_what_does_not_fit_is_refused_beside_the_field(self, case_file, worker, said, field):
        with pytest.raises(Refused) as refused:
            send(case_file, worker, **said)
        assert refused.value.field == field
        assert not Sharing.objects.exists()
        assert not events("referral.sent")

    def test_a_form_that_is_refused_keeps_what_was_typed(self, client, case_file):
        sent = {**SAID, "basis": "consent", "facts": ["name"]}
        there = client.post(page("refer", case_file, "civil_affairs"), sent)
        assert there.status_code == 422
        assert "想申请临时救助" in there.content.decode()
        assert "No consent to telling another service holds." in there.content.decode()

    def test_a_fact_of_another_template_is_no_choice(self, client, case_file):
        sent = {**SAID, "facts": ["name", "birth_on"]}
        assert client.post(page("refer", case_file, "civil_affairs"), sent).status_code == 422
        assert not Sharing.objects.exists()

    def test_a_service_that_there_is_not_is_not_found(self, client, case_file):
        assert client.get(page("refer", case_file, "police")).status_code == 404


class TestTheGround:
    def test_a_consent_that_holds_is_one(self, case_file, worker):
        consent(case_file, worker)
        send(case_file, worker, basis="consent", article="")

    def test_to_each_service_the_person_says_yes_apart(self, client, case_file, worker):
        consent(case_file, worker)
        with pytest.raises(Refused) as refused:
            send(case_file, worker, basis="consent", article="", is_agreed=False)
        assert refused.value.field == "is_agreed"
        sent = {**SAID, "basis": "consent", "article": ""}
        del sent["is_agreed"]
        there = client.post(page("refer", case_file, "civil_affairs"), sent)
        assert there.status_code == 422
        assert not Sharing.objects.exists()
        sent["is_agreed"] = "on"
        assert client.post(page("refer", case_file, "civil_affairs"), sent).status_code == 302

    def test_a_yes_given_anew_after_a_no_does_not_cover_what_was_told_before(
        self, client, case_file, worker
    ):
        given = consent(case_file, worker)
        send(case_file, worker, basis="consent", article="")
        there = client.post(page("withdraw_consent", case_file, 1), follow=True)
        said = "A service was told something on a consent that is withdrawn"
        assert said in there.content.decode()
        again = consent(case_file, worker)
        assert (again.replaces, given.sharings.count()) == (None, 1)
        listed = client.get(page("list_referrals", case_file)).content.decode()
        assert "The consent was withdrawn since" in listed

    def test_one_that_was_given_anew_without_a_no_goes_on(self, client, case_file, worker):
        consent(case_file, worker)
        send(case_file, worker, basis="consent", article="")
        newer = consent(case_file, worker)
        said = "The consent was withdrawn since"
        assert said not in client.get(page("list_referrals", case_file)).content.decode()
        consents.withdraw(consent=newer, by=worker, now=NOW)
        assert said in client.get(page("list_referrals", case_file)).content.decode()

    def test_of_many_given_anew_each_goes_with_the_last(self, case_file, worker):
        asked = [consent(case_file, worker) for _each in range(4)]
        family = consent(case_file, worker, "family")
        assert consent_rules.taken_back(case_file, "sharing") == set()
        consents.withdraw(consent=asked[-1], by=worker, now=NOW)
        again = consent(case_file, worker)
        consents.withdraw(consent=family, by=worker, now=NOW)
        found = consent_rules.taken_back(case_file, "sharing")
        assert found == {each.pk for each in asked}
        assert again.pk not in found

    def test_pages_ask_as_often_however_many_there_are(
        self, client, case_file, worker, django_assert_max_num_queries
    ):
        for _each in range(6):
            consent(case_file, worker)
            send(case_file, worker, basis="consent", article="")
        for name in ("list_referrals", "list_consents"):
            with django_assert_max_num_queries(19):
                assert client.get(page(name, case_file)).status_code == 200

    def test_the_database_takes_no_consent_of_another_file_or_aim(self, case_file, worker):
        about = {
            "key_owner": case_file.pk,
            "case_file": case_file,
            "district": case_file.district,
            "shared_by": worker,
            "shared_at": NOW,
            "keep_until": TODAY,
        }
        for given in (
            consent(make_case_file(lead=worker), worker),
            consent(case_file, worker, "family"),
        ):
            wrong = Sharing(
                **about,
                consent=given,
                kind="health",
                receiver="x",
                facts=["name"],
                basis="consent",
                asked="x",
            )
            with pytest.raises(DatabaseError), transaction.atomic():
                wrong.save_as(by=worker)

    def test_a_consent_to_something_else_is_none(self, case_file, worker):
        consent(case_file, worker, "family")
        with pytest.raises(Refused):
            send(case_file, worker, basis="consent")

    def test_one_that_was_taken_back_is_none_and_what_rests_on_it_says_so(
        self, client, case_file, worker
    ):
        given = consent(case_file, worker)
        referral = send(case_file, worker, basis="consent", article="")
        said = "The consent was withdrawn since"
        assert said not in client.get(page("list_referrals", case_file)).content.decode()
        consents.withdraw(consent=given, by=worker, now=NOW)
        assert said in client.get(page("list_referrals", case_file)).content.decode()
        with pytest.raises(Refused):
            send(case_file, worker, basis="consent")
        answer(referral, worker, "withdrawn", "本人不想继续")
        assert said not in client.get(page("list_referrals", case_file)).content.decode()


class TestWhatBecomesOfIt:
    def test_what_was_accepted_can_but_end_and_how_is_not_optional(self, client, case_file, worker):
        referral = send(case_file, worker)
        address = page("answer_referral", case_file, 1)
        assert "(needed unless it is accepted)" in client.get(address).text
        answer(referral, worker)
        words = client.get(address).text
        assert "(needed unless" not in words
        assert "(optional)" not in words
        assert words.count("checked") == 1
        refused = client.post(address, {"outcome": "ended", "reply": " "})
        assert refused.status_code == 422
        assert "Say it in a few words." in refused.text

    def test_accepted_and_then_ended(self, client, case_file, worker):
        send(case_file, worker)
        client.post(page("answer_referral", case_file, 1), {"outcome": "accepted"})
        ended = {"outcome": "ended", "reply": "救助金已到账"}
        words = client.post(page("answer_referral", case_file, 1), ended, follow=True)
        assert "救助金已到账" in words.content.decode()
        assert [len(events(f"referral.{name}")) for name in ("answered", "ended")] == [1, 1]
        assert Referral.objects.get().state == "ended"

    @pytest.mark.parametrize("outcome", ["declined", "withdrawn"])
    def test_a_no_has_its_reason(self, case_file, worker, outcome):
        referral = send(case_file, worker)
        with pytest.raises(Refused) as refused:
            answer(referral, worker, outcome)
        assert refused.value.field == "reply"
        answer(referral, worker, outcome, "条件不符")
        assert Referral.objects.get().answered_on == TODAY

    def test_nothing_is_ended_that_was_not_accepted_and_nothing_twice(self, case_file, worker):
        referral = send(case_file, worker)
        with pytest.raises(Refused):
            answer(referral, worker, "ended", "x")
        answer(referral, worker)
        with pytest.raises(Refused):
            answer(referral, worker)
        answer(referral, worker, "ended", "x")
        for outcome in ("accepted", "ended", "withdrawn"):
            with pytest.raises(Refused):
                answer(referral, worker, outcome, "x")

    def test_a_page_from_before_is_refused(self, client, case_file, worker):
        answer(send(case_file, worker), worker, "declined", "x")
        there = client.post(page("answer_referral", case_file, 1), {"outcome": "accepted"})
        assert there.status_code == 422
        assert "This has been ended already." in there.content.decode()

    def test_one_that_there_is_not_is_not_found(self, client, case_file):
        assert client.get(page("answer_referral", case_file, 1)).status_code == 404

    def test_what_was_said_at_the_yes_stays_beside_the_end(self, client, case_file, worker):
        referral = send(case_file, worker)
        answer(referral, worker, "accepted", "下周三面谈")
        answer(referral, worker, "ended", "已到账")
        words = client.get(page("list_referrals", case_file)).content.decode()
        assert "下周三面谈" in words
        assert "已到账" in words

    def test_on_a_closed_file_something_is_still_taken_back(self, case_file, worker):
        referral = send(case_file, worker)
        CaseFile.objects.filter(pk=case_file.pk).update(status="closed", closed_on=TODAY)
        answer(referral, worker, "withdrawn", "本人不想继续")
        with pytest.raises(Refused):
            send(CaseFile.objects.get(pk=case_file.pk), worker)


class TestWhoMay:
    def test_the_team_and_nobody_else(self, case_file, worker):
        referral = send(case_file, worker)
        elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        for somebody in (make_user(), make_user(Role.SUPERVISOR), elsewhere):
            with pytest.raises(Refused):
                send(case_file, somebody)
            with pytest.raises(Refused):
                answer(referral, somebody)

    def test_others_do_not_find_the_pages(self, case_file, worker):
        send(case_file, worker)
        stranger = client_for(make_user())
        for name, *args in (
            ("list_referrals",),
            ("refer", "health"),
            ("answer_referral", 1),
        ):
            assert stranger.get(page(name, case_file, *args)).status_code == 404


class TestTheDatabase:
    def test_what_was_told_is_written_once(self, case_file, worker):
        referral = send(case_file, worker)
        for rows, change in (
            (Sharing.objects.all(), {"keep_until": TODAY}),
            (Sharing.objects.all(), {"shared_at": NOW - timedelta(days=1)}),
            (Referral.objects.all(), {"answered_on": TODAY}),
        ):
            with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
                rows.update(**change)
            with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
                rows.delete()
        answer(referral, worker, "accepted", "x")
        with pytest.raises(DatabaseError), transaction.atomic():
            Referral.objects.update(answered_on=TODAY - timedelta(days=1))

    def test_a_referral_goes_with_a_record_of_its_file(self, case_file, worker):
        sharing = send(case_file, worker).sharing
        other = make_case_file(lead=worker)
        wrong = Referral(
            key_owner=other.pk, case_file=other, district=other.district, sharing=sharing
        )
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            wrong.save_as(by=worker)
