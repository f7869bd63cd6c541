"""The tree of units: four levels, codes that nest."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from audit.events import Event
from audit.models import LoggedEvent
from kpm.accounts import actions
from kpm.accounts.models import Unit
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import COUNTY, TOWNSHIP, VILLAGE, client_for, make_unit, make_user

pytestmark = pytest.mark.django_db

OTHERS = [role for role in Role if role != Role.SYSTEM_ADMINISTRATOR]


def place(code, level, parent, district=None):
    unit = Unit(code=code, name="x", level=level, parent=parent, district=district or code[:6])
    with transaction.atomic():
        unit.save_as(by=None)
    return unit


def test_a_unit_is_opened_below_another():
    admin = make_user(Role.SYSTEM_ADMINISTRATOR)
    parent = make_unit(TOWNSHIP)
    client = client_for(admin)
    assert client.get("/units/new/").status_code == 200
    form = {"code": "100122101202", "name": "竹园村"}
    assert client.post("/units/new/", form).url == "/units/"
    unit = Unit.objects.get(code="100122101202")
    assert (unit.level, unit.parent, unit.district) == (4, parent, "100122")
    assert unit.history.get().history_user_id == admin.pk
    event = LoggedEvent.objects.get(event=Event.UNIT_OPENED)
    assert (event.actor, event.subject) == (admin.log_reference, "100122101202")


@pytest.mark.parametrize("code", [COUNTY, "200133101000", "10012210", "1001221010001", "x" * 12])
def test_a_code_is_used_once_and_lies_below_another(code):
    client = client_for(make_user(Role.SYSTEM_ADMINISTRATOR, unit=make_unit(COUNTY)))
    before = Unit.objects.count()
    response = client.post("/units/new/", {"code": code, "name": "x"})
    assert response.status_code == 422
    assert "code" in response.context["form"].errors
    assert Unit.objects.count() == before


def test_a_unit_may_skip_a_level_where_the_country_does():
    make_unit("441900000000")
    unit = actions.open_unit(code="441900003000", name="x", by=actions.system_account("work"))
    assert (unit.level, unit.parent.code) == (3, "441900000000")


@pytest.mark.parametrize("role", OTHERS)
def test_only_a_system_administrator_opens_units(role):
    user = make_user(role)
    assert client_for(user).post("/units/new/", {"code": TOWNSHIP, "name": "x"}).status_code == 403
    with pytest.raises(Refused):
        actions.open_unit(code=TOWNSHIP, name="x", by=user)


@pytest.mark.parametrize(
    ("code", "level", "above"),
    [
        ("100100000000", 1, []),
        (COUNTY, 2, ["100100000000"]),
        (TOWNSHIP, 3, [COUNTY, "100100000000"]),
        (VILLAGE, 4, [TOWNSHIP, COUNTY, "100100000000"]),
    ],
)
def test_a_code_says_where_its_unit_lies(code, level, above):
    assert Unit.level_of(code) == level
    assert Unit.codes_above(code) == above


@pytest.mark.parametrize(
    ("code", "level", "district"),
    [
        ("100199101000", 3, None),
        ("100122101201", 3, None),
        ("100122101", 3, None),
        ("10012210100x", 3, None),
        ("100122101000", 4, "100199"),
        ("100122000000", 2, None),
    ],
)
def test_the_database_refuses_a_code_that_does_not_fit(code, level, district):
    parent = make_unit(COUNTY)
    with pytest.raises(DatabaseError):
        place(code, level, parent, district)


def test_the_reason_of_the_refusal_is_named():
    parent = make_unit(COUNTY)
    with pytest.raises(DatabaseError, match="a_unit_has_a_code_of_its_level_inside_its_parent"):
        place("100199101000", 3, parent)


@pytest.mark.parametrize(
    ("level", "has_parent", "name"),
    [
        (1, True, "only_a_city_has_nothing_above_it"),
        (3, False, "only_a_city_has_nothing_above_it"),
        (5, True, "a_unit_has_one_of_four_levels"),
    ],
)
def test_there_are_four_levels_and_one_of_them_is_the_top(level, has_parent, name):
    parent = make_unit(COUNTY) if has_parent else None
    code = {1: "100200000000", 3: "100122101000", 5: "100122101201"}[level]
    with pytest.raises(DatabaseError) as refusal:
        place(code, level, parent)
    assert name in str(refusal.value) or "a_unit_has_a_code" in str(refusal.value)


@pytest.mark.parametrize("change", [{"code": "100122101999"}, {"district": "100123"}, {"level": 3}])
def test_a_unit_keeps_its_code_and_its_place(change):
    make_unit(VILLAGE)
    with pytest.raises(DatabaseError, match="a_unit_keeps"), transaction.atomic():
        Unit.objects.filter(code=VILLAGE).update(**change)
    Unit.objects.filter(code=VILLAGE).update(name="another name")


def test_a_unit_with_others_below_it_stays():
    make_unit(VILLAGE)
    with pytest.raises(IntegrityError), transaction.atomic():
        Unit.objects.get(code=TOWNSHIP).delete()


def test_the_list_is_for_the_system_administrator():
    make_unit(VILLAGE, "枫林村")
    page = client_for(make_user(Role.SYSTEM_ADMINISTRATOR)).get("/units/")
    assert "枫林村" in page.content.decode()
    for role in OTHERS:
        assert client_for(make_user(role)).get("/units/").status_code == 403
