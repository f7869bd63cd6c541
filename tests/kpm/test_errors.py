"""How code says no."""

from django.utils.translation import gettext_lazy

from kpm.errors import AlreadySent, AskFirst, NotYou, Refused, is_allowed


def check_can_enter(age: int) -> None:
    """A rule."""
    if age < 18:
        raise Refused("Too young.", field="age")


def test_a_button_asks_the_rule_that_the_action_asks():
    assert is_allowed(check_can_enter, 18)
    assert not is_allowed(check_can_enter, 17)


def test_a_refusal_keeps_its_words_and_its_field():
    words = gettext_lazy("Not now.")
    refusal = Refused(words, field="day")
    assert refusal.message is words
    assert refusal.field == "day"
    assert Refused("No.").field is None


def test_other_answers_keep_what_they_are_about():
    assert NotYou("view_log").permission == "view_log"
    assert AlreadySent("/files/").location == "/files/"
    assert AskFirst("/files/").location == "/files/"
