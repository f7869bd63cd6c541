"""Every long form goes on where it was, leaves with the sending, and hides nothing newer."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import incidents, lost_contacts, plan_entries, plans, transfers, visits
from casework.dashboards.unsent_forms import PAGES
from casework.models import HarmReport, Incident, LostContact, Referral, UnsentForm
from casework.models.unsent_forms import FormKind
from casework.notices import CURRENT
from casework.unsent_rules import MAY_SEND, MOST_FORMS
from kpm.permissions import Role
from risk_levels import actions as levels
from tests.factories import (
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_proposal,
    make_unit,
    make_user,
)
from tests.proofs.worlds import Everything

pytestmark = pytest.mark.django_db
NOW = timezone.localtime()
TODAY = NOW.date()
DAY = timedelta(days=1)
WORDS = "她说夜里有人敲门，不敢开，想有人陪。" * 2
MINUTE = f"{NOW - DAY:%Y-%m-%dT%H:%M}"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    case_file = make_case_file(lead=worker, today=TODAY - DAY * 60)
    make_level(case_file, "yellow", now=NOW - DAY * 20)
    return case_file


def browser_of(user, case_file):
    """Somebody's browser, who has said what they open the file for."""
    client = client_for(user)
    if user.role == Role.SUPERVISOR:
        client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def hidden(text):
    """What a page sends along with its form of its own accord."""
    names = ("window", "goes_on", "stand", "about", "seen", "notice")
    found = {name: re.search(f'name="{name}" value="([^"]*)"', text) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def keep(client, case_file, slug, **typed):
    return client.post(f"/files/{case_file.number}/unsent/{slug}/", typed, headers={"X-Keeps": "1"})


def hold_plan(case_file, worker, supervisor):
    steps = [{"what": "Meals", "resource": "Canteen", "who": "", "by_on": ""}]
    plan = plans.draft(case_file=case_file, goal="Warm", steps=steps, by=worker, today=TODAY)
    plans.approve(plan=plan, by=supervisor, today=TODAY)
    plan.refresh_from_db(fields=["state"])
    return plan


def note(case_file, worker, **said):
    about = {"kind": "bereavement", "happened_at": NOW - DAY, "words": WORDS, **said}
    return incidents.note(case_file=case_file, by=worker, now=NOW, **about)


def lose(case_file, worker, _supervisor):
    for days in (3, 2, 1):
        visits.record(
            case_file=case_file,
            way="visit",
            outcome="not_met",
            happened_at=NOW - days * DAY,
            notes="Knocked.",
            by=worker,
            now=NOW,
        )


def object_(case_file, worker, _supervisor):
    about = {"by_whom": "person", "way": "spoken", "words": "No.", "wish": ""}
    levels.receive_objection(risk_level=case_file.risk_level, by=worker, now=NOW, **about)


def propose(case_file, worker, _supervisor):
    make_proposal(case_file, worker, "green", now=NOW, reason_codes=["stable"])


# Which form, its page, the field that is typed into, what else is sent, who, and what it is about.
FORMS = {
    "incident": ("incidents/new/", "words", {"kind": "fall", "happened_at": MINUTE}),
    "correction-1": ("incidents/1/correct/", "words", {"kind": "family", "happened_at": MINUTE}),
    "report": ("report/", "words", {"situation": "injuries"}),
    "consent": (
        "consents/new/",
        "words",
        {"purpose": "service", "giver": "person", "manner": "said", "given_on": TODAY},
    ),
    "referral": (
        "referrals/to/health/",
        "asked",
        {"receiver": "卫生院", "facts": ["name"], "basis": "emergency", "article": "高烧"},
    ),
    "hand_over": ("hand-over/", "note", {}),
    "objection": ("objections/new/", "words", {"by_whom": "person", "way": "spoken"}),
    "danger": (
        "level/provisional/",
        "reason",
        {
            "reason_codes": ["self_harm"],
            "evidence_on": TODAY,
            "evidence_what": "Said so",
            "tried": "The daughter stays.",
        },
    ),
    "word-1": ("plan/1/word/", "words", {"answer": "agreed", "speaker": "person", "on": TODAY}),
    "step-1-1": ("plan/1/steps/1/", "words", {"outcome": "done", "on": TODAY}),
    "review-1": ("plan/1/review/", "words", {"on": TODAY}),
    "plan_end-1": ("plan/1/end/", "words", {}),
    "transfer": ("transfer/", "note", {"to_unit": OTHER_VILLAGE}),
    "lost": ("lost/", "look_again_on", {"known": "unknown"}),
    "answer-1": ("objections/1/answer/", "reply", {"outcome": "dismissed"}),
    "decision": ("proposal/review/", "reason", {"decision": "return"}),
}
BY_SUPERVISOR = {"plan_end", "transfer", "lost", "answer", "decision"}
BEFORE = {
    "correction": lambda case_file, worker, _supervisor: note(case_file, worker),
    "word": hold_plan,
    "step": hold_plan,
    "review": hold_plan,
    "plan_end": hold_plan,
    "lost": lose,
    "answer": object_,
    "decision": propose,
}


def test_every_kind_has_its_page_and_its_rule_and_is_tried_here():
    assert set(PAGES) == set(MAY_SEND) == set(FormKind)
    tried = {slug.partition("-")[0] for slug in FORMS}
    # Those of test_unsent_forms.
    assert tried | {"visit", "assessment", "plan", "proposal"} == set(FormKind.values)


@pytest.mark.parametrize("slug", FORMS)
def test_it_comes_back_and_goes_with_the_sending(slug, case_file, worker, supervisor):
    kind = slug.partition("-")[0]
    BEFORE.get(kind, lambda *_people: None)(case_file, worker, supervisor)
    make_unit(OTHER_VILLAGE)
    client = browser_of(supervisor if kind in BY_SUPERVISOR else worker, case_file)
    where, field, rest = FORMS[slug]
    page = f"/files/{case_file.number}/{where}"
    words = (TODAY + DAY).isoformat() if kind == "lost" else WORDS
    # Nothing was begun: somebody types, and the line drops.
    typed = {**hidden(client.get(page).text), field: words}
    assert keep(client, case_file, slug, **typed).status_code == 204
    assert WORDS.encode() not in bytes(UnsentForm.objects.values_list("body", flat=True).get())
    (event,) = LoggedEvent.objects.filter(event="unsent_form.kept")
    assert event.subject == case_file.number
    assert not {kind, words} & set(re.split(r"[\"':, ]", event.body))
    # It is filled in again, on its own page, which the file names.
    again = client.get(page)
    assert "only you see it" in again.text
    assert words in again.text
    assert "look through it again" not in again.text
    overview = client.get(f"/files/{case_file.number}/").text
    named = "referrals/" if kind == "referral" else where
    assert f'href="/files/{case_file.number}/{named}"' in overview
    assert "You have begun and not sent" in overview
    if kind == "hand_over":
        rest = {"worker": make_user().log_reference}
    # What is refused stays; what is sent is gone, in the same moment.
    assert client.post(page, hidden(again.text)).status_code == 422
    assert UnsentForm.objects.count() == 1
    sent = client.post(page, {**hidden(again.text), field: words, **rest})
    assert sent.status_code == 302, sent.context["form"].errors
    assert not UnsentForm.objects.exists()


def test_signs_of_harm_come_back_to_whoever_wrote_them_and_to_nobody_else(
    case_file, worker, supervisor
):
    client = client_for(worker)
    keep(client, case_file, "report", words=WORDS, situation="injuries")
    colleague = make_user()
    assign(case_file, colleague, "deputy")
    others = [browser_of(each, case_file) for each in (colleague, supervisor)]
    for other in others:
        assert WORDS not in other.get(f"/files/{case_file.number}/report/").text
        for page in ("", "report/", "history/", "visits/"):
            shown = other.get(f"/files/{case_file.number}/{page}").text
            assert "begun and not sent" not in shown
            assert "unsent" not in shown.replace("/unsent/report/", "").replace('unsent" role', "")
        # Nor do they throw it away.
        other.post(f"/files/{case_file.number}/unsent/report/discard/")
        # What they begin themselves lies beside it.
        assert keep(other, case_file, "report", words="x").status_code == 204
    assert UnsentForm.objects.filter(form="report").count() == 3
    assert WORDS in client.get(f"/files/{case_file.number}/report/").text
    assert not HarmReport.objects.exists()
    # Nothing of it is in the log but that something was begun.
    for body in LoggedEvent.objects.values_list("body", flat=True):
        assert "injuries" not in body
        assert WORDS not in body


def test_whether_there_is_another_report_is_not_told_by_a_kept_one(case_file, worker):
    client = client_for(worker)
    page = f"/files/{case_file.number}/report/"
    keep(client, case_file, "report", **{**hidden(client.get(page).text), "words": WORDS})
    colleague = make_user()
    assign(case_file, colleague, "deputy")
    sent = {"situation": "injuries", "words": WORDS}
    assert client_for(colleague).post(page, sent).status_code == 302
    assert "look through it again" not in client.get(page).text


def test_what_was_recorded_meanwhile_is_said(case_file, worker):
    client = client_for(worker)
    page = f"/files/{case_file.number}/incidents/new/"
    keep(client, case_file, "incident", **{**hidden(client.get(page).text), "words": WORDS})
    # A colleague notes the same; the page that is still open does not know, and goes on typing.
    shown = hidden(client.get(page).text)
    note(case_file, worker)
    keep(client, case_file, "incident", **{**shown, "words": WORDS})
    again = client.get(page).text
    assert WORDS in again
    assert "has changed since: look through it again" in again


def test_a_search_that_went_on_is_not_decided_with_an_older_answer_unawares(
    case_file, worker, supervisor
):
    lose(case_file, worker, supervisor)
    client = browser_of(supervisor, case_file)
    page = f"/files/{case_file.number}/lost/"
    keep(client, case_file, "lost", **{**hidden(client.get(page).text), "known": "moved"})
    lost_contacts.decide(
        case_file=case_file,
        search=LostContact.objects.get(),
        known="missing",
        look_again_on=TODAY + DAY,
        by=make_user(Role.SUPERVISOR),
        now=NOW,
    )
    assert "look through it again" in client.get(page).text


def test_a_yes_to_an_older_text_is_not_a_yes_to_this_one(case_file, worker):
    client = client_for(worker)
    page = f"/files/{case_file.number}/consents/new/"
    older = {**hidden(client.get(page).text), "seen": "0", "words": WORDS}
    keep(client, case_file, "consent", **older)
    again = client.get(page).text
    assert "look through it again" in again
    assert hidden(again)["seen"] == str(CURRENT.version)
    assert WORDS in again


def test_a_page_that_was_left_open_writes_over_nothing(case_file, worker):
    client = client_for(worker)
    page = f"/files/{case_file.number}/incidents/new/"
    desk = hidden(client.get(page).text)
    assert keep(client, case_file, "incident", **{**desk, "words": "old"}).status_code == 204
    # They go on with it on the phone.
    phone = hidden(client.get(page).text)
    assert phone["window"] != desk["window"]
    assert keep(client, case_file, "incident", **{**phone, "words": WORDS}).status_code == 204
    assert keep(client, case_file, "incident", **{**phone, "words": WORDS + "!"}).status_code == 204
    answer = keep(client, case_file, "incident", **{**desk, "words": "old and more"})
    assert (answer.status_code, "on another page" in answer.text) == (422, True)
    assert WORDS + "!" in client.get(page).text
    # Without a script the page says the same.
    address = f"/files/{case_file.number}/unsent/incident/"
    answer = client.post(address, {**desk, "words": "old and more"}, follow=True)
    assert (answer.status_code, "on another page" in answer.text) == (422, True)
    assert "old and more" in answer.text
    assert desk["stand"] not in answer.text
    # Nor is it thrown away from there.
    client.post(f"{address}discard/", desk)
    assert UnsentForm.objects.count() == 1
    # What is sent from the desk takes nothing of the phone's along.
    sent = {**desk, "words": "old", "kind": "fall", "happened_at": MINUTE}
    assert client.post(page, sent).status_code == 302
    assert Incident.objects.count() == 1
    assert UnsentForm.objects.count() == 1
    # Once the phone has sent as well, a page that had gone on with it begins nothing anew.
    late = hidden(client.get(page).text)
    sent = {**phone, "words": WORDS, "kind": "fall", "happened_at": MINUTE}
    assert client.post(page, sent).status_code == 302
    assert not UnsentForm.objects.exists()
    answer = keep(client, case_file, "incident", **{**late, "words": "again"})
    assert (answer.status_code, "sent or thrown away" in answer.text) == (422, True)
    assert not UnsentForm.objects.exists()


def test_a_referral_says_its_service_to_nobody_and_does_not_become_another(case_file, worker):
    client = client_for(worker)
    page = f"/files/{case_file.number}/referrals/"
    health, school = (client.get(f"{page}to/{kind}/") for kind in ("health", "school"))
    typed = {**hidden(health.text), "asked": WORDS}
    assert keep(client, case_file, "referral", **typed).status_code == 204
    for column, value in UnsentForm.objects.values().get().items():
        assert column == "body" or "health" not in str(value)
    # The page of another service keeps nothing in its place, and says where it is.
    typed = {**hidden(school.text), "asked": "other words"}
    assert keep(client, case_file, "referral", **typed).status_code == 422
    for shown in (client.get(page).text, client.get(f"{page}to/school/").text):
        assert f'href="{page}to/health/"' in shown
        assert WORDS not in shown
    sent = {"receiver": "学校", "facts": ["name"], "basis": "statutory", "article": "第一条"}
    answer = client.post(f"{page}to/school/", {**hidden(school.text), "asked": "x", **sent})
    assert answer.status_code == 302
    assert Referral.objects.count() == 1
    assert WORDS in client.get(f"{page}to/health/").text
    discard = f"/files/{case_file.number}/unsent/referral/discard/"
    client.post(discard)
    assert "You have begun" in client.get(page).text
    goes_on = hidden(client.get(page).text)["goes_on"]
    client.post(discard, {"goes_on": goes_on})
    assert "You have begun" not in client.get(page).text


@pytest.mark.parametrize("odd", ["\x00", "a\x00bcdefgh", "😀" * 8, "x" * 5000])
def test_no_page_is_called_by_what_no_database_holds(case_file, worker, odd):
    client = client_for(worker)
    typed = {"window": odd, "stand": odd, "words": WORDS}
    for status in (204, 422):
        answer = keep(client, case_file, "incident", **typed)
        assert answer.status_code == status
        typed["goes_on"] = odd
        typed["words"] = "x" * 10_001
    page = f"/files/{case_file.number}/incidents/new/"
    sent = {"kind": "fall", "happened_at": MINUTE, "words": WORDS}
    assert client.post(page, {**sent, "window": odd, "goes_on": odd}).status_code == 302


def test_steps_are_kept_each_for_itself(case_file, worker, supervisor):
    plan = hold_plan(case_file, worker, supervisor)
    client = client_for(worker)
    for slug, words in (("step-1-1", "one"), ("word-1", "two"), ("review-1", "three")):
        assert keep(client, case_file, slug, words=words).status_code == 204
    rows = UnsentForm.objects.opened("body", reading=Everything())
    assert {each.slug: each.said("words") for each in rows} == {
        "step-1-1": "one",
        "word-1": "two",
        "review-1": "three",
    }
    step = plan_entries.mark_step(
        plan=plan,
        step=plan.listed_steps[0]["id"],
        outcome="done",
        on=TODAY,
        words="",
        by=worker,
        now=NOW,
    )
    assert "look through it again" in client.get(f"/files/{case_file.number}/plan/1/steps/1/").text
    assert step.plan == plan


@pytest.mark.parametrize("slug", ["step", "step-1", "step-1-x", "visit-1", "step-12345-1", "step-"])
def test_a_form_that_no_page_has_is_not_there(slug, case_file, worker):
    client = client_for(worker)
    for more in ("", "discard/"):
        address = f"/files/{case_file.number}/unsent/{slug}/{more}"
        assert client.post(address, {"words": "x"}).status_code == 404


def test_whoever_may_not_send_keeps_nothing(case_file, worker, supervisor):
    mine, theirs = client_for(worker), browser_of(supervisor, case_file)
    for slug in ("transfer", "lost", "decision", "answer-1", "correction-1", "plan_end-1"):
        client = theirs if slug == "correction-1" else mine
        allowed = slug == "plan_end-1"
        assert keep(client, case_file, slug, words="x").status_code == (204 if allowed else 422)
    for slug in ("incident", "consent", "referral", "word-1", "danger"):
        assert keep(theirs, case_file, slug, words="x").status_code == 422
    # Somebody of another unit finds no file at all.
    stranger = client_for(make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP)))
    assert keep(stranger, case_file, "report", words="x").status_code == 404
    assert (
        client_for(make_user(Role.AUDITOR))
        .post(f"/files/{case_file.number}/unsent/report/", {"words": "x"})
        .status_code
        == 403
    )
    assert UnsentForm.objects.count() == 1


def test_when_another_unit_has_been_asked_nothing_more_is_kept(case_file, supervisor):
    client = browser_of(supervisor, case_file)
    unit = make_unit(OTHER_VILLAGE)
    transfers.ask(case_file=case_file, to_unit=unit, note=WORDS, by=supervisor, now=NOW)
    answer = keep(client, case_file, "transfer", note=WORDS)
    assert (answer.status_code, "asked already" in answer.text) == (422, True)


def test_a_supervisor_finds_what_they_have_begun_on_the_start_page(case_file, supervisor):
    client = browser_of(supervisor, case_file)
    assert 'id="begun"' not in client.get("/today/").text
    keep(client, case_file, "transfer", note=WORDS)
    shown = client.get("/today/").text
    assert shown.count('id="begun"') == 1
    assert f'href="/files/{case_file.number}/transfer/"' in shown
    assert WORDS not in shown


def test_nobody_begins_everything(case_file, worker):
    client = client_for(worker)
    for number in range(MOST_FORMS):
        assert keep(client, case_file, f"word-{number}", words="x").status_code == 204
    answer = keep(client, case_file, "incident", words="x")
    assert (answer.status_code, "You have begun a lot" in answer.text) == (422, True)
    # What is begun already goes on.
    assert keep(client, case_file, "word-3", words="y").status_code == 204
