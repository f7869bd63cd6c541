"""Forms that hand over to an action, once."""

import pytest
from django import forms
from django.db import connection, transaction

from kpm.accounts.models import Submission
from kpm.accounts.submissions import Submissions
from kpm.errors import AlreadySent, Refused
from kpm.forms import ActionForm, Renderer, SeenForm, status


class NameForm(ActionForm):
    """Asks for a name."""

    name = forms.CharField(max_length=10)


class ButtonForm(ActionForm):
    """Just a button."""


class AgainForm(ActionForm):
    """May be sent as often as one likes."""

    once = False


def posted(rf, data=None, **attributes):
    request = rf.post("/names/", data or {})
    for name, value in attributes.items():
        setattr(request, name, value)
    return request


def greet(*, name: str, by: str) -> str:
    return f"{by} greets {name}"


def refuse(*, name: str) -> None:
    raise Refused("Not this one.", field="name")


class AskingForm(ActionForm):
    """One field of each kind that has words of its own."""

    name = forms.CharField(max_length=3)
    day = forms.DateField()
    moment = forms.DateTimeField()
    one = forms.ChoiceField(choices=[("x", "x")])
    several = forms.MultipleChoiceField(choices=[("x", "x")])
    own = forms.CharField(error_messages={"required": "Our own words."})


def test_a_field_says_what_to_do(rf):
    empty = AskingForm.from_request(posted(rf)).errors
    assert {name: list(words) for name, words in empty.items()} == {
        "name": ["Fill this in."],
        "day": ["Give the day."],
        "moment": ["Give the day and the time."],
        "one": ["Choose one."],
        "several": ["Choose at least one."],
        "own": ["Our own words."],
    }
    wrong = AskingForm.from_request(posted(rf, {"name": "12345", "day": "1", "moment": "2"})).errors
    assert wrong["name"] == ["At most 3 characters fit here; there are 5."]
    assert wrong["day"] == ["Write the day like 2026-11-26."]
    assert wrong["moment"] == ["Write the day and the time like 2026-11-26 14:30."]
    # A browser would cut pasted text without a word.
    assert "maxlength" not in str(AskingForm()["name"])


def test_a_shown_form_is_neither_bound_nor_wrong(rf):
    form = NameForm.from_request(rf.get("/names/"), initial={"name": "Lin"})
    assert not form.is_bound
    assert form.initial == {"name": "Lin"}
    assert not form.run(greet, by="me")
    assert status(form) == 200


def test_what_was_filled_in_reaches_the_action(rf):
    form = NameForm.from_request(posted(rf, {"name": "Lin"}))
    assert form.run(greet, by="me")
    assert form.result == "me greets Lin"
    assert status(form) == 200


def test_a_form_that_is_only_a_button_runs(rf):
    request = posted(rf)
    assert not request.POST
    form = ButtonForm.from_request(request)
    assert form.run(lambda: "pressed")
    assert form.result == "pressed"


HIDDEN = "\u202e\u2066\u200b\u200e\u00ad\ufeff\U000e0041"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (f"{HIDDEN}Lin{HIDDEN}", "Lin"),
        # Spelled with joiners: a Mongolian, a Uyghur name; one emoji of three.
        ("ᠰᠠᠷ\u180eᠠ", "ᠰᠠᠷ\u180eᠠ"),
        ("نۇر\u200cگۈل", "نۇر\u200cگۈل"),
        ("👩\u200d⚕️", "👩\u200d⚕️"),
    ],
)
def test_hidden_marks_are_no_part_of_a_text(rf, typed, kept):
    form = NameForm.from_request(posted(rf, {"name": typed}))
    assert form.run(lambda name: name)
    assert form.result == kept
    assert form["name"].value() == kept


def test_nothing_but_hidden_marks_is_nothing(rf):
    form = NameForm.from_request(posted(rf, {"name": HIDDEN}))
    assert not form.run(greet)
    assert form.has_error("name", "required")


def test_a_password_stays_as_it_was_typed(rf):
    class PasswordForm(ActionForm):
        password = forms.CharField(strip=False)

    form = PasswordForm.from_request(posted(rf, {"password": f" {HIDDEN} "}))
    assert form.run(lambda password: password)
    assert form.result == f" {HIDDEN} "


def test_what_is_not_filled_in_stops_before_the_action(rf):
    form = NameForm.from_request(posted(rf, {"name": "x" * 11}))
    assert not form.run(greet, by="me")
    assert status(form) == 422
    assert form["name"].value() == "x" * 11


def test_a_refusal_stands_beside_its_field(rf):
    form = NameForm.from_request(posted(rf, {"name": "Lin"}))
    assert not form.run(refuse)
    assert form.errors == {"name": ["Not this one."]}
    assert status(form) == 422


@pytest.mark.parametrize("field", [None, "day"])
def test_a_refusal_about_no_field_of_the_form_stands_on_top(rf, field):
    def closed() -> None:
        raise Refused("Not now.", field=field)

    form = ButtonForm.from_request(posted(rf))
    assert not form.run(closed)
    assert form.non_field_errors() == ["Not now."]


def test_files_reach_the_form(rf):
    class UploadForm(ActionForm):
        ledger = forms.FileField()

    from django.core.files.uploadedfile import SimpleUploadedFile

    request = posted(rf, {"ledger": SimpleUploadedFile("a.xlsx", b"x")})
    form = UploadForm.from_request(request)
    assert form.run(lambda ledger: ledger.name)
    assert form.result == "a.xlsx"
    request.close()


@pytest.mark.django_db
def test_the_same_form_has_one_effect(rf):
    done = []
    first, second = (
        NameForm.from_request(
            posted(rf, {"name": "Lin", "csrfmiddlewaretoken": "t"}, submissions=Submissions())
        )
        for _ in range(2)
    )
    assert first.run(lambda name: done.append(name))
    with pytest.raises(AlreadySent) as sent:
        second.run(lambda name: done.append(name))
    assert sent.value.location == "/names/"
    assert done == ["Lin"]


@pytest.mark.django_db
def test_a_form_that_may_be_sent_again_leaves_no_mark(rf):
    done = []
    for _turn in range(2):
        request = posted(rf, {"csrfmiddlewaretoken": "t"}, submissions=Submissions())
        AgainForm.from_request(request).run(lambda: done.append(connection.in_atomic_block))
    assert len(done) == 2
    assert not Submission.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("failure", [Refused("No."), ValueError("broken")])
def test_what_failed_leaves_no_mark(rf, failure):
    def fail(name: str) -> None:
        raise failure

    request = posted(rf, {"name": "Lin", "csrfmiddlewaretoken": "t"}, submissions=Submissions())
    form = NameForm.from_request(request)
    try:
        with transaction.atomic():
            form.run(fail)
    except ValueError:
        assert isinstance(failure, ValueError)
    assert not Submission.objects.exists()


def test_fields_are_drawn_with_our_templates():
    drawn = str(NameForm({"name": ""}))
    assert 'class="field wrong' in drawn
    assert 'aria-invalid="true"' in drawn
    assert "required" not in str(NameForm()["name"].as_widget())
    assert Renderer().engine.get_template("kpm/forms/field.html")


class MeetingForm(SeenForm):
    """One field of each kind that two people may write differently."""

    place = forms.CharField(initial="Town hall\nroom 2")
    day = forms.DateField(initial="2026-03-01")
    way = forms.ChoiceField(
        choices=[("a", "Alone"), ("Together", [("b", "In pairs")])], initial="a"
    )
    who = forms.MultipleChoiceField(choices=[("x", "Xu"), ("y", "Yang")], initial=["x"])


def test_two_texts_that_look_alike_are_no_difference(rf):
    typed = {"place": " Town hall\r\nroom 2", "day": "2026-03-01", "way": "a", "who": ["x"]}
    form = MeetingForm.from_request(posted(rf, typed | {"seen": "1"}), current="2")
    assert form.is_overtaken
    assert form.differences == []
    assert not form.is_valid()


def test_each_kind_of_field_is_compared_in_the_words_of_the_page(rf):
    typed = {"place": "", "day": "soon", "way": "b", "who": ["x", "y"], "seen": "1"}
    form = MeetingForm.from_request(posted(rf, typed), current="2")
    assert [tuple(each) for each in form.differences] == [
        ("Place", "Town hall\nroom 2", ""),
        ("Day", "2026-03-01", "soon"),
        ("Way", "Alone", "In pairs"),
        ("Who", "Xu", "Xu, Yang"),
    ]


def test_what_was_typed_earlier_is_compared_before_the_form_begins_with_it():
    form = MeetingForm(current="2")
    form.begin_with({"place": ["Library"], "who": ["x", "y"], "day": ["2026-03-01"], "way": ["a"]})
    assert [each[1:] for each in form.differences] == [
        ("Town hall\nroom 2", "Library"),
        ("Xu", "Xu, Yang"),
    ]
    assert form["place"].value() == "Library"
    assert form["who"].value() == ["x", "y"]


def test_what_was_typed_on_what_still_stands_there_overtakes_nothing():
    form = MeetingForm(current="2")
    form.begin_with({"place": ["Library"], "seen": ["2"]})
    assert not form.is_overtaken
    assert form["place"].value() == "Library"
