"""Plans: drafted by the team with steps and resources, approved by somebody else, kept."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connections, transaction
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework.actions import plans
from casework.forms.plans import STEPS, DraftPlanForm
from casework.models import Plan
from casework.models.plans import State
from kpm.days import in_words
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.permissions import Role
from tests.conftest import RealCommits
from tests.factories import (
    OTHER_VILLAGE,
    assign,
    client_for,
    make_assessment,
    make_case_file,
    make_level,
    make_unit,
    make_user,
)
from tests.threads import at_once

pytestmark = pytest.mark.django_db
GOAL = "每天有人照看一次，按时吃药"
SOON = (timezone.localdate() + timedelta(days=7)).isoformat()


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


@pytest.fixture
def client(worker):
    return client_for(worker)


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


def page_of(case_file, rest=""):
    return f"/files/{case_file.number}/plan/{rest}"


def sent(**change):
    """A filled-in form with two steps, as a browser sends it."""
    empty = {
        f"{name}_{number}": ""
        for number in range(STEPS)
        for name in ("what", "resource", "who", "by_on")
    }
    return (
        empty
        | {
            "goal": GOAL,
            "what_0": "送药上门",
            "resource_0": "村卫生室签约服务",
            "who_0": "家庭医生",
            "by_on_0": SOON,
            "what_2": "装扶手",
        }
        | change
    )


def draft(client, case_file, **change):
    """Draft as the page does, which says what it takes the place of."""
    page = client.get(page_of(case_file, "new/"))
    return client.post(
        page_of(case_file, "new/"), sent(seen=page.context["form"].current, **change)
    )


def supervising(supervisor, case_file):
    """A browser of a supervisor who has said what for."""
    client = client_for(supervisor)
    client.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    return client


def approve(browser, case_file):
    """Let the draft hold, as the page that shows it does."""
    draft = Plan.objects.filter(state=State.DRAFT).first()
    return browser.post(page_of(case_file, "approve/"), {"seen": draft.pk if draft else ""})


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def opened(plan, case_file, by):
    from audit import log
    from audit.events import Event, Purpose
    from kpm.vault.opening import open_groups

    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[case_file]
    ) as reading:
        open_groups([plan], "body", reading=reading)
    return plan


def test_a_plan_is_drafted_with_its_steps(client, case_file, worker):
    answer = draft(client, case_file)

    assert (answer.status_code, answer.url) == (302, page_of(case_file))
    plan = opened(Plan.objects.get(), case_file, worker)
    assert (plan.state, plan.drafted_by, plan.goal) == (State.DRAFT, worker, GOAL)
    assert all(step["id"] for step in plan.steps)
    assert [{key: step[key] for key in step if key != "id"} for step in plan.steps] == [
        {
            "what": "送药上门",
            "resource": "村卫生室签约服务",
            "who": "家庭医生",
            "by_on": SOON,
        },
        {"what": "装扶手", "resource": "", "who": "", "by_on": ""},
    ]
    assert plan.resources() == ["村卫生室签约服务"]


def test_a_draft_is_written_into_log_and_history_once_and_sealed(client, case_file, worker):
    draft(client, case_file)

    (event,) = events("plan.drafted")
    assert (event.subject, event.actor) == (case_file.number, worker.log_reference)
    (past,) = Plan.history.all()
    assert (past.history_type, past.history_user_id) == ("+", worker.pk)
    assert GOAL.encode() not in bytes(Plan.objects.values_list("body", flat=True).get())


def test_the_page_shows_goal_steps_and_resources(client, case_file):
    draft(client, case_file)
    page = client.get(page_of(case_file)).content.decode()
    for words in (GOAL, "送药上门", "村卫生室签约服务", "家庭医生", SOON, "装扶手"):
        assert words in page
    assert "plan.body" in events("case_file.read")[-1].body


def test_a_new_draft_begins_with_the_last_one_and_takes_its_place(client, case_file):
    draft(client, case_file)
    page = client.get(page_of(case_file, "new/")).content.decode()
    assert GOAL in page
    assert 'value="送药上门"' in page
    assert f'value="{SOON}"' in page

    draft(client, case_file, goal="多跟邻居来往")
    states = Plan.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == [State.ENDED, State.DRAFT]


def test_the_second_of_two_drafts_sees_the_first_before_it_takes_its_place(
    client, case_file, worker
):
    colleague = make_user(name="Colleague")
    assign(case_file, colleague, "deputy")
    other = client_for(colleague)
    before = other.get(page_of(case_file, "new/")).context["form"].current
    draft(client, case_file, what_1="装扶手", what_2="")

    answer = other.post(
        page_of(case_file, "new/"),
        sent(seen=before, goal="多跟邻居来往", what_1="装扶手", what_2=""),
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This has changed since you opened the page." in page
    assert "Written meanwhile" in page
    # Both are there, and only what differs: the colleague's words, and what was typed.
    assert f"<p>{GOAL}</p>" in page
    assert "<p>多跟邻居来往</p>" in page
    assert page.count('class="field difference"') == 1
    assert "多跟邻居来往</textarea>" in page
    assert Plan.objects.count() == 1

    again = sent(seen=answer.context["form"].current, goal="多跟邻居来往")
    assert other.post(page_of(case_file, "new/"), again).status_code == 302
    states = Plan.objects.order_by("id").values_list("state", "drafted_by")
    assert list(states) == [(State.ENDED, worker.pk), (State.DRAFT, colleague.pk)]


def test_a_draft_that_comes_between_page_and_lock_is_not_replaced_either(case_file, worker):
    steps = [{"what": "送药上门"}]
    about = {"case_file": case_file, "goal": GOAL, "steps": steps, "by": worker}
    first = plans.draft(**about, today=timezone.localdate(), seen="")
    with pytest.raises(Refused, match="changed since you opened"):
        plans.draft(**about, today=timezone.localdate(), seen="")
    assert Plan.objects.get() == first
    plans.draft(**about, today=timezone.localdate(), seen=str(first.pk))
    assert Plan.objects.count() == 2


def test_each_step_that_differs_is_named_with_both_texts(client, case_file):
    before = client.get(page_of(case_file, "new/")).context["form"].current
    draft(client, case_file)

    answer = client.post(
        page_of(case_file, "new/"), sent(seen=before, who_0="村医", by_on_0="", what_2="换灯泡")
    )

    found = [(str(label), *both) for label, *both in answer.context["form"].differences]
    assert found == [
        ("Step 1: By whom", "家庭医生", "村医"),
        ("Step 1: To be done by", in_words(SOON), ""),
        # The colleague's second step has moved up.
        ("Step 2: What will be done", "装扶手", ""),
        ("Step 3: What will be done", "", "换灯泡"),
    ]


def test_who_typed_the_same_is_told_so(client, case_file):
    before = client.get(page_of(case_file, "new/")).context["form"].current
    draft(client, case_file, what_1="装扶手", what_2="")
    answer = client.post(page_of(case_file, "new/"), sent(seen=before, what_1="装扶手", what_2=""))
    assert "Both say the same." in answer.text


def test_whoever_comes_between_page_and_lock_is_seen_in_the_answer(client, case_file, monkeypatch):
    colleague = make_user(name="Colleague")
    assign(case_file, colleague, "deputy")
    run = DraftPlanForm.run

    def overtaken(form, act, **about):
        steps = [{"what": "送药上门"}]
        plans.draft(**about | {"by": colleague, "goal": GOAL, "steps": steps})
        return run(form, act, **about)

    monkeypatch.setattr(DraftPlanForm, "run", overtaken)
    answer = client.post(page_of(case_file, "new/"), sent(seen="", goal="多跟邻居来往"))

    assert answer.status_code == 422
    assert f"<p>{GOAL}</p>" in answer.text
    assert "多跟邻居来往</textarea>" in answer.text
    # The colleague's is what the next attempt takes the place of.
    assert Plan.objects.get().drafted_by == colleague
    assert answer.context["form"].current == str(Plan.objects.get().pk)


def test_of_four_drafts_at_one_moment_one_is_kept_and_the_others_are_told(
    real_commits: RealCommits,
):
    worker = make_user()
    case_file = make_case_file(lead=worker)

    def act(turn: int) -> str:
        about = {"goal": f"{GOAL} {turn}", "steps": [{"what": "送药上门"}], "seen": ""}
        try:
            plans.draft(case_file=case_file, by=worker, today=timezone.localdate(), **about)
        except Refused as refusal:
            return str(refusal.message)
        return "kept"

    told = at_once(4, act)
    assert told.count("kept") == 1
    assert len([each for each in told if "changed since you opened" in each]) == 3
    assert Plan.objects.get().state == State.DRAFT


def test_what_was_kept_before_a_colleague_drafted_is_laid_beside_it(client, case_file):
    colleague = make_user(name="Colleague")
    assign(case_file, colleague, "deputy")
    typed = sent(seen="", goal="多跟邻居来往", what_1="装扶手", what_2="")
    client.post(f"/files/{case_file.number}/unsent/plan/", typed, headers={"X-Keeps": "1"})
    assert "Written meanwhile" not in client.get(page_of(case_file, "new/")).text

    draft(client_for(colleague), case_file)

    page = client.get(page_of(case_file, "new/"))
    assert "Colleague" in page.text
    assert [each[1:] for each in page.context["form"].differences] == [(GOAL, "多跟邻居来往")]
    assert "多跟邻居来往</textarea>" in page.text
    # Kept once more on that page, it is about what stood there.
    typed = sent(seen=page.context["form"].current, goal="多跟邻居来往", what_1="装扶手", what_2="")
    client.post(f"/files/{case_file.number}/unsent/plan/", typed, headers={"X-Keeps": "1"})
    assert "Written meanwhile" not in client.get(page_of(case_file, "new/")).text


def test_a_plan_holds_eight_steps(client, case_file, worker):
    assert STEPS == 8
    draft(client, case_file, **{f"what_{n}": f"第{n}步" for n in range(8)})
    plan = opened(Plan.objects.get(), case_file, worker)
    assert [step["what"] for step in plan.steps] == [f"第{n}步" for n in range(8)]


def test_a_proposal_begins_with_every_step_of_the_plan(client, case_file, worker):
    draft(client, case_file, what_5="联系志愿者")
    make_assessment(case_file, worker)
    page = client.get(f"/files/{case_file.number}/proposal/")
    assert 'value="联系志愿者"' in page.text
    assert page.context["form"].has_more


def test_a_plan_that_ended_meanwhile_is_said_too(client, case_file):
    answer = client.post(page_of(case_file, "new/"), sent(seen=str(uuid7())))
    assert answer.status_code == 422
    assert "The plan that stood here has ended meanwhile." in answer.content.decode()


def test_a_step_whose_day_has_passed_is_refused_by_the_action_too(case_file, worker):
    today = timezone.localdate()
    steps = [{"what": "送药上门", "by_on": (today - timedelta(days=1)).isoformat()}]
    with pytest.raises(Refused, match="This day has passed"):
        plans.draft(case_file=case_file, goal=GOAL, steps=steps, by=worker, today=today)
    steps[0]["by_on"] = today.isoformat()
    plans.draft(case_file=case_file, goal=GOAL, steps=steps, by=worker, today=today)


def test_a_supervisor_lets_the_draft_hold(client, case_file, supervisor):
    draft(client, case_file)
    browser = supervising(supervisor, case_file)
    assert "Approve this plan" in browser.get(page_of(case_file)).content.decode()

    answer = approve(browser, case_file)
    assert (answer.status_code, answer.url) == (302, page_of(case_file))
    plan = Plan.objects.get()
    assert (plan.state, plan.approved_by) == (State.APPROVED, supervisor)
    assert plan.approved_on == timezone.localdate()
    (event,) = events("plan.approved")
    assert (event.subject, event.actor) == (case_file.number, supervisor.log_reference)
    assert "Approve this plan" not in browser.get(page_of(case_file)).content.decode()


def test_an_approved_plan_holds_until_the_next_is_approved(client, case_file, supervisor):
    browser = supervising(supervisor, case_file)
    for _ in range(2):
        draft(client, case_file)
        approve(browser, case_file)
    states = Plan.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == [State.ENDED, State.APPROVED]
    draft(client, case_file, goal="多跟邻居来往")
    assert Plan.objects.filter(state=State.APPROVED).count() == 1


def test_a_plan_is_approved_once(client, case_file, supervisor):
    draft(client, case_file)
    browser = supervising(supervisor, case_file)
    approve(browser, case_file)
    assert approve(browser, case_file).status_code == 404
    assert len(events("plan.approved")) == 1


def test_whoever_drafts_does_not_approve(client, case_file):
    draft(client, case_file)
    assert approve(client, case_file).status_code == 403
    assert Plan.objects.get().state == State.DRAFT


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"what_0": "", "what_2": ""}, "what_0", "Say what will be done, or empty this step."),
        ({"goal": ""}, "goal", "Fill this in."),
        ({"by_on_0": "soon"}, "by_on_0", "Write the day like 2026-11-26."),
        ({"by_on_0": "2026-11-20"}, "by_on_0", "This day has passed."),
        ({"what_5": "步" * 301}, "what_5", "At most 300 characters fit here"),
    ],
)
def test_bad_input_is_named_beside_its_field_and_everything_typed_stays(
    client, case_file, change, field, words
):
    answer = draft(client, case_file, **change)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'id="id_{field}_error"' in page
    assert page.count(words) >= 2
    assert 'value="村卫生室签约服务"' in page
    assert Plan.objects.count() == 0


def test_a_plan_without_any_step_is_no_plan(client, case_file):
    answer = client.post(page_of(case_file, "new/"), {"goal": GOAL})
    assert answer.status_code == 422
    assert "Say at least one thing that will be done." in answer.content.decode()
    assert Plan.objects.count() == 0


def test_later_steps_open_when_something_stands_in_them():
    today = timezone.localdate()
    assert not DraftPlanForm(sent(), today=today).has_more
    assert DraftPlanForm(sent(who_5="邻居"), today=today).has_more


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SOCIAL_WORKER])
def test_another_role_drafts_no_plan(case_file, role):
    assert client_for(make_user(role)).post(page_of(case_file, "new/"), sent()).status_code == 403
    assert Plan.objects.count() == 0


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.PRIVACY_OFFICER, Role.SYSTEM_ADMINISTRATOR])
def test_only_those_who_help_or_supervise_read_plans(case_file, role):
    assert client_for(make_user(role)).get(page_of(case_file)).status_code == 403


def test_another_unit_finds_no_file_and_the_try_is_logged(case_file):
    stranger = make_user(unit=make_unit(OTHER_VILLAGE))
    browser = client_for(stranger)
    assert browser.get(page_of(case_file)).status_code == 404
    assert browser.post(page_of(case_file, "new/"), sent()).status_code == 404
    assert len(events("case_file.refused")) == 2
    assert Plan.objects.count() == 0


def test_another_county_approves_nothing(client, case_file):
    draft(client, case_file)
    stranger = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_VILLAGE))
    assert client_for(stranger).post(page_of(case_file, "approve/")).status_code == 404
    assert Plan.objects.get().state == State.DRAFT


def test_nothing_is_planned_on_a_closed_file(client, case_file, worker):
    case_file.close(on=timezone.localdate())
    case_file.save_as(by=worker)
    assert 'name="goal"' not in client.get(page_of(case_file, "new/")).content.decode()
    answer = draft(client, case_file)
    assert answer.status_code == 422
    assert "This file is closed." in answer.content.decode()
    assert Plan.objects.count() == 0


def test_nothing_is_approved_on_a_closed_file_and_it_says_why(client, case_file, supervisor):
    draft(client, case_file)
    case_file.close(on=timezone.localdate() + timedelta(days=0))
    case_file.save_as(by=supervisor)
    browser = supervising(supervisor, case_file)
    answer = browser.post(
        page_of(case_file, "approve/"), {"seen": Plan.objects.get().pk}, follow=True
    )
    assert "This file is closed." in answer.content.decode()
    assert Plan.objects.get().state == State.DRAFT


def test_nothing_is_half_done_when_the_log_fails(client, case_file, monkeypatch):
    draft(client, case_file)

    def broken(*_args, **_kwargs):
        raise RuntimeError("no log")

    monkeypatch.setattr("casework.actions.plans.log.record", broken)
    with pytest.raises(RuntimeError, match="no log"):
        draft(client, case_file, goal="多跟邻居来往")
    assert Plan.objects.get().state == State.DRAFT
    assert Plan.history.count() == 1


@pytest.mark.parametrize("path", ["", "new/"])
def test_the_pages_take_few_queries(client, case_file, django_assert_max_num_queries, path):
    for _ in range(6):
        draft(client, case_file)
    keys = django_assert_max_num_queries(3, connection=connections["keys"])
    with django_assert_max_num_queries(20), keys:
        assert client.get(page_of(case_file, path)).status_code == 200


def test_red_never_keeps_a_plan_without_any_help(client, case_file, supervisor):
    draft(client, case_file)
    browser = supervising(supervisor, case_file)
    approve(browser, case_file)
    make_level(case_file, "red", now=timezone.now())
    draft(client, case_file, resource_0="")
    before = len(events("case_file.read"))

    answer = browser.post(
        page_of(case_file, "approve/"),
        {"seen": Plan.objects.get(state=State.DRAFT).pk},
        follow=True,
    )

    assert "at least one concrete resource" in answer.content.decode()
    assert list(Plan.objects.order_by("id").values_list("state", flat=True)) == [
        State.APPROVED,
        State.DRAFT,
    ]
    # The steps were read to find that out, by name and with what for; then the page was.
    reading = events("case_file.read")[before]
    assert (reading.actor, reading.subject) == (supervisor.log_reference, case_file.number)
    assert "plan.body" in reading.body
    assert '"supervision"' in reading.body

    draft(client, case_file)
    approve(browser, case_file)
    assert Plan.objects.filter(state=State.APPROVED).count() == 1


def test_on_other_levels_a_plan_may_do_without_resources(client, case_file, supervisor):
    draft(client, case_file, resource_0="")
    approve(supervising(supervisor, case_file), case_file)
    assert Plan.objects.get().state == State.APPROVED


def test_the_database_lets_nobody_of_the_team_approve(client, case_file, supervisor):
    draft(client, case_file)
    deputy = make_user()
    assign(case_file, deputy, "deputy")
    hold = {"state": State.APPROVED, "approved_on": timezone.localdate()}
    with (
        pytest.raises(DatabaseError, match="a_plan_is_approved_by_nobody_of_the_team"),
        transaction.atomic(),
    ):
        Plan.objects.update(approved_by=deputy, **hold)
    plan = Plan.objects.get()
    plan.__dict__.update(hold, id=uuid7(), approved_by_id=deputy.pk)
    plan._state.adding = True
    with (
        pytest.raises(DatabaseError, match="a_plan_begins_as_draft"),
        transaction.atomic(),
    ):
        Plan.objects.bulk_create([plan])
    Plan.objects.update(approved_by=supervisor, **hold)


def test_whoever_joins_the_team_later_has_approved_it_all_the_same(client, case_file):
    draft(client, case_file)
    approver = make_user(Role.SUPERVISOR)
    approve(supervising(approver, case_file), case_file)
    today = timezone.localdate()
    approver.grants.update(until_on=today)
    approver.grants.create(
        role=Role.SOCIAL_WORKER,
        unit=approver.unit,
        start_on=today,
        granted_by=make_user(Role.SECURITY_ADMINISTRATOR),
    )
    assign(case_file, type(approver).objects.get(pk=approver.pk), "deputy")
    draft(client, case_file, goal="多跟邻居来往")
    approve(supervising(make_user(Role.SUPERVISOR), case_file), case_file)
    assert Plan.objects.get(state=State.ENDED).approved_by == approver
