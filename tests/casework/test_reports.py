"""The summary on paper: right person, right file, in the log first, masked unless asked for."""

import json
import re
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import incidents, needs, plan_entries, plans, visits
from casework.models import TeamMember
from kpm import pdf
from kpm.children import ChildFailed
from kpm.permissions import Role
from tests.factories import (
    COUNTY,
    OTHER_TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
NAME = "㛃䶮𮧵"
PHONE = "13812345678"
ADDRESS = "清溪镇枫林村3组51号"


@pytest.fixture(autouse=True, scope="module")
def _child_ends():
    yield
    pdf.warm.close()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR, unit=make_unit(COUNTY), name="张督导")


@pytest.fixture
def case_file():
    now = timezone.now()
    made = make_case_file(
        name=NAME,
        phone=PHONE,
        address=ADDRESS,
        details={"health": "高血压", "child_phone": "13700001111", "living": "alone"},
        remark="喜欢花",
        today=timezone.localdate(now) - timedelta(days=9),
    )
    worker = make_user(Role.SOCIAL_WORKER, name="李社工")
    assign(made, worker)
    visits.record(
        case_file=made,
        way="visit",
        outcome="done",
        happened_at=now - timedelta(hours=2),
        by=worker,
        now=now,
        needs="助餐",
        notes="聊了半小时",
    )
    today = timezone.localdate(now)
    for kind, words in (("strength", "女儿每周来"), ("need", "爬不了楼")):
        needs.note(case_file=made, kind=kind, area="home", words=words, by=worker, today=today)
    plan = plans.draft(
        case_file=made,
        goal="按时吃药",
        steps=[{"what": "送药", "resource": "社区医院", "who": "李社工", "by_on": "2026-12-01"}],
        by=worker,
        today=today,
    )
    live_with(plan, worker, now)
    TeamMember(
        key_owner=made.id,
        case_file=made,
        district=made.district,
        name="赵医生",
        place="family_doctor",
        role="镇卫生院",
        start_on=timezone.localdate(now),
    ).save_as(by=worker)
    make_level(made, "yellow")
    return made


def live_with(plan, worker, now):
    """The person says something, a step is done, and something happened."""
    about = {"plan": plan, "on": timezone.localdate(now), "by": worker, "now": now}
    approver = make_user(Role.SUPERVISOR, unit=make_unit(COUNTY), name="钱督导")
    plans.approve(plan=plan, by=approver, today=about["on"])
    plan_entries.hear(answer="partly", speaker="person", words="不想搬家", **about)
    step = plan.listed_steps[0]["id"]
    plan_entries.mark_step(step=step, outcome="done", words="", **about)
    incidents.note(
        case_file=plan.case_file,
        kind="fall",
        happened_at=now - timedelta(hours=5),
        words="在院子里滑倒",
        by=worker,
        now=now,
    )


def page_for(user, case_file, language="en"):
    client = client_for(user)
    client.cookies["kpm_language"] = language
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def printed(client, case_file, **posted):
    response = client.post(
        f"/files/{case_file.number}/summary/", {"reason": "conference", **posted}
    )
    assert response.status_code == 200, response.content.decode()
    return response


def text_of(response):
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=response.content, capture_output=True, check=True
    )
    return done.stdout.decode()


def test_the_paper_holds_the_file_and_is_named_by_its_number(supervisor, case_file):
    client = page_for(supervisor, case_file)
    response = printed(client, case_file)
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="{case_file.number}.pdf"'
    )
    assert response.headers["Cache-Control"] == "no-store"
    text = text_of(response)
    for words in (
        NAME,
        case_file.number,
        "Case summary",
        "李社工",
        "赵医生",
        "Family doctor",
        "镇卫生院",
        "按时吃药",
        "送药",
        "社区医院",
        "高血压",
        "喜欢花",
        "助餐",
        "聊了半小时",
        "Yellow",
        "Agreed.",
        "Alone",
        "女儿每周来",
        "爬不了楼",
        "Agrees in part",
        "不想搬家",
        "(Done,",
        "A fall",
        "在院子里滑倒",
    ):
        assert words in text, words


def test_numbers_phones_and_address_are_masked_unless_asked_for(supervisor, case_file):
    client = page_for(supervisor, case_file)
    masked = re.sub(r"\s", "", text_of(printed(client, case_file)))
    for value in (PHONE, "3组51号", case_file.person_id.hex, "13700001111", "13987654321"):
        assert value not in masked
    full = re.sub(r"\s", "", text_of(printed(client, case_file, in_full="on")))
    for value in (PHONE, ADDRESS, "13700001111", "13987654321"):
        assert value in full


def test_the_language_is_that_of_the_reader(supervisor, case_file, monkeypatch):
    seen = []
    monkeypatch.setattr(pdf, "render", lambda html, *, watermark: seen.append((html, watermark)))
    for language in ("zh-hans", "en"):
        client = page_for(supervisor, case_file, language=language)
        client.post(f"/files/{case_file.number}/summary/", {"reason": "conference"})
    (chinese, watermark), (english, _same) = seen
    assert '<html lang="zh-hans">' in chinese
    assert '<html lang="en">' in english
    assert re.fullmatch(r"张督导 \d{4}-\d\d-\d\d \d\d:\d\d", watermark)


def test_who_printed_it_and_why_is_in_the_log(supervisor, case_file):
    client = page_for(supervisor, case_file)
    printed(client, case_file)
    event = LoggedEvent.objects.filter(event="case_file.printed").get()
    assert event.actor == supervisor.log_reference
    assert event.subject == case_file.number
    assert LoggedEvent.objects.filter(event="case_file.read", subject=case_file.number).exists()


@pytest.mark.parametrize("in_full", [False, True])
def test_the_log_names_everything_that_was_printed(supervisor, in_full):
    made = make_case_file(
        phone=PHONE, emergency_phone="", details={"child_phone": "13700001111", "living": "alone"}
    )
    assign(made, make_user())
    printed(page_for(supervisor, made), made, **({"in_full": "on"} if in_full else {}))
    body = json.loads(LoggedEvent.objects.get(event="case_file.printed").body)
    groups = {"case_file.body", "person.body", "person.head"}
    if in_full:
        groups |= {"case_file.child_phone", "person.address", "person.id_number"}
        groups.add("person.phone")
    assert set(body["f"]) == groups


def test_the_log_names_plan_visits_and_team_on_the_paper(supervisor, case_file):
    printed(page_for(supervisor, case_file), case_file)
    body = json.loads(LoggedEvent.objects.get(event="case_file.printed").body)
    assert {"plan.body", "visit.body", "team_member.head"} <= set(body["f"])


def test_without_the_log_there_is_no_paper(supervisor, case_file, monkeypatch):
    client = page_for(supervisor, case_file)

    from audit import log

    def broken(*args, **kwargs):
        raise log.NotWritten("no")

    monkeypatch.setattr("casework.reports.case_summary.log.record", broken)
    response = client.post(f"/files/{case_file.number}/summary/", {"reason": "conference"})
    assert response.status_code == 503
    assert b"%PDF" not in response.content


def test_a_reason_is_asked_for(supervisor, case_file):
    client = page_for(supervisor, case_file)
    assert client.get(f"/files/{case_file.number}/summary/").status_code == 200
    response = client.post(f"/files/{case_file.number}/summary/", {})
    assert response.status_code == 422
    assert "Choose a reason." in response.content.decode()
    assert not LoggedEvent.objects.filter(event="case_file.printed").exists()


def test_whoever_is_not_on_the_team_says_first_what_for(supervisor, case_file):
    response = client_for(supervisor).get(f"/files/{case_file.number}/summary/")
    assert response.status_code == 302
    assert "/purpose/" in response.url


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_other_roles_do_not_print(role, case_file):
    response = client_for(make_user(role)).post(
        f"/files/{case_file.number}/summary/", {"reason": "conference"}
    )
    assert response.status_code == 403


def test_somebody_else_s_file_is_not_there(case_file):
    stranger = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
    response = client_for(stranger).get(f"/files/{case_file.number}/summary/")
    assert response.status_code == 404
    assert LoggedEvent.objects.filter(event="case_file.refused", subject=case_file.number).exists()


def test_a_paper_that_cannot_be_made_says_so_in_the_form(supervisor, case_file, monkeypatch):
    client = page_for(supervisor, case_file)

    def broken(request, *, patience):
        raise ChildFailed("too_long")

    monkeypatch.setattr(pdf.warm, "ask", broken)
    response = client.post(f"/files/{case_file.number}/summary/", {"reason": "conference"})
    assert response.status_code == 422
    assert "took too long" in response.content.decode()
    assert not LoggedEvent.objects.filter(event="case_file.printed").exists()


def test_when_much_is_printed_at_once_the_next_one_waits(supervisor, case_file, monkeypatch):
    client = page_for(supervisor, case_file)
    monkeypatch.setattr(pdf, "PATIENCE", 0.01)
    with pdf.warm.lock:
        response = client.post(f"/files/{case_file.number}/summary/", {"reason": "conference"})
    assert response.status_code == 503
    assert response.headers["Retry-After"]


def test_markup_in_the_file_stays_text(supervisor):
    made = make_case_file(
        name="<b>x</b>", address="<img src=http://127.0.0.1:9/>", remark="</style><script>"
    )
    text = text_of(printed(page_for(supervisor, made), made, in_full="on"))
    assert "<b>x</b>" in text
    assert "</style><script>" in text


def test_an_empty_file_can_be_printed(supervisor):
    made = make_case_file(id_number="", phone="", address="", emergency_name="")
    text = text_of(printed(page_for(supervisor, made), made))
    for words in ("Nobody yet.", "No plan yet", "No decision yet.", "No contact is on record."):
        assert words in text


def test_the_rule_says_no_in_words(supervisor, case_file):
    from casework import rules
    from kpm.errors import Refused

    rules.check_can_print_summary(supervisor, case_file)
    for user in (
        make_user(Role.SOCIAL_WORKER),
        make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)),
    ):
        with pytest.raises(Refused):
            rules.check_can_print_summary(user, case_file)
