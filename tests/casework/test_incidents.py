"""Incidents: written once, corrected by another row, never a level by themselves."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import incidents
from casework.models import Incident
from casework.models.incidents import KINDS, Kind
from kpm.errors import Refused
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS
from tests.factories import OTHER_TOWNSHIP, client_for, make_case_file, make_unit, make_user

pytestmark = pytest.mark.django_db
WORDS = "老伴昨夜走了"


@pytest.fixture
def worker():
    return make_user()


@pytest.fixture
def case_file(worker):
    return make_case_file(lead=worker)


def page(name, case_file, *args):
    return reverse(f"casework:{name}", args=(case_file.number, *args))


def minute(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def sent(**said):
    now = timezone.now()
    return {"kind": "bereavement", "happened_at": minute(now), "words": WORDS, **said}


def note(case_file, by, **said):
    now = timezone.now()
    about = {"kind": "bereavement", "happened_at": now, "words": WORDS, **said}
    return incidents.note(case_file=case_file, by=by, now=now, **about)


def correct(incident, by, **said):
    now = timezone.now()
    about = {"kind": "family", "happened_at": now, "words": "老伴住院了", **said}
    return incidents.correct(incident=incident, by=by, now=now, **about)


def test_what_is_noted_stands_on_the_file_in_the_list_and_in_the_history(case_file, worker):
    browser = client_for(worker)
    answer = browser.post(page("note_incident", case_file), sent(), follow=True)
    assert answer.redirect_chain[-1][0] == case_file.get_absolute_url()
    assert "Somebody close died" in answer.content.decode()
    words = browser.get(page("list_incidents", case_file)).content.decode()
    assert WORDS in words
    history = browser.get(page("show_history", case_file)).content.decode()
    assert "An incident was noted" in history
    assert "Somebody close died" not in history
    [event] = LoggedEvent.objects.filter(event="incident.noted")
    assert event.subject == case_file.number


def test_what_happened_is_sealed_and_stands_in_no_plain_column(case_file, worker):
    note(case_file, worker)
    for row in (Incident.objects.values().get(), Incident.history.values().get()):
        assert row["body"]
        plain = str({key: value for key, value in row.items() if key != "body"})
        assert WORDS not in plain
        assert "bereavement" not in plain
        assert WORDS.encode() not in bytes(row["body"])


def test_a_correction_is_another_row_and_the_old_one_stays_beside_it(case_file, worker):
    wrong = note(case_file, worker)
    browser = client_for(worker)
    form = browser.get(page("correct_incident", case_file, 1)).context["form"]
    assert (form["kind"].value(), form["words"].value()) == ("bereavement", WORDS)
    said = sent(kind="family", words="老伴住院了")
    answer = browser.post(page("correct_incident", case_file, 1), said, follow=True)
    rows = {row.incident.kind: row.is_past for row in answer.context["rows"]}
    assert rows == {"bereavement": True, "family": False}
    (standing,) = Incident.objects.standing()
    assert standing.corrects_id == wrong.pk
    [event] = LoggedEvent.objects.filter(event="incident.corrected")
    assert event.subject == case_file.number
    words = browser.get(case_file.get_absolute_url()).content.decode()
    assert "A grave change in the family" in words
    assert "Somebody close died" not in words


def test_what_was_noted_by_mistake_is_no_incident_any_more(case_file, worker):
    wrong = note(case_file, worker)
    correct(wrong, worker, kind="mistake", words="说的是邻居家")
    assert not Incident.objects.standing().exists()
    words = client_for(worker).get(case_file.get_absolute_url()).content.decode()
    assert "No incident is on record" in words
    again = client_for(worker).get(page("list_incidents", case_file)).content.decode()
    assert "说的是邻居家" in again
    assert WORDS in again


def test_no_level_changes_by_an_incident(case_file, worker):
    before = case_file.risk_level.level, case_file.risk_level.decisions.count()
    note(case_file, worker, kind="self_harm")
    case_file.risk_level.refresh_from_db()
    assert (case_file.risk_level.level, case_file.risk_level.decisions.count()) == before


def test_the_form_offers_what_belongs_to_the_population(case_file, worker):
    form = client_for(worker).get(page("note_incident", case_file)).context["form"]
    offered = {value for value, _label in form.fields["kind"].choices}
    assert "fall" in offered
    assert not offered & {"release", "arrest", "relapse", "school", "mistake"}


def test_each_population_has_its_kinds():
    assert set(KINDS) == set(POPULATIONS)
    for kinds in KINDS.values():
        assert Kind.BEREAVEMENT in kinds
        assert Kind.MISTAKE not in kinds
        assert len(set(kinds)) == len(kinds)
    # Every kind is offered to somebody.
    assert {each for kinds in KINDS.values() for each in kinds} == set(Kind) - {Kind.MISTAKE}


def test_the_supervisor_reads_and_writes_nothing(case_file, worker):
    incident = note(case_file, worker)
    supervisor = make_user(Role.SUPERVISOR)
    browser = client_for(supervisor)
    browser.post(f"/files/{case_file.number}/purpose/", {"purpose": "supervision"})
    words = browser.get(page("list_incidents", case_file)).content.decode()
    assert WORDS in words
    assert page("note_incident", case_file) not in words
    assert page("correct_incident", case_file, 1) not in words
    assert browser.post(page("note_incident", case_file), sent()).status_code == 403
    assert browser.post(page("correct_incident", case_file, 1), sent()).status_code == 403
    for act in (lambda: note(case_file, supervisor), lambda: correct(incident, supervisor)):
        with pytest.raises(Refused, match="Only the team"):
            act()


def test_reading_what_happened_is_in_the_log(case_file, worker):
    note(case_file, worker)
    before = LoggedEvent.objects.filter(event="case_file.read").count()
    client_for(worker).get(page("list_incidents", case_file))
    assert LoggedEvent.objects.filter(event="case_file.read").count() == before + 1


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"kind": ""}, "kind"),
            ({"kind": "arrest"}, "kind"),
            ({"kind": "mistake"}, "kind"),
            ({"words": " "}, "words"),
            ({"happened_at": ""}, "happened_at"),
            ({"happened_at": "yesterday"}, "happened_at"),
        ],
    )
    def test_the_form_says_what_is_missing_and_keeps_the_rest(self, case_file, worker, said, field):
        answer = client_for(worker).post(page("note_incident", case_file), sent(**said))
        assert answer.status_code == 422
        assert answer.context["form"].errors[field]
        assert not Incident.objects.exists()
        assert not LoggedEvent.objects.filter(event="incident.noted").exists()

    @pytest.mark.parametrize("kind", ["", "arrest", "school", "mistake", "violence"])
    def test_the_action_asks_for_a_kind_of_the_population(self, case_file, worker, kind):
        with pytest.raises(Refused, match="Choose one"):
            note(case_file, worker, kind=kind)

    def test_what_has_not_happened_yet_is_no_incident(self, case_file, worker):
        with pytest.raises(Refused, match="not happened yet"):
            note(case_file, worker, happened_at=timezone.now() + timedelta(seconds=1))

    def test_what_happened_before_the_file_was_opened_is_no_incident_of_it(self, case_file, worker):
        opened = timezone.now() - timedelta(days=(timezone.localdate() - case_file.opened_on).days)
        note(case_file, worker, happened_at=min(opened, timezone.now()))
        with pytest.raises(Refused, match="not open then"):
            note(case_file, worker, happened_at=opened - timedelta(days=1))

    def test_words_are_asked_for_also_of_a_mistake(self, case_file, worker):
        with pytest.raises(Refused, match="few words"):
            note(case_file, worker, words="  ")
        with pytest.raises(Refused, match="few words"):
            correct(note(case_file, worker), worker, kind="mistake", words="")

    def test_a_row_is_corrected_once_and_then_its_correction(self, case_file, worker):
        wrong = note(case_file, worker)
        better = correct(wrong, worker)
        with pytest.raises(Refused, match="corrected already"):
            correct(wrong, worker)
        answer = client_for(worker).post(page("correct_incident", case_file, 1), sent())
        assert answer.status_code == 422
        best = correct(better, worker, kind="fall")
        assert [each.pk for each in Incident.objects.standing()] == [best.pk]

    def test_a_correction_that_says_the_same_is_none(self, case_file, worker):
        incident = note(case_file, worker)
        said = sent(happened_at=minute(incident.happened_at))
        answer = client_for(worker).post(page("correct_incident", case_file, 1), said)
        assert answer.status_code == 422
        assert "This is what is on record already." in answer.content.decode()
        assert Incident.objects.count() == 1
        earlier = sent(happened_at=minute(incident.happened_at - timedelta(minutes=1)))
        client_for(worker).post(page("correct_incident", case_file, 1), earlier)
        assert Incident.objects.count() == 2

    def test_who_is_not_of_the_team_notes_nothing_and_finds_nothing(self, case_file, worker):
        incident = note(case_file, worker)
        far = make_user(unit=make_unit(OTHER_TOWNSHIP))
        for name, args in (("list", ()), ("note", ()), ("correct", (1,))):
            address = page(f"{name}_incident{'s' if name == 'list' else ''}", case_file, *args)
            assert client_for(far).get(address).status_code == 404
        for by in (far, make_user(), make_user(Role.AUDITOR)):
            with pytest.raises(Refused, match="Only the team"):
                note(case_file, by)
            with pytest.raises(Refused, match="Only the team"):
                correct(incident, by)
        assert Incident.objects.count() == 1

    def test_a_closed_file_has_no_new_incidents(self, case_file, worker):
        incident = note(case_file, worker)
        case_file.close(on=timezone.localdate())
        case_file.save_as(by=worker)
        with pytest.raises(Refused, match="is closed"):
            note(case_file, worker)
        with pytest.raises(Refused, match="is closed"):
            correct(incident, worker)

    def test_a_place_that_never_was_is_not_found(self, case_file, worker):
        note(case_file, worker)
        for at in (0, 2):
            answer = client_for(worker).get(page("correct_incident", case_file, at))
            assert answer.status_code == 404


class TestDatabase:
    @pytest.mark.parametrize(
        "changed",
        [
            {"effect": "none"},
            {"happened_at": timezone.now() - timedelta(days=1)},
            {"noted_at": timezone.now()},
            {"body": None},
        ],
    )
    def test_what_was_written_stays(self, case_file, worker, changed):
        incident = note(case_file, worker)
        with pytest.raises(DatabaseError), transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(**changed)

    def test_nothing_is_deleted(self, case_file, worker):
        incident = note(case_file, worker)
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            Incident.objects.filter(pk=incident.pk).delete()

    def written(self, case_file, worker, **values):
        now = timezone.now()
        row = Incident(
            **{
                "key_owner": case_file.pk,
                "case_file": case_file,
                "district": case_file.district,
                "effect": "none",
                "kind": "fall",
                "happened_at": now,
                "noted_at": now,
                "noted_by": worker,
                "words": WORDS,
                **values,
            }
        )
        with transaction.atomic():
            row.save_as(by=worker)

    def test_it_refuses_what_the_rules_refuse(self, case_file, worker):
        self.written(case_file, worker)
        other = note(make_case_file(lead=worker), worker)
        for values in (
            {"effect": "violence"},
            {"effect": "mistake"},
            {"happened_at": timezone.now() + timedelta(hours=1)},
            {"district": "990101"},
            # A row of another file.
            {"corrects": other},
        ):
            with pytest.raises((DatabaseError, IntegrityError)):
                self.written(case_file, worker, **values)

    def test_a_row_is_corrected_by_one(self, case_file, worker):
        wrong = note(case_file, worker)
        self.written(case_file, worker, corrects=wrong)
        with pytest.raises((DatabaseError, IntegrityError)):
            self.written(case_file, worker, corrects=wrong)
