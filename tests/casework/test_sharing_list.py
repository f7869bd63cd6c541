"""What others were told about somebody, on paper for them: all of it, and no label."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework import referral_rules
from casework.actions import consents, referrals
from casework.notices import CURRENT
from kpm import pdf
from kpm.errors import Refused
from kpm.pdf import PdfFailed
from kpm.permissions import Role
from tests.factories import (
    OTHER_TOWNSHIP,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True, scope="module")
def _child_ends():
    yield
    pdf.warm.close()


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def worker():
    return make_user(name="何敏")


@pytest.fixture
def case_file(worker, now):
    return make_case_file(lead=worker, today=timezone.localdate(now) - timedelta(days=9))


@pytest.fixture
def sheets(monkeypatch):
    """What would be laid out."""
    found = []
    monkeypatch.setattr(pdf, "render", lambda html, **_more: found.append(html) or b"%PDF")
    return found


def address(case_file):
    return reverse("casework:print_sharings", args=[case_file.number])


def refer(case_file, by, now, **said):
    about = {
        "kind": "health",
        "receiver": "清溪镇卫生院",
        "contact": "王医生 80001234",
        "facts": ["name", "birth_on"],
        "basis": "statutory",
        "article": "《基本医疗卫生与健康促进法》第五条",
        "asked": "量血压，看腿",
        "is_agreed": True,
    }
    return referrals.send(case_file=case_file, by=by, now=now, **{**about, **said})


def agree(case_file, by, now):
    return consents.record(
        case_file=case_file,
        purpose="sharing",
        giver="person",
        guardian="",
        manner="said",
        words="",
        notice=CURRENT.version,
        given_on=timezone.localdate(now),
        by=by,
        now=now,
    )


def test_it_is_a_paper_that_the_log_knows(case_file, worker, now):
    refer(case_file, worker, now)
    answer = client_for(worker).post(address(case_file))
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{case_file.number}.pdf"'
    )
    (event,) = LoggedEvent.objects.filter(event="sharing.printed")
    assert case_file.log_reference in event.body
    assert "sharing.body" in event.body
    assert "卫生院" not in event.body


def test_it_says_to_whom_what_and_why(case_file, worker, now, sheets):
    refer(case_file, worker, now)
    assert client_for(worker).post(address(case_file)).status_code == 200
    (sheet,) = sheets
    for said in ("清溪镇卫生院", "王医生 80001234", "Name, Date of birth", "量血压", "第五条"):
        assert said in sheet
    assert "王秀英" in sheet
    # The facts by name: the paper repeats no value.
    assert "1948" not in sheet


def test_nobody_was_told_anything_is_an_answer_too(case_file, worker, sheets):
    page = client_for(worker).get(reverse("casework:list_referrals", args=[case_file.number]))
    assert address(case_file) in page.text
    client_for(worker).post(address(case_file))
    assert "we told no other service anything about you" in sheets[0]


def test_it_says_where_a_consent_is_gone(case_file, worker, now, sheets):
    yes = agree(case_file, worker, now)
    refer(case_file, worker, now, basis="consent", article="")
    client_for(worker).post(address(case_file))
    consents.withdraw(consent=yes, by=worker, now=now)
    client_for(worker).post(address(case_file))
    words = "You have taken your consent back since."
    assert [words in sheet for sheet in sheets] == [False, True]


def test_no_level_and_no_population_stands_on_it(worker, now, sheets):
    case_file = make_case_file(
        population="drug", lead=worker, today=timezone.localdate(now) - timedelta(days=9)
    )
    make_level(case_file, "red")
    refer(case_file, worker, now)
    for language in ("en", "zh-hans"):
        client = client_for(worker)
        client.cookies["kpm_language"] = language
        client.post(address(case_file))
    assert len(sheets) == 2
    for word in ("drug", "red ", "Red", "红", "毒", "风险", "risk", "level"):
        assert word not in "".join(sheets).split("</style>", 1)[1], word


def test_a_supervisor_of_the_unit_prints_it_and_nobody_else(case_file, worker, now, sheets):
    refer(case_file, worker, now)
    supervisor = client_for(make_user(Role.SUPERVISOR))
    asked = supervisor.post(address(case_file))
    assert asked.headers["Location"].startswith(f"/files/{case_file.number}/purpose/")
    supervisor.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    assert supervisor.post(address(case_file)).content == b"%PDF"
    for other in (
        make_user(),
        make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)),
    ):
        assert client_for(other).post(address(case_file)).status_code == 404
    assert len(sheets) == 1
    with pytest.raises(Refused, match="not yours"):
        referral_rules.check_can_print_sharings(make_user(), case_file)


def test_the_end_of_a_file_does_not_end_the_right_to_know(case_file, worker, now, sheets):
    refer(case_file, worker, now)
    case_file.close(on=timezone.localdate(now))
    case_file.save_as(by=worker)
    assert client_for(worker).post(address(case_file)).content == b"%PDF"


def test_what_could_not_be_printed_is_said_and_is_not_in_the_log(
    case_file, worker, now, monkeypatch
):
    def fail(_html, **_more):
        raise PdfFailed("failed")

    monkeypatch.setattr(pdf, "render", fail)
    answer = client_for(worker).post(address(case_file), follow=True)
    assert "The document could not be made" in answer.text
    assert not LoggedEvent.objects.filter(event="sharing.printed").exists()
