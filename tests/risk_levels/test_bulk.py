"""The bulk twins write what the actions write: rows, history, events, decisions."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import LoggedEvent, Subject
from kpm.accounts.actions import system_account
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.actions.assessments import filled_in
from risk_levels.models import Assessment, Decision, Proposal, RiskLevel
from tests.factories import (
    GROUNDS,
    NOW,
    expire,
    make_assessment,
    make_case_file,
    make_proposal,
    make_user,
)

pytestmark = pytest.mark.django_db


def levels_of(case_files):
    ids = [each.risk_level_id for each in case_files]
    return list(RiskLevel.objects.filter(pk__in=ids).select_related("case_file"))


def drafts_for(levels, proposer=None, to_level="yellow"):
    return [
        actions.Draft(
            risk_level=level,
            to_level=to_level,
            proposer=proposer,
            assessment=make_assessment(level.case_file, system_account("demo")),
            **GROUNDS,
        )
        for level in levels
    ]


def test_levels_opened_in_bulk_have_their_history(clock):
    openings = [
        actions.Opening(
            key_owner=uuid7(), population="drug", district="100122", opened_on=NOW.date()
        )
        for _number in range(30)
    ]
    rows = actions.bulk_open_levels(openings, by=clock, at=NOW)
    assert [row.key_owner for row in rows] == [each.key_owner for each in openings]
    assert RiskLevel.objects.count() == RiskLevel.history.count() == 30
    past = RiskLevel.history.first()
    assert (past.history_user_id, past.history_date) == (clock.pk, NOW)


def test_proposals_and_decisions_in_bulk_leave_the_same_traces_as_one_by_one(worker):
    one, *many = (make_case_file() for _number in range(4))
    proposal = make_proposal(one, worker, "yellow")
    supervisor = make_user(Role.SUPERVISOR)
    actions.approve(proposal=proposal, by=supervisor, reason="Agreed.", now=NOW)

    levels = levels_of(many)
    proposals = actions.bulk_propose(
        drafts_for(levels, proposer=worker), by=system_account("demo"), now=NOW
    )
    decisions = actions.bulk_approve(proposals, by=supervisor, reason="Agreed.", now=NOW)

    assert len(decisions) == 3
    assert Decision.objects.count() == 4
    single = RiskLevel.objects.get(pk=one.risk_level_id)
    for level in RiskLevel.objects.exclude(pk=single.pk):
        for name in ("level", "rhythm_level", "since_on", "until_on", "review_on", "revision"):
            assert getattr(level, name) == getattr(single, name)
        assert level.history.count() == single.history.count() == 2
        assert Proposal.history.filter(risk_level_id=level.pk).count() == 3
    assert {each.proposer for each in Proposal.objects.all()} == {worker}
    for event in ("risk_level.proposed", "risk_level.approved"):
        named = set()
        for each in LoggedEvent.objects.filter(event=event):
            named |= {each.subject} if each.subject else subjects_of(each)
        assert {each.number for each in (one, *many)} <= named


def subjects_of(event):
    return set(Subject.objects.filter(event_id=event.pk).values_list("subject", flat=True))


def test_a_thousand_cost_few_queries(worker):
    levels = levels_of([make_case_file() for _number in range(20)])
    drafts = drafts_for(levels, worker)
    with CaptureQueriesContext(connection) as few:
        actions.bulk_propose(drafts[:2], by=worker, now=NOW)
    with CaptureQueriesContext(connection) as many:
        actions.bulk_propose(drafts[2:], by=worker, now=NOW)
    assert len(many) <= len(few) < 20


def test_bulk_keeps_the_rules(worker, supervisor):
    levels = levels_of([make_case_file()])
    with pytest.raises(Refused, match="never supports"):
        actions.bulk_propose(
            [
                actions.Draft(
                    risk_level=levels[0],
                    to_level="red",
                    **{**GROUNDS, "reason_codes": ["declined_service"]},
                )
            ],
            by=worker,
            now=NOW,
        )
    proposals = actions.bulk_propose(
        drafts_for(levels), by=system_account("ledger"), entered_by=supervisor, now=NOW
    )
    with pytest.raises(Refused, match="A second person approves"):
        actions.bulk_approve(proposals, by=supervisor, reason="Mine.", now=NOW)
    assert not Decision.objects.exists()


def test_nothing_in_bulk_is_nothing(worker, supervisor):
    assert actions.bulk_propose([], by=worker, now=NOW) == []
    assert actions.bulk_approve([], by=supervisor, reason="None.", now=NOW) == []
    assert actions.bulk_record_assessments([], by=worker) == []
    assert not LoggedEvent.objects.filter(event__startswith="risk_level.").exists()


def test_decisions_of_the_past_end_in_the_past_and_expire(clock, worker):
    long_ago = NOW - timedelta(days=200)
    levels = levels_of([make_case_file(today=long_ago.date())])
    grounds = {**GROUNDS, "evidence": [{"on": "2026-01-01", "what": "Seen"}]}
    proposals = actions.bulk_propose(
        [
            actions.Draft(
                risk_level=levels[0],
                to_level="red",
                at=long_ago,
                assessment=make_assessment(levels[0].case_file, worker, now=long_ago),
                **grounds,
            )
        ],
        by=worker,
        now=long_ago,
    )
    actions.bulk_approve(proposals, by=make_user(Role.SUPERVISOR), reason="Then.", now=long_ago)
    assert len(expire(by=clock, now=NOW)) == 1
    assert RiskLevel.objects.get(pk=levels[0].pk).level == "yellow"


def test_assessments_in_bulk_are_sealed_and_logged(worker):
    levels = levels_of([make_case_file() for _number in range(3)])
    rows = [
        filled_in(risk_level=level, answers={"income": "urgent"}, by=worker, now=NOW)
        for level in levels
    ]
    actions.bulk_record_assessments(rows, by=worker)
    assert Assessment.objects.count() == 3
    assert all(b"urgent" not in bytes(each.body) for each in Assessment.objects.all())
    event = LoggedEvent.objects.get(event="assessment.recorded")
    assert event.actor == worker.log_reference
