"""What somebody has begun to write is kept, theirs alone, and gone once it is sent."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import unsent_forms
from casework.actions.unsent_forms import Draft
from casework.models import UnsentForm, Visit
from casework.models.unsent_forms import FormKind
from casework.models.visits import Outcome
from casework.sweeps import remove_unsent_forms
from kpm.errors import Refused
from risk_levels import actions
from tests.casework.test_visits import sent
from tests.conftest import RealCommits
from tests.factories import assign, client_for, make_case_file, make_level, make_user
from tests.proofs.worlds import Everything
from tests.threads import at_once

pytestmark = pytest.mark.django_db
WORDS = "今天她说夜里睡不着。"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))


@pytest.fixture
def client(worker):
    return client_for(worker)


def address(case_file, form="visit", *more):
    return "/".join([f"/files/{case_file.number}/unsent", form, *more, ""])


def page(case_file):
    return f"/files/{case_file.number}/visits/new/"


def keep(client, case_file, **fields):
    return client.post(address(case_file), {"notes": WORDS, **fields}, headers={"X-Keeps": "1"})


def hidden(client, where):
    """What a page sends along with a form of its own accord."""
    shown = client.get(where).text
    return {
        name: re.search(f'name="{name}" value="([^"]*)"', shown)[1]
        for name in ("window", "goes_on", "stand")
    }


def test_what_was_typed_is_kept_sealed_and_comes_back(client, case_file):
    answer = keep(client, case_file, way="phone", check_health="attention", needs="")
    assert (answer.status_code, answer.content) == (204, b"")
    body = bytes(UnsentForm.objects.values_list("body", flat=True).get())
    assert WORDS.encode() not in body
    shown = client.get(page(case_file)).text
    assert WORDS in shown
    assert shown.count("checked") >= 2
    assert "It is not sent yet, and only you see it" in shown
    assert LoggedEvent.objects.filter(event="case_file.read").last().body.count("unsent_form.body")
    overview = client.get(f"/files/{case_file.number}/").text
    assert "You have begun and not sent" in overview
    assert page(case_file) in overview


def test_the_last_words_count_and_only_the_beginning_is_an_event(client, case_file):
    for words in ("今天", "今天她说", WORDS):
        keep(client, case_file, notes=words)
    assert UnsentForm.objects.count() == 1
    assert WORDS in client.get(page(case_file)).text
    events = LoggedEvent.objects.filter(event__startswith="unsent_form")
    assert [(each.event, each.subject) for each in events] == [
        ("unsent_form.kept", case_file.number)
    ]


def test_without_a_script_a_button_keeps_it(client, case_file):
    answer = client.post(
        address(case_file), {"notes": WORDS, "csrfmiddlewaretoken": "x"}, follow=True
    )
    assert "What you wrote is kept." in answer.text
    assert "csrfmiddlewaretoken" not in unsent(case_file)


def unsent(case_file):
    (kept,) = UnsentForm.objects.opened("body", reading=Everything())
    return kept.values


def test_once_it_is_sent_nothing_of_it_is_kept(client, case_file):
    keep(client, case_file)
    assert client.post(page(case_file), sent(notes=WORDS)).status_code == 302
    assert Visit.objects.count() == 1
    assert not UnsentForm.objects.exists()
    assert WORDS not in client.get(page(case_file)).text


def test_what_is_refused_stays_kept(client, case_file):
    keep(client, case_file)
    future = timezone.localtime() + timedelta(days=3)
    answer = client.post(
        page(case_file),
        sent(outcome=Outcome.DONE, happened_at=future.strftime("%Y-%m-%dT%H:%M")),
    )
    assert answer.status_code == 422
    assert UnsentForm.objects.count() == 1


def test_somebody_else_in_the_team_never_sees_it(client, case_file):
    keep(client, case_file)
    deputy = make_user()
    assign(case_file, deputy, role="deputy")
    other = client_for(deputy)
    assert WORDS not in other.get(page(case_file)).text
    assert "You have begun" not in other.get(f"/files/{case_file.number}/").text
    other.post(address(case_file, "visit", "discard"))
    assert UnsentForm.objects.count() == 1
    with (
        pytest.raises(DatabaseError, match="an_unsent_form_stays_whose_it_is"),
        transaction.atomic(),
    ):
        UnsentForm.objects.update(worker=deputy)


def test_whoever_may_not_send_the_form_may_not_keep_it(client, case_file):
    stranger = client_for(make_user())
    assert keep(stranger, case_file).status_code == 404
    assert client.post(address(case_file, "letter"), {"a": "b"}).status_code == 404
    assert not UnsentForm.objects.exists()


def test_more_than_a_form_has_is_not_kept(client, case_file):
    answer = keep(client, case_file, notes="x" * 10_001)
    assert (answer.status_code, "more than can be kept" in answer.text) == (422, True)
    many = {f"field{number}": "x" for number in range(130)}
    answer = client.post(address(case_file), many, follow=True)
    assert "more than can be kept" in answer.text
    assert not UnsentForm.objects.exists()


def test_it_is_said_when_the_level_has_changed_since(client, case_file):
    keep(client, case_file, **hidden(client, page(case_file)))
    assert "look through it again" not in client.get(page(case_file)).text
    make_level(case_file, "yellow", now=timezone.now() - timedelta(days=1))
    assert "look through it again" in client.get(page(case_file)).text


def test_it_can_be_thrown_away(client, case_file):
    keep(client, case_file)
    shown = hidden(client, page(case_file))
    answer = client.post(address(case_file, "visit", "discard"), shown, follow=True)
    assert "thrown away" in answer.text
    assert not UnsentForm.objects.exists()
    again = client.post(address(case_file, "visit", "discard"), follow=True)
    assert "thrown away" not in again.text
    events = LoggedEvent.objects.filter(event__startswith="unsent_form").order_by("id")
    assert [each.event for each in events] == ["unsent_form.kept", "unsent_form.discarded"]


@pytest.mark.parametrize(
    ("form", "where", "field", "typed"),
    [
        ("plan", "plan/new/", "goal", "冬天家里暖和"),
        ("assessment", "assessments/new/", "voice", WORDS),
        ("proposal", "proposal/", "reason", WORDS),
    ],
)
def test_every_long_form_goes_on_where_it_was(client, case_file, worker, form, where, field, typed):
    actions.record_assessment(
        risk_level=case_file.risk_level, answers={"income": "none"}, by=worker, now=timezone.now()
    )
    client.post(
        address(case_file, form),
        {field: typed, "reason_codes": ["self_harm", "violence"]},
        headers={"X-Keeps": "1"},
    )
    shown = client.get(f"/files/{case_file.number}/{where}").text
    assert typed in shown
    assert f"/unsent/{form}/" in shown
    if form == "proposal":
        assert shown.count("checked") >= 2


def test_what_nobody_goes_on_with_is_not_kept_for_ever(client, case_file):
    keep(client, case_file)
    now = timezone.now()
    assert remove_unsent_forms(now + timedelta(days=29)) == 0
    assert remove_unsent_forms(now + timedelta(days=31)) == 1
    assert not UnsentForm.objects.exists()


def test_two_windows_that_begin_at_once_keep_one(real_commits: RealCommits):
    worker = make_user()
    case_file = make_case_file(lead=worker)

    def kept(number: int) -> str:
        values = {"notes": [str(number)]}
        draft = Draft(case_file, FormKind.VISIT)
        return unsent_forms.keep(draft=draft, values=values, by=worker, now=timezone.now()).form

    assert at_once(4, kept) == ["visit"] * 4
    assert UnsentForm.objects.count() == 1
    assert LoggedEvent.objects.filter(event="unsent_form.kept").count() == 1


def test_an_action_that_fails_leaves_what_was_kept(client, case_file, worker):
    keep(client, case_file)

    def act(**_given: object) -> None:
        raise Refused("No.")

    with pytest.raises(Refused):
        Draft(case_file, FormKind.VISIT).sending(act)(case_file=case_file, by=worker)
    assert UnsentForm.objects.count() == 1


def test_today_names_what_was_begun_until_it_is_sent(client, case_file, worker):
    keep(client, case_file)
    # Somebody else's words about the same file are none of theirs.
    colleague = make_user()
    assign(case_file, colleague, "member")
    keep(client_for(colleague), case_file)
    shown = client.get("/today/").text
    assert shown.count('id="begun"') == 1
    assert shown.count("Go on") == 1
    assert f'href="{page(case_file)}"' in shown
    assert WORDS not in shown
    client.post(page(case_file), sent())
    assert 'id="begun"' not in client.get("/today/").text
