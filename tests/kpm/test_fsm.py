"""Guarded states: by transition only, in every thread, with either package."""

import threading

import pytest
from django.db import migrations, models

from kpm.fsm import GuardedStateField, TransitionNotAllowed, can_proceed
from risk_levels.models import Proposal, RiskLevel, RuleSet
from tests.factories import NOW, make_case_file, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal():
    case_file = make_case_file()
    proposal = Proposal(
        key_owner=case_file.id,
        risk_level=case_file.risk_level,
        district=case_file.district,
        from_level="ungraded",
        to_level="green",
        base_revision=0,
        is_official=True,
        proposer=make_user(),
        drafted_at=NOW,
    )
    proposal.save_as(by=proposal.proposer)
    return proposal


def test_a_state_is_not_assigned(proposal):
    with pytest.raises(AttributeError, match="by a transition only"):
        proposal.state = "approved"
    assert proposal.state == "draft"


def test_assigning_the_state_it_has_is_harmless(proposal):
    proposal.state = "draft"


def test_a_transition_changes_memory_and_the_save_the_row(proposal):
    proposal.submit(at=NOW)
    assert Proposal.objects.get().state == "draft"
    proposal.save_as(by=proposal.proposer)
    assert Proposal.objects.get().state == "submitted"
    assert [past.state for past in Proposal.history.order_by("history_date")] == [
        "draft",
        "submitted",
    ]


def test_a_transition_from_elsewhere_is_not_allowed(proposal):
    assert not can_proceed(proposal.reject)
    with pytest.raises(TransitionNotAllowed):
        proposal.reject(by=make_user(), at=NOW, reply="")


def test_reading_a_row_again_reads_its_state(proposal):
    other = Proposal.objects.get()
    other.submit(at=NOW)
    other.save_as(by=other.proposer)
    proposal.refresh_from_db()
    assert proposal.state == "submitted"
    proposal.refresh_from_db(fields=["state"])
    with pytest.raises(AttributeError):
        proposal.state = "draft"


def test_a_deferred_state_is_read_when_it_is_asked_for(proposal):
    assert Proposal.objects.defer("state").get().state == "draft"
    assert RiskLevel.objects.only("id").get().level == "ungraded"


def test_the_guard_is_back_when_the_row_is_gone():
    ghost = RuleSet(version="never saved", numbers={}, drafted_by=make_user())
    with pytest.raises(RuleSet.DoesNotExist):
        ghost.refresh_from_db()
    with pytest.raises(AttributeError):
        ghost.state = "in_force"


def test_reading_in_one_thread_opens_no_door_in_another(proposal):
    wrong = []
    started = threading.Event()
    done = threading.Event()

    def assign() -> None:
        started.set()
        while not done.is_set():
            try:
                other.state = "approved"
            except AttributeError:
                continue
            wrong.append(other.state)

    other = Proposal.objects.get()
    thread = threading.Thread(target=assign)
    thread.start()
    started.wait()
    for _round in range(200):
        proposal.refresh_from_db(fields=["state"])
    done.set()
    thread.join()
    assert wrong == []


def test_migrations_see_a_text_column():
    _name, path, args, kwargs = RiskLevel._meta.get_field("level").deconstruct()
    assert (path, args) == ("django.db.models.CharField", [])
    assert "protected" not in kwargs
    assert kwargs["max_length"] == 8
    field = migrations.state.ModelState.from_model(RiskLevel).fields["level"]
    assert isinstance(field, GuardedStateField)
    assert isinstance(RiskLevel.history.model._meta.get_field("level"), models.CharField)
