"""One filled-in form has one effect, however often it is sent."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kpm.accounts.models import Submission, User
from kpm.accounts.submissions import LONGEST_LOCATION, Submissions, key_of
from kpm.accounts.sweeps import forget_sent_forms
from kpm.permissions import Role
from tests.factories import TOWNSHIP, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    """Checks the token of forms, as outside tests."""
    make_unit(TOWNSHIP)
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.SECURITY_ADMINISTRATOR))
    return client


def token(browser: Client) -> str:
    page = browser.get("/grants/new/").content.decode().split("<main", 1)[1]
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]


def filled_in(user: User, token: str) -> dict[str, str]:
    return {
        "csrfmiddlewaretoken": token,
        "user": user.log_reference,
        "role": "supervisor",
        "unit": TOWNSHIP,
        "start_on": timezone.localdate().isoformat(),
    }


def test_the_same_form_sent_twice_has_one_effect_and_one_answer(browser):
    user = make_user(None)
    form = filled_in(user, token(browser))
    first = browser.post("/grants/new/", form)
    again = browser.post("/grants/new/", form)
    assert (first.status_code, first.url) == (302, "/grants/")
    assert (again.status_code, again.url) == (302, "/grants/")
    assert user.grants.count() == 1


def test_a_refused_form_may_be_sent_again(browser):
    user = make_user(None)
    form = filled_in(user, token(browser))
    assert browser.post("/grants/new/", form | {"role": ""}).status_code == 422
    user.is_active = False
    user.save_as(by=None)
    assert browser.post("/grants/new/", form).status_code == 422
    assert not Submission.objects.exists()
    user.is_active = True
    user.save_as(by=None)
    assert browser.post("/grants/new/", form).status_code == 302
    assert user.grants.count() == 1


def test_the_same_page_serves_for_another_form(browser):
    one, other = make_user(None), make_user(None)
    shown = token(browser)
    browser.post("/grants/new/", filled_in(one, shown))
    browser.post("/grants/new/", filled_in(other, shown))
    assert (one.grants.count(), other.grants.count()) == (1, 1)


def test_a_page_shown_again_is_another_form(browser):
    assert token(browser) != token(browser)


def test_a_form_whose_answer_is_not_known_leads_back_to_its_page(browser):
    user = make_user(None)
    form = filled_in(user, token(browser))
    browser.post("/grants/new/", form)
    Submission.objects.update(location="")
    assert browser.post("/grants/new/", form).url == "/grants/new/"


def test_a_form_without_its_token_is_refused(browser):
    user = make_user(None)
    response = browser.post("/grants/new/", filled_in(user, "wrong"))
    assert response.status_code == 403
    assert not user.grants.exists()


def test_two_files_of_one_name_and_size_make_two_forms(rf):
    def key(content: bytes) -> bytes | None:
        file = SimpleUploadedFile("ledger.xlsx", content)
        request = rf.post("/ledgers/new/", {"csrfmiddlewaretoken": "t", "workbook": file})
        made = key_of(request)
        assert request.FILES["workbook"].read() == content
        request.close()
        return made

    assert key(b"one ledger") == key(b"one ledger")
    assert key(b"one ledger") != key(b"another l.")


def test_an_answer_that_is_no_address_is_not_kept(rf):
    from django.http import HttpResponse, HttpResponseRedirect

    submissions = Submissions()
    submissions.answered(HttpResponseRedirect("/x/"))
    request = rf.post("/x/", {"csrfmiddlewaretoken": "t"})
    submissions.claim(request)
    submissions.answered(HttpResponse())
    submissions.answered(HttpResponseRedirect("/" + "x" * LONGEST_LOCATION))
    assert Submission.objects.get().location == ""
    assert str(Submission.objects.get()) == ""


def test_sent_forms_are_forgotten_after_a_day(browser):
    browser.post("/grants/new/", filled_in(make_user(None), token(browser)))
    forget_sent_forms(timezone.now() + timedelta(hours=23))
    assert Submission.objects.exists()
    forget_sent_forms(timezone.now() + timedelta(hours=25))
    assert not Submission.objects.exists()
