"""Which rows somebody may see, and the one answer for what is not theirs."""

import pytest
from django.db import models
from django.http import Http404

from audit import log
from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts.models import User
from kpm.accounts.scoping import get_visible, units_under
from kpm.permissions import Role
from tests.factories import (
    CITY,
    COUNTY,
    OTHER_TOWNSHIP,
    OTHER_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _tree():
    make_unit(VILLAGE)
    make_unit(OTHER_VILLAGE)
    make_unit("100133000000")


@pytest.mark.parametrize(
    ("over", "sees"),
    [
        (
            CITY,
            {CITY, COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE, "100133000000"},
        ),
        (COUNTY, {COUNTY, TOWNSHIP, VILLAGE, OTHER_TOWNSHIP, OTHER_VILLAGE}),
        (TOWNSHIP, {TOWNSHIP, VILLAGE}),
        (VILLAGE, {VILLAGE}),
    ],
)
def test_a_grant_reaches_its_unit_and_everything_below(over, sees):
    user = make_user(Role.SUPERVISOR, unit=make_unit(over))
    assert set(units_under(user).values_list("code", flat=True)) == sees


def test_without_a_grant_nothing_is_in_reach():
    assert not units_under(make_user(None, unit=make_unit(CITY))).exists()


class Colleagues(models.QuerySet):
    """Users as if they were files: each sees those of their own unit."""

    def visible_to(self, user):
        return self.filter(unit=user.unit)


def test_what_is_theirs_is_given():
    user = make_user()
    found = get_visible(Colleagues(User), user, log_reference=user.log_reference)
    assert found == user
    assert not LoggedEvent.objects.filter(event=Event.CASE_FILE_REFUSED).exists()


def test_what_is_not_theirs_is_not_found_and_the_try_is_logged():
    user, hidden = make_user(), make_user(unit=make_unit(OTHER_VILLAGE))
    with pytest.raises(Http404) as refusal:
        get_visible(Colleagues(User), user, log_reference=hidden.log_reference)
    event = LoggedEvent.objects.get(event=Event.CASE_FILE_REFUSED)
    assert (event.actor, event.subject) == (user.log_reference, hidden.log_reference)
    assert event.outcome == "denied"
    with pytest.raises(Http404) as nothing:
        get_visible(Colleagues(User), user, log_reference="u:nobody")
    assert str(refusal.value) == str(nothing.value)
    assert LoggedEvent.objects.filter(event=Event.CASE_FILE_REFUSED).count() == 1


def test_the_event_of_a_refused_try_can_be_another_one():
    user, hidden = make_user(), make_user(unit=make_unit(OTHER_VILLAGE))
    with log.entered(log.Context()), pytest.raises(Http404):
        get_visible(
            Colleagues(User),
            user,
            event=Event.PERMISSION_REFUSED,
            log_reference=hidden.log_reference,
        )
    assert LoggedEvent.objects.filter(event=Event.PERMISSION_REFUSED).exists()
