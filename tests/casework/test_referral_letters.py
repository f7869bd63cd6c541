"""The letter of a referral: what was shared and nothing else, as long as it may go out."""

import json
import re
import subprocess
from datetime import timedelta
from unittest import mock

import pytest
from django.urls import reverse
from django.utils import timezone

from audit import digests, openings, unusual
from audit.events import Event
from audit.models import LoggedEvent
from casework import referral_rules
from casework.actions import consents, referrals
from casework.models import CaseFile
from casework.notices import CURRENT
from casework.reports import papers
from kpm import pdf
from kpm.ages import years_after
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.levels import GRADED
from risk_levels.populations import POPULATIONS
from tests.casework.test_referrals import NOW, SAID, TODAY, answer, consent, send
from tests.factories import OTHER_TOWNSHIP, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True, scope="module")
def _child_ends():
    yield
    pdf.warm.close()


@pytest.fixture
def worker():
    return make_user(name="李社工")


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def page(case_file, place=1):
    return reverse("casework:print_referral", args=(case_file.number, place))


def browser_of(user, case_file, language="en"):
    client = client_for(user)
    client.cookies["kpm_language"] = language
    if user.role == Role.SUPERVISOR:
        client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def text_of(response):
    assert response.headers["Content-Type"] == "application/pdf", response.content.decode()
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=response.content, capture_output=True, check=True
    )
    return re.sub(r"\s", "", done.stdout.decode())


def html_of(user, case_file, language="en"):
    """What is laid out, and what stands across the sheet."""
    seen = []
    with mock.patch.object(pdf, "render", lambda *given, **more: seen.append((given, more)) or b""):
        browser_of(user, case_file, language).post(page(case_file))
    [((html,), about)] = seen
    return html, about["watermark"]


def told_about(case_file, by):
    """Why no letter goes out."""
    answer = client_for(by).post(page(case_file), follow=True)
    assert answer.headers["Content-Type"].startswith("text/html")
    assert not LoggedEvent.objects.filter(event="referral.printed").exists()
    return answer.text


def test_it_says_what_was_shared_to_whom_and_what_for(case_file, worker):
    send(case_file, worker)
    response = browser_of(worker, case_file).post(page(case_file))
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="{case_file.number}.pdf"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    text = text_of(response)
    for words in (
        case_file.number,
        "石桥街道民政办",
        "李主任80001234",
        "想申请临时救助",
        "王秀英",
        "13812345678",
        "Alawasksforit",
        "第四条",
        "Useitforwhatweaskabove",
        "李社工",
        case_file.unit.name.replace(" ", ""),
    ):
        assert words in text, words
    # Nothing that was not shared, and nothing by which the list could be guessed.
    for value in (case_file.person.id_number, "清溪镇枫林村3组51号", "王强", "13987654321", "KPM"):
        assert value not in text, value


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_neither_group_nor_level_is_in_it(case_file, worker, language):
    send(case_file, worker)
    html, watermark = html_of(worker, case_file, language)
    shown = html.partition("<body>")[2]
    assert f'<html lang="{language}">' in html
    assert re.fullmatch(r"李社工 \d{4}-\d\d-\d\d \d\d:\d\d", watermark)
    words = {str(each.label) for each in POPULATIONS.values()} | {
        str(level.label) for level in GRADED
    }
    words |= {"Yellow", "elder", "老人", "重点人群", "风险", "KPM", "等级"}
    assert {each for each in words if each in shown} == set()


def test_every_fact_has_its_value(case_file, worker):
    facts = ["name", "phone", "birth_on", "address", "emergency"]
    send(case_file, worker, kind="health", facts=facts)
    shown = html_of(worker, case_file)[0]
    for value in (
        "王秀英",
        "13812345678",
        "1948",
        "清溪镇枫林村3组51号",
        "王强 · 子女 · 13987654321",
    ):
        assert value in shown, value


def test_what_is_not_on_record_is_left_open(worker):
    nobody = dict.fromkeys(("emergency_name", "emergency_relation", "emergency_phone"), "")
    case_file = make_case_file(lead=worker, **nobody)
    send(case_file, worker, kind="school", facts=["name", "emergency"])
    html, _watermark = html_of(worker, case_file)
    assert html.count("<td>–</td>") == 1
    (event,) = LoggedEvent.objects.filter(event="referral.printed")
    assert "emergency" not in event.body


def test_each_ground_is_said(case_file, worker):
    send(case_file, worker, basis="emergency", article="高烧不退")
    assert "Life or health is in danger" in html_of(worker, case_file)[0]
    other = make_case_file(lead=worker)
    consent(other, worker)
    send(other, worker, basis="consent", article="")
    assert "has agreed to just that" in html_of(worker, other)[0]


def test_what_left_the_house_is_in_the_log_and_no_value_is(case_file, worker):
    send(case_file, worker)
    assert browser_of(worker, case_file).post(page(case_file)).status_code == 200
    (event,) = LoggedEvent.objects.filter(event="referral.printed")
    assert event.subject == case_file.number
    body = json.loads(event.body)
    assert {"person.phone", "sharing.body", "person.head"} <= set(body["f"])
    assert "person.id_number" not in event.body
    for value in ("13812345678", "民政", "王秀英"):
        assert value not in event.body
    # It may be asked for again.
    assert browser_of(worker, case_file).post(page(case_file)).status_code == 200
    assert LoggedEvent.objects.filter(event="referral.printed").count() == 2


def test_only_the_head_is_opened_where_no_more_is_told(case_file, worker):
    send(case_file, worker, kind="legal_aid", facts=["name"])
    browser_of(worker, case_file).post(page(case_file))
    read = LoggedEvent.objects.filter(event__in=("case_file.read", "referral.printed"))
    assert read.count() > 1
    assert not any("person.body" in each.body for each in read)


def test_without_its_event_it_is_not_handed_out(case_file, worker, monkeypatch):
    send(case_file, worker)

    def broken(*_args, **_kwargs):
        raise RuntimeError("The log cannot be written.")

    monkeypatch.setattr(papers.log, "record", broken)
    monkeypatch.setattr(pdf, "render", lambda *_given, **_more: b"%PDF")
    with pytest.raises(RuntimeError, match="cannot be written"):
        browser_of(worker, case_file).post(page(case_file))


def test_a_document_that_cannot_be_made_is_refused_in_words(case_file, worker, monkeypatch):
    send(case_file, worker)

    def broken(*_args, **_kwargs):
        raise pdf.PdfFailed("too_long")

    monkeypatch.setattr(pdf, "render", broken)
    assert "took too long to lay out" in told_about(case_file, by=worker)


@pytest.mark.parametrize("outcome", ["withdrawn", "declined", "ended"])
def test_nothing_goes_out_once_it_is_over(case_file, worker, outcome):
    referral = send(case_file, worker)
    if outcome == "ended":
        answer(referral, worker)
        referral.refresh_from_db()
        assert "Letter to the service" in listed(case_file, worker)
    answer(referral, worker, outcome, "不需要了")
    assert "Letter to the service" not in listed(case_file, worker)
    assert "This referral is over" in told_about(case_file, by=worker)


def listed(case_file, user):
    return browser_of(user, case_file).get(f"/files/{case_file.number}/referrals/").text


def test_nothing_goes_out_once_the_consent_is_withdrawn(case_file, worker):
    given = consent(case_file, worker)
    send(case_file, worker, basis="consent", article="")
    assert "Letter to the service" in listed(case_file, worker)
    consents.withdraw(consent=given, by=worker, now=timezone.now())
    assert "Letter to the service" not in listed(case_file, worker)
    assert "was withdrawn: nothing more is told" in told_about(case_file, by=worker)


def test_a_yes_that_is_taken_back_while_the_letter_is_made_stops_it(case_file, worker, monkeypatch):
    given = consent(case_file, worker)
    send(case_file, worker, basis="consent", article="")

    def slow(*_args, **_kwargs):
        consents.withdraw(consent=given, by=worker, now=timezone.now())
        return b"%PDF"

    monkeypatch.setattr(pdf, "render", slow)
    assert "was withdrawn: nothing more is told" in told_about(case_file, by=worker)


def test_what_a_guardian_said_tells_nothing_more_once_they_are_14(worker):
    # Full years count from the day after the birthday.
    birthday = years_after(TODAY - DAY, -14)
    case_file = make_case_file(
        population="left_behind_child", lead=worker, birth_on=birthday, today=TODAY - DAY * 90
    )
    yesterday = NOW - DAY
    given = consents.record(
        case_file=case_file,
        by=worker,
        now=yesterday,
        purpose="sharing",
        giver="guardian",
        guardian="王强",
        manner="said",
        words="",
        notice=CURRENT.version,
        given_on=TODAY - DAY,
    )
    said = {"kind": "school", "facts": ["name"], "basis": "consent", "article": ""}
    about = {**SAID, **said, "by": worker, "now": yesterday}
    referral = referrals.send(case_file=case_file, **about)
    check = referral_rules.check_consent_is_their_own
    check(referral, birthday, TODAY - DAY)
    check(referral, None, TODAY)
    # It was told in time, and the letter is asked for on their birthday.
    assert referral.sharing.consent == given
    with pytest.raises(Refused, match="turned 14"):
        check(referral, birthday, TODAY)
    assert "refer them anew" in told_about(case_file, by=worker)


def test_a_closed_file_tells_nobody_anything(case_file, worker):
    send(case_file, worker)
    CaseFile.objects.filter(pk=case_file.pk).update(status="closed", closed_on=TODAY)
    assert "This file is closed." in told_about(case_file, by=worker)
    assert "Letter to the service" not in listed(case_file, worker)


def test_the_supervisor_of_the_file_prints_it_too_and_nobody_else(case_file, worker):
    send(case_file, worker)
    supervisor = make_user(Role.SUPERVISOR)
    assert "Letter to the service" in listed(case_file, supervisor)
    response = browser_of(supervisor, case_file).post(page(case_file))
    assert response.content.startswith(b"%PDF")
    # Who has not said what for is asked first.
    assert client_for(make_user(Role.SUPERVISOR)).post(page(case_file)).status_code == 302
    for stranger in (make_user(), make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))):
        assert client_for(stranger).post(page(case_file)).status_code == 404
    assert client_for(make_user(Role.AUDITOR)).post(page(case_file)).status_code == 403
    browser = browser_of(worker, case_file)
    assert browser.post(page(case_file, 2)).status_code == 404
    assert browser.get(page(case_file)).status_code == 405
    assert LoggedEvent.objects.filter(event="referral.printed").count() == 1


def test_the_person_learns_of_it_and_the_auditor_counts_it(case_file, worker):
    send(case_file, worker)
    browser_of(worker, case_file).post(page(case_file))
    assert LoggedEvent.objects.filter(event="referral.printed", body__contains='"f":[').exists()
    assert openings.WAYS[Event.REFERRAL_PRINTED] == "in a letter to another service"
    assert Event.REFERRAL_PRINTED in unusual.REVEALS
    assert any(Event.REFERRAL_PRINTED in events for _label, events in digests.LINES)
