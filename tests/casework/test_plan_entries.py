"""What becomes of a plan: what the person says, how steps went, what changed, why it ended."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from audit.models import LoggedEvent
from casework.actions import plan_entries, plans, workers
from casework.models import Plan, PlanEntry
from kpm.accounts.actions import close_account
from kpm.errors import Refused
from kpm.permissions import Role
from kpm.vault.opening import open_groups
from tests.factories import (
    OTHER_TOWNSHIP,
    assign,
    client_for,
    make_case_file,
    make_level,
    make_unit,
    make_user,
    talk_about,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
TODAY = timezone.localdate()
DAY = timedelta(days=1)
STEPS = [
    {"what": "Sign up for meals", "resource": "Canteen", "who": "Wang", "by_on": ""},
    {"what": "Repair the stove", "resource": "Committee", "who": "", "by_on": ""},
]


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def supervisor():
    return make_user(Role.SUPERVISOR)


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker, today=TODAY - DAY * 30)


@pytest.fixture
def plan(case_file, worker, supervisor):
    return holding(case_file, worker, supervisor)


@pytest.fixture
def client(worker):
    return client_for(worker)


def drafted(case_file, worker, steps=STEPS, today=TODAY):
    return plans.draft(case_file=case_file, goal="Warm meals", steps=steps, by=worker, today=today)


def holding(case_file, worker, supervisor, **about):
    draft = drafted(case_file, worker, **about)
    plans.approve(plan=draft, by=supervisor, today=TODAY)
    draft.refresh_from_db(fields=["state"])
    return draft


def page(name, case_file, *args):
    return reverse(f"casework:{name}", args=(case_file.number, *args))


def shown(client, case_file):
    return client.get(page("show_plan", case_file)).content.decode()


def supervising(supervisor, case_file):
    client = client_for(supervisor)
    client.post(page("state_purpose", case_file), {"purpose": "supervision"})
    return client


def hear(plan, by, **said):
    about = {"answer": "agreed", "speaker": "person", "on": TODAY, "words": "", **said}
    return plan_entries.hear(plan=plan, by=by, now=NOW, **about)


def mark(plan, by, place=0, **said):
    about = {"outcome": "done", "on": TODAY, "words": "", **said}
    step = plan.listed_steps[place]["id"]
    return plan_entries.mark_step(plan=plan, step=step, by=by, now=NOW, **about)


def events(name):
    return list(LoggedEvent.objects.filter(event=name).order_by("id"))


def field_of(refused):
    return refused.value.field


class TestTheFirstPageOfTheFile:
    def seen(self, client, case_file):
        words = client.get(case_file.get_absolute_url()).text
        return words[words.index('aria-labelledby="plan"') :].partition("</section>")[0]

    def test_it_shows_how_the_steps_stand(self, client, case_file, plan, worker):
        first, second = (step["what"] for step in plan.steps)
        assert "Done" not in self.seen(client, case_file)
        mark(plan, worker)
        mark(plan, worker, 1, outcome="given_up", words="她不想要")
        words = self.seen(client, case_file)
        assert first in words
        assert second in words
        assert '<span class="tag tag-green">Done</span>' in words
        assert '<span class="tag">Given up</span>' in words

    def test_it_shows_the_plan_that_holds_and_says_that_a_draft_waits(
        self, client, case_file, plan, worker
    ):
        waits = "A newer draft waits"
        assert waits not in self.seen(client, case_file)
        drafted(case_file, worker, steps=[{"what": "Something new"}])
        words = self.seen(client, case_file)
        assert waits in words
        assert "Approved" in words
        assert "Something new" not in words

    def test_a_plan_that_has_ended_is_not_shown_as_the_plan(
        self, client, case_file, plan, supervisor
    ):
        plan_entries.end(plan=plan, words="Moved away", by=supervisor, now=NOW)
        assert "No plan yet" in self.seen(client, case_file)


def test_whoever_takes_a_draft_back_is_not_asked_to_end_the_plan(client, case_file, plan, worker):
    drafted(case_file, worker)
    page_of_draft = client.get(page("end_plan", case_file, 2)).text
    assert "Take the draft back" in page_of_draft
    assert "End the plan" not in page_of_draft


class TestWhatThePersonSays:
    def test_it_stands_with_the_plan_in_their_words(self, client, case_file, plan):
        said = {"answer": "partly", "speaker": "both", "on": TODAY, "words": "不想总有人上门"}
        answer = client.post(page("hear_person", case_file, 1), said, follow=True)
        words = answer.content.decode()
        assert "不想总有人上门" in words
        assert "Agrees in part" in words
        assert "Both" in words
        (event,) = events("plan.heard")
        assert event.subject == case_file.number
        assert "partly" not in event.body

    def test_no_plain_column_says_what_it_was(self, plan, worker):
        hear(plan, worker, answer="declined", words="不用")
        row = PlanEntry.objects.values().get()
        plain = {key: value for key, value in row.items() if key != "body"}
        assert "declined" not in str(plain)
        assert "person" not in str(plain)
        past = PlanEntry.history.values().get()
        assert "declined" not in str({k: v for k, v in past.items() if k != "body"})

    def test_a_draft_is_talked_about_before_anybody_approves_it(self, client, case_file, worker):
        hear(drafted(case_file, worker), worker, words="可以")
        assert "可以" in shown(client, case_file)

    def test_the_latest_word_stands_first_and_none_is_lost(self, client, case_file, plan, worker):
        hear(plan, worker, answer="declined", words="先不用")
        hear(plan, worker, answer="agreed", words="那就试试")
        words = shown(client, case_file)
        assert words.index("那就试试") < words.index("先不用")

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"answer": "agreed", "speaker": ""}, "speaker"),
            ({"answer": "partly", "words": "  "}, "words"),
            ({"answer": "declined"}, "words"),
            ({"answer": "not_asked", "speaker": ""}, "words"),
            ({"on": TODAY + DAY}, "on"),
            ({"on": TODAY - DAY * 31}, "on"),
        ],
    )
    def test_what_is_missing_is_said_beside_the_field(self, plan, worker, said, field):
        with pytest.raises(Refused) as refused:
            hear(plan, worker, **said)
        assert field_of(refused) == field
        assert not PlanEntry.objects.exists()

    def test_who_could_not_be_asked_has_no_speaker(self, plan, worker):
        hear(plan, worker, answer="not_asked", speaker="", words="住院，下周再问")
        assert PlanEntry.objects.count() == 1

    def test_what_was_typed_stays_in_a_form_that_is_refused(self, client, case_file, plan):
        said = {"answer": "partly", "speaker": "", "on": TODAY, "words": "还没想好"}
        answer = client.post(page("hear_person", case_file, 1), said)
        assert answer.status_code == 422
        assert "还没想好" in answer.content.decode()

    def test_a_new_version_asks_again(self, client, case_file, plan, worker):
        talk_about(plan, worker)
        drafted(case_file, worker)
        assert "Nobody has talked about this version" in shown(client, case_file)


class TestSteps:
    def test_a_step_is_done_from_its_page(self, client, case_file, plan):
        answer = client.get(page("mark_step", case_file, 1, 1))
        assert "Sign up for meals" in answer.content.decode()
        said = {"outcome": "done", "on": TODAY, "words": "办好了"}
        words = client.post(page("mark_step", case_file, 1, 1), said, follow=True).content.decode()
        assert "办好了" in words
        assert "1 of 2 steps" in words
        assert len(events("plan.step_marked")) == 1

    def test_giving_up_has_its_reason(self, plan, worker):
        with pytest.raises(Refused) as refused:
            mark(plan, worker, outcome="given_up")
        assert field_of(refused) == "words"
        mark(plan, worker, outcome="given_up", words="不愿意去")

    def test_a_step_ends_once_and_is_taken_up_again_once(self, plan, worker):
        mark(plan, worker)
        for outcome in ("done", "given_up"):
            with pytest.raises(Refused):
                mark(plan, worker, outcome=outcome, words="x")
        mark(plan, worker, outcome="reopened")
        with pytest.raises(Refused):
            mark(plan, worker, outcome="reopened")
        assert PlanEntry.objects.count() == 2

    def test_the_form_offers_what_can_be(self, client, case_file, plan, worker):
        mark(plan, worker)
        form = client.get(page("mark_step", case_file, 1, 1)).context["form"]
        assert [value for value, _label in form.fields["outcome"].choices] == ["reopened"]
        answer = client.post(page("mark_step", case_file, 1, 1), {"outcome": "done", "on": TODAY})
        assert answer.status_code == 422

    def test_nobody_takes_steps_of_a_draft(self, client, case_file, worker):
        plan = drafted(case_file, worker)
        with pytest.raises(Refused):
            mark(plan, worker)
        assert "How did this step go?" not in shown(client, case_file)

    def test_a_step_that_there_is_not_is_not_found(self, client, case_file, plan):
        assert client.get(page("mark_step", case_file, 1, 3)).status_code == 404
        assert client.get(page("mark_step", case_file, 1, 0)).status_code == 404
        assert client.get(page("mark_step", case_file, 2, 1)).status_code == 404
        assert client.get(page("hear_person", case_file, 0)).status_code == 404

    def test_a_step_goes_on_into_the_next_version_with_what_became_of_it(
        self, client, case_file, plan, worker
    ):
        mark(plan, worker, place=1)
        form = client.get(page("draft_plan", case_file)).context["form"]
        assert form["what_0"].value() == "Sign up for meals"
        assert not form["what_1"].value(), "what has ended is not written once more"
        sent = {
            "seen": form.current,
            "goal": "Warm meals",
            "what_0": "Sign up for meals",
            "what_1": "Call the son",
        }
        client.post(page("draft_plan", case_file), sent)
        draft = Plan.objects.get(state="draft")
        with log.reading(
            worker, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[case_file]
        ) as reading:
            open_groups([draft], "body", reading=reading)
        assert draft.listed_steps[0]["id"] == plan.listed_steps[0]["id"]
        assert draft.listed_steps[1]["id"] not in {each["id"] for each in plan.listed_steps}
        mark(plan, worker, place=0, words="已经报名")
        versions = client.get(page("show_plan", case_file)).context["versions"]
        new = versions[-1] if versions[-1].plan == draft else versions[0]
        assert [each.is_open for each in new.steps] == [False, True]
        assert [each.is_new for each in new.steps] == [False, True]
        assert new.dropped == []

    def test_what_a_version_left_out_is_said(self, client, case_file, plan, worker):
        drafted(case_file, worker, [{**STEPS[0], "id": plan.listed_steps[0]["id"]}])
        words = shown(client, case_file)
        assert "Left out of the version before" in words

    def test_two_alike_are_two(self, case_file, worker):
        plan = drafted(case_file, worker, [STEPS[0], STEPS[0]])
        first, second = (each["id"] for each in plan.listed_steps)
        assert first != second

    def test_two_alike_go_on_as_two(self, client, case_file, worker, supervisor):
        plan = holding(case_file, worker, supervisor, steps=[STEPS[0], STEPS[0]])
        mark(plan, worker, place=1)
        mark(plan, worker, place=1, outcome="reopened")
        form = client.get(page("draft_plan", case_file)).context["form"]
        sent = {"seen": form.current, "goal": "Warm meals", "what_2": "Call the son"}
        sent |= dict.fromkeys(("what_0", "what_1"), STEPS[0]["what"])
        client.post(page("draft_plan", case_file), sent)
        new = client.get(page("show_plan", case_file)).context["versions"][0]
        assert [each.is_new for each in new.steps] == [False, False, True]
        assert [each.id for each in new.steps[:2]] == [each["id"] for each in plan.listed_steps]
        assert new.dropped == []

    def test_steps_of_older_plans_are_known_by_their_place(self, case_file, worker):
        plan = drafted(case_file, worker)
        plan.steps = [{key: step[key] for key in step if key != "id"} for step in plan.steps]
        assert [each["id"] for each in plan.listed_steps] == [f"{plan.pk}.0", f"{plan.pk}.1"]


class TestOnToday:
    def test_an_open_step_stands_there_until_somebody_says_how_it_went(
        self, client, case_file, worker, supervisor
    ):
        steps = [{**STEPS[0], "by_on": (TODAY - DAY).isoformat()}, STEPS[1]]
        plan = holding(case_file, worker, supervisor, steps=steps, today=TODAY - DAY)
        for where in ("/today/", "/today/week/"):
            words = client.get(where).content.decode()
            assert "Step of the plan" in words
            assert "overdue" in words[words.index("Step of the plan") :][:400]
            assert "Sign up" not in words
        mark(plan, worker)
        for where in ("/today/", "/today/week/"):
            assert "Step of the plan" not in client.get(where).content.decode()
        mark(plan, worker, outcome="reopened")
        assert "Step of the plan" in client.get("/today/").content.decode()

    def test_a_step_far_ahead_is_not_on_today(self, client, case_file, worker, supervisor):
        steps = [{**STEPS[0], "by_on": (TODAY + DAY * 8).isoformat()}]
        holding(case_file, worker, supervisor, steps=steps)
        assert "Step of the plan" not in client.get("/today/").content.decode()

    def test_a_member_who_neither_leads_nor_stands_in_has_no_steps(
        self, case_file, worker, supervisor
    ):
        steps = [{**STEPS[0], "by_on": TODAY.isoformat()}]
        holding(case_file, worker, supervisor, steps=steps)
        other = make_user()
        assign(case_file, other, "member", by=supervisor)
        assert "Step of the plan" not in client_for(other).get("/today/").content.decode()

    def test_a_deputy_has_them_while_the_lead_is_away(self, case_file, worker, supervisor):
        steps = [{**STEPS[0], "by_on": TODAY.isoformat()}]
        holding(case_file, worker, supervisor, steps=steps)
        deputy = make_user()
        assign(case_file, deputy, "deputy", by=supervisor)

        def has_it() -> bool:
            return "Step of the plan" in client_for(deputy).get("/today/").content.decode()

        assert not has_it()
        about = {"worker": worker, "kind": "leave", "start_on": TODAY, "until_on": TODAY + DAY}
        workers.record_absence(**about, by=supervisor, today=TODAY)
        assert has_it()

    def test_a_deputy_has_them_once_the_lead_is_gone(self, case_file, worker, supervisor):
        steps = [{**STEPS[0], "by_on": TODAY.isoformat()}]
        holding(case_file, worker, supervisor, steps=steps)
        deputy = make_user()
        assign(case_file, deputy, "deputy", by=supervisor)
        close_account(user=worker, by=make_user(Role.SECURITY_ADMINISTRATOR))
        assert "Step of the plan" in client_for(deputy).get("/today/").content.decode()


class TestGoingThrough:
    def test_it_stays_as_it_is_and_says_why(self, client, case_file, plan):
        said = {"on": TODAY, "words": "饭送上了，炉子还没修"}
        words = client.post(page("review_plan", case_file, 1), said, follow=True).content.decode()
        assert "饭送上了" in words
        assert len(events("plan.reviewed")) == 1

    def test_it_is_told(self, plan, worker):
        with pytest.raises(Refused) as refused:
            plan_entries.review(plan=plan, on=TODAY, words=" ", by=worker, now=NOW)
        assert field_of(refused) == "words"

    def test_a_draft_is_not_gone_through(self, case_file, worker):
        with pytest.raises(Refused):
            plan_entries.review(
                plan=drafted(case_file, worker), on=TODAY, words="x", by=worker, now=NOW
            )


class TestTheEnd:
    def test_a_supervisor_ends_a_plan_and_says_why(self, case_file, plan, supervisor):
        browser = supervising(supervisor, case_file)
        answer = browser.post(
            page("end_plan", case_file, 1), {"words": "目标都达到了"}, follow=True
        )
        assert "No plan holds" in answer.content.decode()
        earlier = browser.get(page("list_versions", case_file)).content.decode()
        assert "目标都达到了" in earlier
        assert len(events("plan.ended")) == 1
        assert Plan.objects.get().ended_on == TODAY

    def test_the_team_takes_back_its_draft_and_no_more(self, client, case_file, plan, worker):
        drafted(case_file, worker)
        client.post(page("end_plan", case_file, 2), {"words": "写错了"})
        assert [each.state for each in Plan.objects.order_by("id")] == ["approved", "ended"]
        with pytest.raises(Refused):
            plan_entries.end(plan=plan, words="x", by=worker, now=NOW)

    def test_red_keeps_its_plan(self, case_file, plan, supervisor):
        make_level(case_file, "red")
        with pytest.raises(Refused, match="keeps its plan"):
            plan_entries.end(plan=plan, words="x", by=supervisor, now=NOW)

    def test_whoever_works_on_the_file_does_not_end_its_plan(self, case_file, plan, supervisor):
        worker = make_user()
        assign(case_file, worker, "member", by=supervisor)
        with pytest.raises(Refused):
            plan_entries.end(plan=plan, words="x", by=worker, now=NOW)

    def test_a_supervisor_of_elsewhere_ends_nothing(self, plan):
        other = make_user(Role.SUPERVISOR, unit=make_unit(OTHER_TOWNSHIP))
        with pytest.raises(Refused):
            plan_entries.end(plan=plan, words="x", by=other, now=NOW)

    def test_it_ends_once_and_nothing_is_written_on_it_afterwards(self, plan, supervisor, worker):
        plan_entries.end(plan=plan, words="x", by=supervisor, now=NOW)
        with pytest.raises(Refused):
            plan_entries.end(plan=plan, words="x", by=supervisor, now=NOW)
        for write in (hear, mark):
            with pytest.raises(Refused):
                write(plan, worker)
        assert PlanEntry.objects.count() == 1


class TestWhoWrites:
    def test_the_team_only(self, case_file, plan, supervisor):
        for somebody in (make_user(), supervisor):
            for write in (hear, mark):
                with pytest.raises(Refused):
                    write(plan, somebody)

    def test_others_do_not_find_the_pages(self, case_file, plan):
        stranger = client_for(make_user())
        for name, *args in (
            ("list_versions",),
            ("hear_person", 1),
            ("mark_step", 1, 1),
            ("review_plan", 1),
            ("end_plan", 1),
        ):
            assert stranger.get(page(name, case_file, *args)).status_code == 404


class TestTheDatabase:
    def test_an_entry_is_written_once(self, plan, worker):
        entry = talk_about(plan, worker)
        for change in ({"kind": "review"}, {"happened_on": TODAY - DAY}, {"step": "x"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                PlanEntry.objects.filter(pk=entry.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            PlanEntry.objects.filter(pk=entry.pk).delete()

    def test_an_entry_is_about_a_plan_of_its_file(self, plan, worker):
        other = make_case_file(lead=worker)
        entry = talk_about(plan, worker)
        copy = PlanEntry(
            key_owner=other.pk,
            case_file=other,
            plan=plan,
            district=other.district,
            kind="review",
            happened_on=TODAY,
            written_by=worker,
            written_at=NOW,
            words="x",
        )
        with pytest.raises(DatabaseError), transaction.atomic():
            copy.save_as(by=worker)
        assert PlanEntry.objects.get() == entry


class TestVersions:
    def test_every_version_stays_readable_page_by_page(self, client, case_file, worker):
        for number in range(8):
            drafted(case_file, worker, [{"what": f"第{number}步", "resource": "x"}])
        words = shown(client, case_file)
        assert "7 earlier plans" in words
        assert "version 8" in words
        first = client.get(page("list_versions", case_file)).content.decode()
        assert "第6步" in first
        assert "第0步" not in first
        assert "第0步" in client.get(page("list_versions", case_file) + "?page=2").content.decode()
