"""Assessments: kept with their inputs, changing nothing by themselves."""

from datetime import timedelta

import pytest

from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels import actions
from risk_levels.models import Assessment, RiskLevel
from tests.factories import NOW, make_user
from tests.risk_levels.test_decisions import opened

pytestmark = pytest.mark.django_db


def record(risk_level, by, answers, **more):
    return actions.record_assessment(risk_level=risk_level, answers=answers, by=by, now=NOW, **more)


def test_the_calculation_is_kept_with_its_inputs(risk_level, worker):
    record(risk_level, worker, {"income": "urgent", "housing": "", "self_harm": "no"})
    found = opened(Assessment)
    assert (found.instrument, found.version) == (risk_level.population, 1)
    assert found.answers == {"income": "urgent", "self_harm": "no"}
    assert found.result["inputs"] == found.answers
    assert found.result["is_provisional"]
    assert found.result["points"] == 3


def test_an_assessment_is_never_a_decision(risk_level, worker):
    record(risk_level, worker, {"self_harm": "yes"})
    assert opened(Assessment).result["level"] == "red"
    assert RiskLevel.objects.get().level == "ungraded"
    assert RiskLevel.history.count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role != Role.SOCIAL_WORKER])
def test_only_a_social_worker_assesses(risk_level, role):
    with pytest.raises(Refused, match="Your role does not carry this"):
        record(risk_level, make_user(role), {"income": "none"})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "at least one question"),
        ({"income": ""}, "at least one question"),
        ({"no_such_question": "yes"}, "no such question or answer"),
        ({"income": "no_such_answer"}, "no such question or answer"),
        ({"child_alone": "yes"}, "no such question or answer"),
    ],
)
def test_answers_are_those_that_are_offered(risk_level, worker, answers, words):
    with pytest.raises(Refused, match=words):
        record(risk_level, worker, answers)
    assert not Assessment.objects.exists()


def test_nothing_is_assessed_in_the_future(risk_level, worker, today):
    with pytest.raises(Refused, match="cannot lie in the future"):
        record(risk_level, worker, {"income": "none"}, assessed_on=today + timedelta(days=1))
