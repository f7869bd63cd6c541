"""Levels on the page: proposed with help, decided side by side by a second person."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.html import escape

from audit.models import LoggedEvent
from casework import sweeps
from casework.actions import levels as casework_levels
from casework.actions import levels_in_time, plans
from casework.actions.case_files import calendars
from casework.caseload import DueKind
from casework.forms.levels import ProposeLevelForm
from casework.models import CaseFile, Plan
from casework.models.case_files import Status
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.models import Decision, Proposal, RiskLevel
from risk_levels.populations import POPULATIONS
from tests.factories import (
    GROUNDS,
    OTHER_VILLAGE,
    assign,
    change_role,
    client_for,
    expire,
    make_assessment,
    make_case_file,
    make_proposal,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db
GREEN = {"to_level": "green", "reason_codes": ["stable"], "assessment": "1"}
WHY = "The stove is broken and nobody has come for two weeks."


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    case_file = make_case_file(lead=worker, today=timezone.localdate() - timedelta(days=20))
    make_assessment(case_file, worker, now=timezone.now() - timedelta(days=1))
    return case_file


@pytest.fixture
def client(worker):
    return client_for(worker)


@pytest.fixture
def deciding(supervisor, case_file):
    """The supervisor's browser, after they have said what for they open the file."""
    return opening(supervisor, case_file)


def opening(user, case_file):
    client = client_for(user)
    answer = client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    assert answer.status_code == 302
    return client


def proposal_page(case_file):
    return f"/files/{case_file.number}/proposal/"


def review_page(case_file):
    return f"/files/{case_file.number}/proposal/review/"


def sent(**change):
    return {
        "to_level": "red",
        "reason_codes": ["unmet_needs", "isolation"],
        "reason": WHY,
        "evidence_on": (timezone.localdate() - timedelta(days=4)).isoformat(),
        "evidence_what": "Seen at the visit",
        "tried": "Called the village committee twice.",
        "assessment": "1",
        "goal": "A warm room before the winter",
        "what_0": "Repair the stove",
        "resource_0": "Township repair fund",
        "who_0": "Village committee",
        "by_on_0": (timezone.localdate() + timedelta(days=7)).isoformat(),
    } | change


def without(*names):
    return {key: value for key, value in sent().items() if key not in names}


def answer_with(client, case_file, decision="approve", **change):
    values = {"decision": decision, "reason": "Seen together.", "told": "told"} | change
    return client.post(review_page(case_file), {"seen": seen_by(client, case_file)} | values)


def seen_by(client, case_file):
    """Which proposal and plan the page shows, as it sends that back."""
    page = client.get(review_page(case_file))
    return page.context["form"].current if page.status_code == 200 else ""


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def test_red_is_proposed_with_a_plan_and_approved_by_a_second_person(
    client, deciding, case_file, worker, supervisor
):
    answer = client.post(proposal_page(case_file), sent())
    assert (answer.status_code, answer.url) == (302, f"/files/{case_file.number}/level/")
    proposal = Proposal.objects.get()
    assert (proposal.state, proposal.proposer, proposal.to_level) == ("submitted", worker, "red")
    plan = Plan.objects.get()
    assert (plan.proposal, plan.state) == (proposal, "draft")
    assert RiskLevel.objects.get().level == "ungraded"

    answer = answer_with(deciding, case_file)
    assert (answer.status_code, answer.url) == (302, f"/files/{case_file.number}/")
    level = RiskLevel.objects.get()
    assert (level.level, level.until_on) == ("red", timezone.localdate() + timedelta(days=90))
    plan = Plan.objects.get()
    assert (plan.state, plan.approved_by) == ("approved", supervisor)
    case_file.refresh_from_db()
    # The duties of red are in the calendar: contact every two days.
    assert case_file.next_due_on <= timezone.localdate() + timedelta(days=2)
    assert [each.subject for each in events("risk_level.approved")] == [case_file.number]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resource_0": ""}, "at least one concrete resource"),
        ({"what_0": ""}, "Say what will be done"),
        ({"goal": ""}, "Say what should become better"),
        ({"reason": "Too short."}, "at least 20 characters"),
        ({"evidence_on": ""}, "at least one thing that happened, with its day"),
        ({"evidence_what": ""}, "at least one thing that happened, with its day"),
        ({"evidence_on": "2999-01-01"}, "today or before"),
        ({"tried": ""}, "what less intrusive step was tried"),
        ({"reason_codes": ["declined_service"]}, "never supports a higher level"),
        ({"reason_codes": []}, "required"),
        ({"reason_codes": ["official_class"]}, "Select a valid choice"),
        ({"assessment": ""}, "A proposal rests on an assessment"),
        ({"assessment": "2"}, "Select a valid choice"),
    ],
)
def test_a_step_up_that_lacks_something_is_refused_beside_the_field(
    client, case_file, change, words
):
    answer = client.post(proposal_page(case_file), sent(**change))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "Township repair fund" in page or "resource_0" in change
    assert not Proposal.objects.exists()
    assert not Plan.objects.exists()


def test_everything_that_red_lacks_is_said_at_once_each_beside_its_field(client, case_file):
    bare = {"to_level": "red", "reason_codes": ["wish"], "assessment": "1"}
    answer = client.post(proposal_page(case_file), bare)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {
        *("reason_codes", "reason", "evidence_on", "tried"),
        *("goal", "what_0", "resource_0"),
    }
    page = answer.content.decode()
    for field in ("reason", "evidence_on", "tried", "goal", "what_0", "resource_0"):
        assert f'id="id_{field}_error"' in page
    assert "id_reason_codes_error" in page


def test_yellow_asks_for_grounds_and_for_no_plan(client, case_file):
    bare = {"to_level": "yellow", "reason_codes": ["isolation"], "assessment": "1"}
    answer = client.post(proposal_page(case_file), bare)
    assert set(answer.context["form"].errors) == {"reason", "evidence_on", "tried"}


def test_one_field_is_told_one_thing(client, case_file):
    answer = client.post(proposal_page(case_file), sent(evidence_on="soon", by_on_0="2026-11-20"))
    errors = answer.context["form"].errors
    assert errors["evidence_on"] == ["Write the day like 2026-11-26."]
    assert [words[:20] for words in errors["by_on_0"]] == ["This day has passed."]


def test_what_red_needs_is_not_called_optional(client, case_file):
    form = client.get(proposal_page(case_file)).context["form"]
    for name in ("goal", "what_0", "resource_0"):
        drawn = form[name].as_field_group()
        assert "(needed for red)" in drawn
        assert "(optional)" not in drawn
    for name in ("reason", "evidence_on", "evidence_what", "tried"):
        assert "(needed for yellow and red)" in form[name].as_field_group()
    assert "(optional)" in form["what_1"].as_field_group()


def test_reasons_stand_under_the_direction_in_which_they_point(client, case_file):
    page = client.get(proposal_page(case_file)).content.decode()
    places = [
        page.index(words)
        for words in (
            *("For every proposal", 'value="assessment"'),
            *("For a higher level", 'value="safety"', 'value="isolation"'),
            *("For green, or for a lower level", 'value="needs_met"', 'value="declined_service"'),
        )
    ]
    assert places == sorted(places)


def test_assessments_to_choose_from_say_what_they_suggest_the_newest_first(
    client, case_file, worker
):
    today = timezone.localdate()
    make_assessment(case_file, worker, now=timezone.now())
    choices = client.get(proposal_page(case_file)).context["form"].fields["assessment"].choices
    days = [words[:10] for _place, words in choices]
    assert [place for place, _words in choices] == ["2", "1"]
    assert days == [today.isoformat(), (today - timedelta(days=1)).isoformat()]
    for _place, words in choices:
        assert " · suggests " in words
        assert words.endswith(", for the time being")


def test_a_plan_that_comes_between_the_proposal_and_the_lock_is_seen_in_the_answer(
    client, case_file, worker, monkeypatch
):
    run = ProposeLevelForm.run

    def overtaken(form, act, **about):
        steps = [{"what": "Sent by the colleague", "resource": "Fund"}]
        plans.draft(
            case_file=case_file, goal="Warmth", steps=steps, by=worker, today=timezone.localdate()
        )
        return run(form, act, **about)

    monkeypatch.setattr(ProposeLevelForm, "run", overtaken)
    answer = client.post(proposal_page(case_file), sent(seen=""))

    assert answer.status_code == 422
    assert "<p>Sent by the colleague</p>" in answer.text
    assert "<p>Repair the stove</p>" in answer.text
    assert not Proposal.objects.exists()


def test_a_plan_that_was_drafted_meanwhile_is_seen_before_the_proposal_replaces_it(
    client, case_file, worker
):
    seen = client.get(proposal_page(case_file)).context["form"].current
    steps = [{"what": "Sent by the colleague", "resource": "Fund"}]
    plans.draft(
        case_file=case_file, goal="Warmth", steps=steps, by=worker, today=timezone.localdate()
    )

    answer = client.post(proposal_page(case_file), sent(seen=seen))

    assert answer.status_code == 422
    assert "Written meanwhile" in answer.content.decode()
    assert "Sent by the colleague" in answer.content.decode()
    assert not Proposal.objects.exists()
    client.post(proposal_page(case_file), sent(seen=answer.context["form"].current))
    assert Proposal.objects.get().to_level == "red"


def test_whoever_has_not_assessed_yet_is_led_there_first(client, case_file, worker):
    other = make_case_file(lead=worker)
    page = client.get(proposal_page(other)).content.decode()
    assert "Fill in an assessment first" in page
    assert f'href="/files/{other.number}/assessments/new/"' in page
    assert 'name="to_level"' not in page
    answer = client.post(proposal_page(other), GREEN | {"assessment": ""})
    assert answer.status_code == 422
    assert "A proposal rests on an assessment" in answer.content.decode()
    page = client.get(proposal_page(case_file)).content.decode()
    assert "Fill in an assessment first" not in page
    # The only one there is stands in the form already, and an official class is nobody's to give.
    assert '<option value="1"' in page
    assert 'value="official_class"' not in page


def test_red_without_a_plan_is_refused(client, case_file):
    answer = client.post(
        proposal_page(case_file), without("goal", "what_0", "resource_0", "who_0", "by_on_0")
    )
    assert answer.status_code == 422
    assert "at least one concrete resource" in answer.content.decode()


def test_green_needs_a_reason_and_nothing_else(client, case_file):
    answer = client.post(proposal_page(case_file), GREEN)
    assert answer.status_code == 302
    assert Proposal.objects.get().to_level == "green"


def test_while_one_proposal_waits_no_other_is_made(client, case_file):
    client.post(proposal_page(case_file), sent())
    assert client.get(proposal_page(case_file)).url == f"/files/{case_file.number}/level/"
    again = sent(to_level="yellow", seen=str(Plan.objects.get().pk))
    answer = client.post(proposal_page(case_file), again)
    assert answer.status_code == 422
    assert "open already" in answer.content.decode()
    assert Proposal.objects.count() == 1


def test_the_proposer_takes_a_proposal_back(client, case_file):
    client.post(proposal_page(case_file), sent())
    page = client.get(f"/files/{case_file.number}/level/").content.decode()
    assert "Take it back" in page
    client.post(f"/files/{case_file.number}/proposal/withdraw/")
    assert Proposal.objects.get().state == "withdrawn"
    assert client.post(f"/files/{case_file.number}/proposal/withdraw/").status_code == 404
    assert events("risk_level.withdrawn")[0].subject == case_file.number


def test_a_colleague_cannot_take_it_back(client, case_file):
    make_proposal(case_file, make_user())
    answer = client.post(f"/files/{case_file.number}/proposal/withdraw/", follow=True)
    assert "Only whoever made a proposal takes it back" in answer.content.decode()
    assert Proposal.objects.get().state == "submitted"


def test_the_review_page_shows_what_is_what_is_proposed_and_on_what(
    client, deciding, case_file, worker
):
    client.post(
        f"/files/{case_file.number}/assessments/new/",
        {
            "assessed_on": timezone.localdate().isoformat(),
            "item_no_shelter": "yes",
            "item_own_goals": "yes",
        },
    )
    client.post(proposal_page(case_file), sent(assessment="2"))
    page = deciding.get(review_page(case_file)).content.decode()
    for words in (
        "Current",
        "Proposed",
        "Evidence",
        WHY,
        "Seen at the visit",
        "Called the village committee twice.",
        "Township repair fund",
        "Urgent needs that are not met",
        "The answers suggest: Red.",
        "Has no food, no heating or no place to sleep tonight",
        worker.name,
    ):
        assert words in page
    assert "王秀英" not in page
    read = events("case_file.read")[-1]
    for group in ("proposal.body", "assessment.body", "plan.body", "case_file.body"):
        assert group in read.body


def test_the_decider_sees_what_changed_since_the_last_assessment(client, deciding, case_file):
    for answer in ("urgent", "some"):
        client.post(
            f"/files/{case_file.number}/assessments/new/",
            {"assessed_on": timezone.localdate().isoformat(), "item_income": answer},
        )
    client.post(proposal_page(case_file), sent(assessment="3"))
    page = deciding.get(review_page(case_file)).content.decode()
    assert "Since the assessment before" in page
    assert "Urgent and not met → Some need, help is under way" in page
    assert "Provisional: answers are missing" in page
    assert "Questions about safety are open" in page


def test_the_review_of_an_official_class_names_class_day_and_doctor(supervisor):
    file = make_case_file(population="mental_disorder")
    actions.propose_official(
        risk_level=file.risk_level,
        details={
            "danger_class": "1",
            "assessed_on": "2026-10-01",
            "assessed_by": "周医生",
        },
        by=system_account("ledger"),
        entered_by=make_user(Role.SUPERVISOR),
        now=timezone.now(),
    )
    client = opening(supervisor, file)
    page = client.get(review_page(file)).content.decode()
    for words in ("Danger assessment", "1: threats and shouting only", "2026-10-01", "周医生"):
        assert words in page
    assert "It rests on no assessment of ours." in page
    assert answer_with(client, file).status_code == 302
    level_page = client.get(f"/files/{file.number}/level/").content.decode()
    assert "1: threats and shouting only · 2026-10-01" in level_page


def test_the_decision_keeps_the_inputs_as_seen(client, deciding, case_file):
    from tests.risk_levels.test_decisions import opened

    client.post(proposal_page(case_file), sent())
    answer_with(deciding, case_file)
    decision = opened(Decision)
    assert decision.inputs["reason_codes"] == ["unmet_needs", "isolation"]
    assert decision.inputs["plan"] == str(Plan.objects.get().pk)
    assert decision.told == "told"
    assert decision.reason == "Seen together."


@pytest.mark.parametrize(("decision", "state"), [("return", "returned"), ("reject", "rejected")])
def test_an_answer_without_change_leaves_the_level_and_says_why(
    client, deciding, case_file, decision, state
):
    client.post(proposal_page(case_file), sent())
    answer = answer_with(deciding, case_file, decision, reason="Talk to the son first.")
    assert (answer.status_code, answer.url) == (302, "/reviews/")
    assert Proposal.objects.get().state == state
    assert RiskLevel.objects.get().level == "ungraded"
    page = client.get(f"/files/{case_file.number}/level/").content.decode()
    assert "Talk to the son first." in page


def test_a_returned_proposal_comes_back_filled_in(client, deciding, case_file):
    client.post(proposal_page(case_file), sent())
    answer_with(deciding, case_file, "return", reason="Talk to the son first.")
    answer = client.get(proposal_page(case_file))
    page = answer.content.decode()
    assert "Talk to the son first." in page
    assert WHY in page
    assert "Township repair fund" in page
    again = sent(reason=WHY + " He is away.", seen=answer.context["form"].current)
    assert client.post(proposal_page(case_file), again).status_code == 302
    assert Proposal.objects.filter(state="submitted").count() == 1


def test_a_decision_needs_a_reason(client, deciding, case_file):
    client.post(proposal_page(case_file), sent())
    answer = answer_with(deciding, case_file, reason=" ")
    assert answer.status_code == 422
    assert RiskLevel.objects.get().level == "ungraded"


def test_a_worker_who_proposes_cannot_decide_and_the_try_is_in_the_log(client, case_file, worker):
    client.post(proposal_page(case_file), sent())
    assert answer_with(client, case_file).status_code == 403
    assert events("permission.refused")[-1].actor == worker.log_reference
    assert Proposal.objects.get().state == "submitted"


def test_somebody_who_became_supervisor_cannot_decide_what_they_proposed(case_file, worker):
    proposer = make_user()
    make_proposal(case_file, proposer)
    promoted = make_user(Role.SUPERVISOR)
    client = opening(change_role(proposer, Role.SUPERVISOR, promoted.unit), case_file)
    page = client.get(review_page(case_file)).content.decode()
    assert "a colleague decides" in page
    answer = answer_with(client, case_file)
    assert answer.status_code == 422
    assert "A second person decides" in answer.content.decode()
    (refusal,) = events("risk_level.refused")
    assert (refusal.actor, refusal.subject) == (proposer.log_reference, case_file.number)
    assert Proposal.objects.get().state == "submitted"


def test_green_is_decided_without_a_plan_and_lives_for_a_year(client, deciding, case_file):
    client.post(proposal_page(case_file), GREEN)
    assert answer_with(deciding, case_file, told="").status_code == 302
    assert RiskLevel.objects.get().level == "green"
    assert Decision.objects.get().until_on == timezone.localdate() + timedelta(days=365)
    assert not Plan.objects.exists()


def test_nobody_of_the_team_decides(case_file, worker):
    make_proposal(case_file, worker)
    deputy = make_user()
    assign(case_file, deputy, "deputy")
    deputy = change_role(deputy, Role.SUPERVISOR, make_user(Role.SUPERVISOR).unit)
    answer = answer_with(client_for(deputy), case_file)
    assert answer.status_code == 422
    assert "Somebody from outside the team decides" in answer.content.decode()
    assert RiskLevel.objects.get().level == "ungraded"


def test_an_official_red_waits_for_a_plan(case_file, supervisor):
    file = make_case_file(population="mental_disorder")
    proposal = actions.propose_official(
        risk_level=file.risk_level,
        details={"condition_class": "unstable"},
        by=system_account("ledger"),
        now=timezone.now(),
    )
    with pytest.raises(Refused, match="at least one concrete resource"):
        casework_levels.decide(
            case_file=file,
            proposal=proposal,
            decision="approve",
            reason="Agreed.",
            by=supervisor,
            now=timezone.now(),
        )


def test_whoever_comes_second_is_told_that_it_is_decided(client, deciding, case_file):
    client.post(proposal_page(case_file), sent())
    other = opening(make_user(Role.SUPERVISOR), case_file)
    other.get(review_page(case_file))
    answer_with(deciding, case_file)
    answer = other.post(
        review_page(case_file), {"decision": "reject", "reason": "No."}, follow=True
    )
    assert "somebody has decided" in answer.content.decode()
    assert RiskLevel.objects.get().level == "red"


def test_another_units_worker_finds_nothing(case_file):
    stranger = client_for(make_user(unit=make_unit(OTHER_VILLAGE)))
    for page in (proposal_page(case_file), f"/files/{case_file.number}/level/"):
        assert stranger.get(page).status_code == 404
    assert stranger.post(proposal_page(case_file), sent()).status_code == 404
    assert stranger.post(f"/files/{case_file.number}/proposal/withdraw/").status_code == 404
    assert len(events("case_file.refused")) == 4
    elsewhere = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE))
    assert client_for(elsewhere).get(review_page(case_file)).status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SUPERVISOR])
def test_only_supervisors_see_the_queue_and_review(case_file, worker, role):
    client = client_for(make_user(role))
    assert client.get("/reviews/").status_code == 403
    assert client.get(review_page(case_file)).status_code == 403


def test_the_queue_keeps_care_and_justice_apart(case_file, worker, supervisor):
    make_proposal(case_file, worker)
    drug = make_case_file(population="drug")
    actions.propose_official(
        risk_level=drug.risk_level,
        details={"risk_class": "high"},
        by=system_account("ledger"),
        now=timezone.now(),
    )
    client = client_for(supervisor)
    care = client.get("/reviews/?group=care").content.decode()
    justice = client.get("/reviews/?group=justice").content.decode()
    assert case_file.number in care
    assert drug.number not in care
    assert drug.number in justice
    assert case_file.number not in justice
    assert "official class" in justice
    assert "王秀英" not in care


def test_red_that_a_colleague_saw_stands_before_what_a_ledger_brought(worker, supervisor):
    now = timezone.now()
    wanted = []
    for hours, kind in enumerate(("red", "yellow", "red", "ledger"), start=1):
        case_file = make_case_file()
        at = now - timedelta(hours=hours)
        if kind == "ledger":
            actions.propose_official(
                risk_level=case_file.risk_level,
                details={"special_difficulty": True},
                by=system_account("ledger"),
                now=at,
            )
        else:
            make_proposal(case_file, worker, kind, now=at)
        wanted.append(case_file)
    late_red, yellow, early_red, ledger = wanted
    rows = client_for(supervisor).get("/reviews/").context["rows"]
    assert [row[1] for row in rows] == [early_red, late_red, yellow, ledger]


def test_the_queue_says_what_a_colleague_decides(case_file, worker, supervisor):
    actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        entered_by=supervisor,
        now=timezone.now(),
    )
    mine = client_for(supervisor).get("/reviews/").content.decode()
    assert "A colleague approves" in mine
    assert f'href="{review_page(case_file)}"' in mine
    other = client_for(make_user(Role.SUPERVISOR)).get("/reviews/").content.decode()
    assert "A colleague" not in other


def test_whoever_handed_in_the_ledger_returns_or_rejects_and_the_page_says_so(
    case_file, supervisor
):
    official(case_file, supervisor)
    browser = opening(supervisor, case_file)
    page = browser.get(review_page(case_file)).content.decode()
    assert "you may return or reject it, a colleague approves it" in page
    assert 'value="approve"' not in page
    assert 'value="return"' in page
    answer = answer_with(browser, case_file)
    assert answer.status_code == 422
    assert "A second person approves it" in answer.content.decode()
    assert answer_with(browser, case_file, "return", reason="Ask the village.").status_code == 302
    assert Proposal.objects.get().state == "returned"


def test_the_team_proposes_beside_an_official_class_that_waits(client, case_file, supervisor):
    official(case_file, supervisor)
    level = client.get(f"/files/{case_file.number}/level/").content.decode()
    assert "A proposal of the team takes its place" in level
    assert f'href="{proposal_page(case_file)}"' in level
    page = client.get(proposal_page(case_file)).content.decode()
    assert "An official class from a ledger waits for a decision" in page
    assert client.post(proposal_page(case_file), sent()).status_code == 302
    assert sorted(Proposal.objects.values_list("state", flat=True)) == ["lapsed", "submitted"]
    level = client.get(f"/files/{case_file.number}/level/").content.decode()
    assert "Proposal of Yellow: Lapsed" in level
    assert f'href="{proposal_page(case_file)}"' not in level


def official(case_file, entered_by):
    return actions.propose_official(
        risk_level=case_file.risk_level,
        details={"special_difficulty": True},
        by=system_account("ledger"),
        entered_by=entered_by,
        now=timezone.now(),
    )


def test_an_empty_queue_says_what_would_be_there(supervisor):
    assert "Nothing waits" in client_for(supervisor).get("/reviews/").content.decode()


def queries_of(client, page):
    with (
        CaptureQueriesContext(connections["default"]) as one,
        CaptureQueriesContext(connections["keys"]) as other,
    ):
        assert client.get(page).status_code == 200
    return len(one) + len(other)


def test_the_queue_asks_the_database_the_same_number_of_times_however_long(worker, supervisor):
    client = client_for(supervisor)
    make_proposal(make_case_file(), make_user())
    one = queries_of(client, "/reviews/")
    for _number in range(4):
        make_proposal(make_case_file(), make_user())
    assert queries_of(client, "/reviews/") == one < 20


def test_pages_of_a_level_stay_under_twenty_queries(client, deciding, case_file, worker):
    now = timezone.now()
    for _number in range(3):
        assessment = actions.record_assessment(
            risk_level=case_file.risk_level, answers={"income": "urgent"}, by=worker, now=now
        )
        proposal = make_proposal(
            case_file, worker, "yellow", now=now, assessment=assessment, **late(now)
        )
        actions.approve(proposal=proposal, by=make_user(Role.SUPERVISOR), reason="Agreed.", now=now)
        case_file.risk_level.refresh_from_db()
    assert queries_of(client, f"/files/{case_file.number}/level/") < 20
    assert queries_of(client, proposal_page(case_file)) < 20
    assert client.post(proposal_page(case_file), sent(assessment="3")).status_code == 302
    assert queries_of(deciding, review_page(case_file)) < 20


def late(now):
    return {"evidence": [{"on": now.date().isoformat(), "what": "Seen"}]} | {
        key: GROUNDS[key] for key in ("reason_codes", "reason", "tried")
    }


def test_the_level_page_tells_how_it_came_about(client, deciding, case_file, worker, supervisor):
    client.post(proposal_page(case_file), sent())
    answer_with(deciding, case_file)
    page = client.get(f"/files/{case_file.number}/level/").content.decode()
    for words in (worker.name, supervisor.name, WHY, "Seen together."):
        assert words in page
    assert "January 2026, as delivered" in page
    assert "at least every 2 days" in page


def test_the_level_page_says_that_visits_go_on_after_the_term(client, case_file, worker):
    now = timezone.now() - timedelta(days=100)
    level = case_file.risk_level
    make_level_then(case_file, now)
    expire(by=system_account("clock"), now=timezone.now())
    level.refresh_from_db()
    assert level.level == "yellow"
    page = client.get(f"/files/{case_file.number}/level/").content.decode()
    assert "Visits go on as before" in page
    assert "End of the term" in page


def test_the_privacy_officer_reads_every_field_with_its_ground_and_retention():
    page = client_for(make_user(Role.PRIVACY_OFFICER)).get("/legal-bases/").content.decode()
    for population in POPULATIONS.values():
        assert str(population.label) in page
        shown = page.partition(f'aria-labelledby="{population.code}"')[2].partition("</section>")[0]
        for field in population.columns:
            assert f">{escape(field.label)}</th>" in shown
            assert str(escape(field.purpose)) in shown
            assert str(escape(field.basis)) in shown
            assert str(field.retention.label) in shown
    assert "Community Corrections Law, article 25" in page
    assert "Kept until the file is destroyed" in page


@pytest.mark.parametrize("role", [role for role in Role if role != Role.PRIVACY_OFFICER])
def test_nobody_else_needs_the_page_of_legal_bases(role):
    assert client_for(make_user(role)).get("/legal-bases/").status_code == 403


def test_when_a_term_has_ended_the_review_is_due_at_once(case_file):
    now = timezone.now() - timedelta(days=100)
    make_level_then(case_file, now)
    assert sweeps.expire_levels(timezone.now()) == 1
    assert sweeps.expire_levels(timezone.now()) == 0
    case_file.refresh_from_db()
    assert case_file.next_due_on <= timezone.localdate()
    (event,) = events("risk_level.expired")
    assert (event.actor, event.subject) == ("s:clock", case_file.number)


def test_the_end_of_a_term_hides_no_missed_contact(case_file):
    """Nobody was in touch for three months: that stays overdue when the label drops."""
    now = timezone.now() - timedelta(days=100)
    make_level_then(case_file, now)
    before = contact_due(case_file)
    assert before < timezone.localdate() - timedelta(days=15)
    sweeps.expire_levels(timezone.now())
    assert contact_due(case_file) == before
    case_file.refresh_from_db()
    assert case_file.next_due_on == before


def contact_due(case_file):
    file = CaseFile.objects.select_related("risk_level").get(pk=case_file.pk)
    due = calendars([file], timezone.localdate())[file].due()
    return next(each.on for each in due if each.kind == DueKind.CONTACT)


def close(case_file):
    CaseFile.objects.filter(pk=case_file.pk).update(
        status=Status.CLOSED, closed_on=timezone.localdate()
    )


def test_the_level_of_a_closed_file_does_not_end(case_file):
    make_level_then(case_file, timezone.now() - timedelta(days=100))
    waiting = CaseFile.objects.get()
    close(case_file)
    assert sweeps.expire_levels(timezone.now()) == 0
    # Nor where it was closed after the sweep had looked.
    clock = system_account("clock")
    assert not levels_in_time.expire(case_file=waiting, by=clock, now=timezone.now())
    assert RiskLevel.objects.get().level == "red"


def test_one_level_that_cannot_end_is_told_and_keeps_no_other_from_it(
    case_file, worker, monkeypatch, caplog
):
    other = make_case_file(lead=worker, today=case_file.opened_on)
    for each in (case_file, other):
        make_level_then(each, timezone.now() - timedelta(days=100))
    expire_one = actions.expire

    def broken(*, risk_level, **more):
        if risk_level.pk == case_file.risk_level_id:
            raise ValueError("王秀英")
        return expire_one(risk_level=risk_level, **more)

    monkeypatch.setattr("risk_levels.actions.expire", broken)
    with pytest.raises(sweeps.NotAllEnded, match="1 of 2"):
        sweeps.expire_levels(timezone.now())
    levels = RiskLevel.objects.in_bulk()
    assert levels[case_file.risk_level_id].level == "red"
    assert levels[other.risk_level_id].level == "yellow"
    assert f"The level of {case_file.number} could not be ended: ValueError" in caplog.text
    assert "王秀英" not in caplog.text

    monkeypatch.setattr("risk_levels.actions.expire", expire_one)
    assert sweeps.expire_levels(timezone.now()) == 1


def test_a_database_that_is_away_is_away_for_all(case_file, monkeypatch):
    make_level_then(case_file, timezone.now() - timedelta(days=100))

    def away(**_more):
        raise OperationalError("gone")

    monkeypatch.setattr("risk_levels.actions.expire", away)
    with pytest.raises(OperationalError):
        sweeps.expire_levels(timezone.now())


def make_level_then(case_file, now):
    proposal = make_proposal(case_file, make_user(), "red", now=now, **late(now))
    actions.approve(proposal=proposal, by=make_user(Role.SUPERVISOR), reason="Yes.", now=now)
