"""Hand-overs: offered with a note, answered once, and one lead at every moment."""

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework import hand_over_rules
from casework.actions import assignments, hand_overs
from casework.models import Assignment, CaseFile, HandOver
from casework.models.case_files import Status
from kpm.errors import Refused
from kpm.permissions import Role
from tests.conftest import RealCommits
from tests.factories import (
    OTHER_TOWNSHIP,
    assign,
    change_role,
    client_for,
    make_case_file,
    make_unit,
    make_user,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
NOTE = "怕生，先打电话再上门。"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def other():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def offer(case_file, to, by, note=NOTE):
    return hand_overs.offer(case_file=case_file, worker=to, note=note, by=by, now=timezone.now())


def accept(hand_over, by):
    return hand_overs.accept(hand_over=hand_over, by=by, now=timezone.now())


def leads_of(case_file):
    rows = Assignment.objects.active().filter(case_file=case_file, role="lead")
    return [each.worker for each in rows]


def events(case_file):
    rows = LoggedEvent.objects.filter(subject=case_file.number, event__startswith="hand_over")
    return [each.event.removeprefix("hand_over.") for each in rows.order_by("id")]


def test_until_somebody_accepts_whoever_led_goes_on_leading(case_file, worker, other):
    made = offer(case_file, other, worker)
    assert leads_of(case_file) == [worker]
    accept(made, other)
    assert leads_of(case_file) == [other]
    former = Assignment.objects.get(case_file=case_file, worker=worker)
    assert former.until_on is not None
    assert events(case_file) == ["offered", "accepted"]


def test_the_note_is_sealed_and_read_by_whom_it_is_offered_to(case_file, worker, other):
    made = offer(case_file, other, worker)
    assert NOTE.encode() not in bytes(HandOver.objects.values_list("body", flat=True).get())
    client = client_for(other)
    assert "files offered to you" in client.get("/today/").text
    page = client.get(f"/hand-overs/{made.number}/").text
    assert NOTE in page
    read = LoggedEvent.objects.filter(event="case_file.read", actor=other.log_reference).last()
    assert '"rule":"offered"' in read.body
    assert "hand_over.body" in read.body
    # The file itself is not theirs yet.
    assert client.get(f"/files/{case_file.number}/").status_code == 404
    answer = client.post(f"/hand-overs/{made.number}/accept/", follow=True)
    assert answer.redirect_chain[0][0] == f"/files/{case_file.number}/"
    assert "You lead this file from now on." in answer.text


def test_nobody_else_sees_an_offer(case_file, worker, other, supervisor):
    made = offer(case_file, other, supervisor)
    for user in (make_user(), make_user(Role.SUPERVISOR)):
        assert client_for(user).get(f"/hand-overs/{made.number}/").status_code == 404
    for user in (worker, other, supervisor):
        assert client_for(user).get(f"/hand-overs/{made.number}/").status_code == 200
    hand_overs.decline(hand_over=made, reply="On leave", by=other, now=timezone.now())
    # What was offered to them is no more their business.
    assert client_for(other).get(f"/hand-overs/{made.number}/").status_code == 404
    assert "On leave" in client_for(supervisor).get(f"/hand-overs/{made.number}/").text


def test_whoever_gave_a_file_away_has_no_more_to_do_with_it(case_file, worker, other, supervisor):
    made = offer(case_file, other, worker)
    accept(made, other)
    for user in (worker, other, supervisor):
        assert client_for(user).get(f"/hand-overs/{made.number}/").status_code == 404
    listed = client_for(worker).get("/hand-overs/").text
    assert case_file.number in listed
    assert f"/hand-overs/{made.number}/" not in listed


def test_whoever_lost_the_lead_reads_no_answer_any_more(case_file, worker, other, supervisor):
    made = offer(case_file, other, worker)
    hand_overs.decline(hand_over=made, reply="Too far.", by=other, now=timezone.now())
    assert client_for(worker).get(f"/hand-overs/{made.number}/").status_code == 200
    today = timezone.localdate()
    assignments.assign(case_file=case_file, worker=other, role="lead", by=supervisor, today=today)
    assert client_for(worker).get(f"/hand-overs/{made.number}/").status_code == 404


def test_whoever_declines_says_why_and_the_lead_stays(case_file, worker, other):
    made = offer(case_file, other, worker)
    client = client_for(other)
    assert client.post(f"/hand-overs/{made.number}/", {"reply": ""}).status_code == 422
    answer = client.post(f"/hand-overs/{made.number}/", {"reply": "Too far."}, follow=True)
    assert "You declined." in answer.text
    assert leads_of(case_file) == [worker]
    with pytest.raises(Refused, match="over"):
        accept(made, other)


def test_whoever_offered_takes_it_back(case_file, worker, other):
    made = offer(case_file, other, worker)
    with pytest.raises(Refused, match="takes it back"):
        hand_overs.withdraw(hand_over=made, by=other, now=timezone.now())
    answer = client_for(worker).post(f"/hand-overs/{made.number}/withdraw/", follow=True)
    assert "taken back" in answer.text
    with pytest.raises(Refused, match="over"):
        hand_overs.withdraw(hand_over=made, by=worker, now=timezone.now())
    again = client_for(worker).post(f"/hand-overs/{made.number}/withdraw/", follow=True)
    assert "This offer is over." in again.text
    assert client_for(other).post(f"/hand-overs/{made.number}/accept/").status_code == 404


def test_only_the_lead_or_a_supervisor_offers_and_once_at_a_time(case_file, worker, other):
    deputy = make_user()
    assign(case_file, deputy, role="deputy")
    with pytest.raises(Refused, match="Only the lead worker"):
        offer(case_file, other, deputy)
    with pytest.raises(Refused, match="lead this file already"):
        offer(case_file, worker, worker)
    with pytest.raises(Refused, match="in a sentence"):
        offer(case_file, other, worker, note="Hi")
    offer(case_file, other, worker)
    with pytest.raises(Refused, match="already"):
        offer(case_file, deputy, worker)


def test_a_file_without_a_lead_is_assigned_not_handed_over(other, supervisor):
    with pytest.raises(Refused, match="Nobody leads"):
        offer(make_case_file(), other, supervisor)


def test_nobody_is_offered_what_they_cannot_lead(case_file, worker):
    stranger = make_user(unit=make_unit(OTHER_TOWNSHIP))
    with pytest.raises(Refused, match="not there for this unit"):
        offer(case_file, stranger, worker)


def test_whoever_lost_the_role_meanwhile_does_not_accept(case_file, worker, other):
    made = offer(case_file, other, worker)
    moved = change_role(other, Role.SUPERVISOR, other.unit)
    with pytest.raises(Refused, match="Only a social worker"):
        accept(made, moved)
    assert leads_of(case_file) == [worker]


def test_an_offer_lapses_when_a_supervisor_gives_the_lead_away(
    case_file, worker, other, supervisor
):
    made = offer(case_file, other, worker)
    third = make_user()
    today = timezone.localdate()
    assignments.assign(case_file=case_file, worker=third, role="lead", by=supervisor, today=today)
    assert HandOver.objects.get(pk=made.pk).state == "lapsed"
    with pytest.raises(Refused, match="over"):
        accept(made, other)
    assert leads_of(case_file) == [third]


def test_a_file_that_somebody_else_leads_is_not_taken_from_them(case_file, worker, other):
    made = offer(case_file, other, worker)
    made.from_worker = make_user()
    with pytest.raises(Refused, match="Somebody else leads"):
        hand_over_rules.check_can_accept(other, made, case_file)


def test_a_deputy_who_accepts_gives_the_other_place_up(case_file, worker, other):
    assign(case_file, other, role="deputy")
    accept(offer(case_file, other, worker), other)
    held = Assignment.objects.active().filter(case_file=case_file)
    assert [(each.worker, each.role) for each in held] == [(other, "lead")]


def test_no_open_file_loses_its_lead(case_file, worker, supervisor):
    place = Assignment.objects.get(case_file=case_file, role="lead")
    with pytest.raises(Refused, match="No open file is without a lead"):
        assignments.end(assignment=place, by=supervisor, today=timezone.localdate())
    page = client_for(supervisor)
    page.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    assert "Yes, take" not in page.get(f"/files/{case_file.number}/team/").text


def test_nothing_of_a_closed_file_is_handed_over(case_file, worker, other):
    made = offer(case_file, other, worker)
    CaseFile.objects.update(status=Status.CLOSED, closed_on=timezone.localdate())
    with pytest.raises(Refused, match="closed"):
        accept(made, other)
    with pytest.raises(Refused, match="closed"):
        offer(CaseFile.objects.get(), other, worker)


def test_the_form_keeps_what_was_typed(case_file, worker, other):
    client = client_for(worker)
    answer = client.post(
        f"/files/{case_file.number}/hand-over/", {"worker": other.log_reference, "note": "Short"}
    )
    assert (answer.status_code, "in a sentence" in answer.text) == (422, True)
    assert ">\nShort</textarea>" in answer.text
    answer = client.post(
        f"/files/{case_file.number}/hand-over/",
        {"worker": other.log_reference, "note": NOTE},
        follow=True,
    )
    assert "You are responsible until they accept." in answer.text
    assert "nobody has answered yet" in client.get(f"/files/{case_file.number}/hand-over/").text
    stranger = client_for(other).get("/hand-overs/").text
    assert case_file.number in stranger


def test_the_database_keeps_what_was_offered(case_file, worker, other):
    made = offer(case_file, other, worker)
    for change, guard in (
        ({"to_worker": worker}, "a_hand_over_stays_what_was_offered|nobody_hands_over"),
        ({"state": "accepted"}, "a_hand_over_is_answered_at_a_moment|CHECK"),
    ):
        with pytest.raises(DatabaseError, match=guard), transaction.atomic():
            HandOver.objects.filter(pk=made.pk).update(**change)
    accept(made, other)
    with pytest.raises(DatabaseError, match=r"frozen|follows_its_states"), transaction.atomic():
        HandOver.objects.filter(pk=made.pk).update(state="offered", answered_at=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        HandOver.objects.all().delete()


def test_of_accepting_and_taking_back_at_once_one_happens(real_commits: RealCommits):
    worker, other = make_user(), make_user()
    case_file = make_case_file(lead=worker)
    made = offer(case_file, other, worker)

    def act(number: int) -> str:
        try:
            if number % 2:
                return accept(made, other).state
            return hand_overs.withdraw(hand_over=made, by=worker, now=timezone.now()).state
        except Refused:
            return "refused"

    told = at_once(4, act)
    assert told.count("refused") == 3
    assert len(leads_of(case_file)) == 1


def test_nobody_is_asked_to_take_over_what_they_lead(case_file, worker, other, supervisor):
    for user in (worker, supervisor):
        client = client_for(user)
        address = f"/files/{case_file.number}/hand-over/"
        if user == supervisor:
            client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
        shown = client.get(address).text
        assert f'value="{other.log_reference}"' in shown
        assert f'value="{worker.log_reference}"' not in shown
