"""Template tags: what pages say in one word, and that nothing comes out unescaped."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation
from django.utils.html import escape

from kpm.errors import Refused
from kpm.permissions import Role
from kpm.templatetags.kpm import SHAPES, WORDS, isolated

CARE = SimpleNamespace(level_label="Care level")
RISK = SimpleNamespace(level_label="Risk level")
TODAY = date(2026, 11, 24)
ATTACK = '<script>"&'


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def drawn(source: str, **context: Any) -> str:
    """What a template of these tags comes to."""
    return Template("{% load kpm %}" + source).render(Context(context))


class PhoneForm(forms.Form):
    """A form with one field of every shape."""

    phone = forms.CharField(help_text="Digits only.")
    way = forms.ChoiceField(choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    told = forms.BooleanField(required=False, help_text="Say how.")
    note = forms.CharField(required=False, widget=forms.Textarea)
    page = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        if self.data.get("phone") == "0":
            raise forms.ValidationError("Not at this time.")


@pytest.mark.parametrize("level", sorted(SHAPES))
def test_a_level_is_a_shape_a_word_and_a_colour(level: str) -> None:
    badge = drawn("{% level_badge level population %}", level=level, population=RISK)
    assert f'class="level level-{level}"' in badge
    assert SHAPES[level][0] in badge
    assert f"{WORDS[level]}</span></span>" in badge
    assert "style=" not in badge


def test_no_two_levels_share_a_shape_or_a_word() -> None:
    assert len({outline for outline, _, _ in SHAPES.values()}) == len(SHAPES)
    assert len({str(word) for word in WORDS.values()}) == len(SHAPES) == 4


def test_elders_and_children_have_a_care_level() -> None:
    assert "Care level: " in drawn("{% level_badge 'red' each %}", each=CARE)
    assert "Risk level: " in drawn("{% level_badge 'red' each %}", each=RISK)
    assert "Level: " in drawn("{% level_badge 'red' %}")


def test_an_unknown_level_is_a_mistake_and_not_a_badge() -> None:
    with pytest.raises(KeyError):
        drawn("{% level_badge 'purple' %}")


def test_a_change_of_level_is_said_in_words_too() -> None:
    change = drawn("{% level_change 'yellow' 'red' each %}", each=CARE)
    assert change.index("Yellow") < change.index("becomes") < change.index("Red")


def test_names_are_masked_on_the_server() -> None:
    assert drawn("{{ name|masked:'name' }}", name="欧阳娜娜") == "欧阳**"
    assert drawn("{{ name|masked:'name' }}", name=None) == ""


def test_a_colon_is_that_of_the_language() -> None:
    source = "{{ label|colon:value }}"
    assert drawn(source, label="Root key", value="never changed") == "Root key: never changed"
    with translation.override("zh-hans"):
        assert drawn(source, label="根密钥", value="从未更换") == "根密钥：从未更换"


def test_no_page_glues_a_colon_of_its_own_to_words_of_a_language() -> None:
    root = Path(settings.BASE_DIR)
    pages = [each for app in ("kpm", "casework", "audit") for each in (root / app).rglob("*.html")]
    assert len(pages) > 50
    glued = re.compile(r"[}%]\}(</\w+>)?: ")
    for page in pages:
        text = re.sub(r"{% blocktrans.*?{% endblocktrans.*?%}", "", page.read_text(), flags=re.S)
        assert not glued.search(text), page


def test_an_age_is_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.localdate", lambda: TODAY)
    assert drawn("{{ born|age_band }}", born=date(1950, 1, 1)) == "70–79"
    assert drawn("{{ born|age_band }}", born=None) == ""


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (21, "3 days overdue"),
        (23, "1 day overdue"),
        (24, "due today"),
        (25, "in 1 day"),
        (30, "in 6 days"),
    ],
)
def test_a_due_date_says_how_far_it_is(day: int, words: str) -> None:
    due_on = date(2026, 11, day)
    assert drawn("{% due_words due today %}", due=due_on, today=TODAY) == words
    assert words in drawn("{% due_tag due today %}", due=due_on, today=TODAY)


def test_what_is_not_due_says_nothing() -> None:
    assert drawn("{% due_words None today %}{% due_tag None today %}", today=TODAY) == ""


def test_only_what_is_overdue_is_red() -> None:
    kinds = [
        drawn("{% due_tag due today %}", due=date(2026, 11, day), today=TODAY)
        for day in (23, 24, 25)
    ]
    assert ["tag-red" in kinds[0], "tag-yellow" in kinds[1], "tag-" in kinds[2]] == [
        True,
        True,
        False,
    ]


def test_a_file_number_stays_in_one_piece() -> None:
    assert drawn("{% file_number '7K3MQ-9TX2A' %}").startswith('<span class="file-number">')
    linked = drawn("{% file_number '7K3MQ-9TX2A' '/files/' %}")
    assert linked == '<a class="file-number" href="/files/">7K3MQ-9TX2A</a>'


def test_a_tile_is_a_link_only_where_there_is_a_page() -> None:
    assert "<a " in drawn("{% tile 3 'overdue' '#overdue' 'red' %}")
    plain = drawn("{% tile 3 'overdue' %}")
    assert "<a " not in plain
    assert 'class="tile"' in plain


@pytest.mark.parametrize(
    "source",
    [
        "{% file_number x x %}",
        "{% status_tag x x %}",
        "{% tile x x x x %}",
        "{% empty_state x x x x x %}",
        "{% cell x x %}{{ x }}{% endcell %}",
        "{% icon x %}",
        "{% masked_value x x x action=x error=x %}",
        "{% masked_value x x x revealed=x %}",
        "{% watermark x now x %}",
    ],
)
def test_nothing_comes_out_unescaped(source: str) -> None:
    html = drawn(source, x=ATTACK, now=datetime(2026, 11, 24, tzinfo=UTC))
    assert ATTACK not in html
    assert "<script" not in html
    assert escape(ATTACK) in html


def test_a_cell_keeps_its_role_and_takes_its_heading_along() -> None:
    cell = drawn("{% cell 'Due' %}today{% endcell %}{% cell %}more{% endcell %}")
    assert cell == '<td role="cell" data-label="Due"><div>today</div></td><td role="cell">more</td>'


def test_a_masked_value_opens_by_a_plain_form_with_a_reason() -> None:
    html = drawn(
        "{% masked_value 'phone' 'Phone' '1**********' action='/open/' reasons=reasons %}",
        reasons=[("visit", "Arrange a visit")],
        csrf_token="token",
    )
    assert '<form method="post" action="/open/" data-swap="masked-phone"' in html
    assert 'name="csrfmiddlewaretoken" value="token"' in html
    assert '<option value="visit">Arrange a visit</option>' in html
    assert "data-seconds" not in html


def test_a_masked_value_without_a_reason_says_so_beside_the_field() -> None:
    html = drawn("{% masked_value 'phone' 'Phone' '1***' action='/open/' error='Choose one.' %}")
    assert "<details open>" in html
    assert 'class="value"' not in html, "nothing that looks like an answer"
    assert 'id="masked-phone-error"><li>Choose one.' in html
    assert 'aria-invalid="true"' in html


def test_a_revealed_value_carries_its_time_and_who_looks() -> None:
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(name="周敏")
    html = drawn(
        "{% masked_value 'phone' 'Phone' '1**********' action='/open/' revealed='13800000000' %}",
        request=request,
    )
    assert 'data-seconds="60"' in html
    assert "13800000000" in html
    assert "周敏 20" in html
    assert "<form" not in html


def test_what_nobody_may_open_has_no_form_and_what_is_missing_says_so() -> None:
    assert "<form" not in drawn("{% masked_value 'phone' 'Phone' '1**********' %}")
    assert "none on file" in drawn("{% masked_value 'phone' 'Phone' '' action='/open/' %}")


def test_a_field_has_its_label_hint_error_and_input_tied_together() -> None:
    html = drawn("{% field form.phone %}", form=PhoneForm({}))
    assert '<label for="id_phone">Phone' in html
    assert 'id="id_phone_helptext">Digits only.' in html
    assert 'id="id_phone_error"' in html
    assert 'aria-describedby="id_phone_helptext id_phone_error"' in html
    assert 'aria-invalid="true"' in html
    assert html.index("errorlist") < html.index("<input")


def test_a_choice_is_a_group_with_a_legend() -> None:
    html = drawn("{% field form.way %}", form=PhoneForm({}))
    assert "<legend>Way</legend>" in html
    assert '<fieldset aria-describedby="id_way_error"' in html


def test_optional_fields_are_marked_and_required_ones_are_not() -> None:
    form = PhoneForm()
    assert "(optional)" in drawn("{% field form.note %}", form=form)
    assert "(optional)" not in drawn("{% field form.phone %}", form=form)


def test_a_field_that_some_answers_need_says_when() -> None:
    field: Any = forms.CharField(required=False)
    field.needed = "(needed for red)"
    choice: Any = forms.ChoiceField(choices=[("a", "A")], required=False, widget=forms.RadioSelect)
    choice.needed = "(needed for red)"

    class Needing(forms.Form):
        goal = field
        way = choice

    for name in ("goal", "way"):
        html = drawn("{% field bound %}", bound=Needing()[name])
        assert '<span class="needed">(needed for red)</span>' in html
        assert "(optional)" not in html


def test_a_tick_stands_before_its_words() -> None:
    html = drawn("{% field form.told %}", form=PhoneForm())
    assert html.index("<input") < html.index("<span>Told</span>")
    assert "Say how." in html


def test_errors_stand_on_top_with_a_link_to_each_field() -> None:
    html = drawn("{% form_errors form %}", form=PhoneForm({"page": "1"}))
    assert 'role="alert"' in html
    assert '<a href="#id_phone">Phone – ' in html
    assert '<a href="#id_way_0">Way – ' in html


def test_errors_of_the_whole_form_stand_on_top_too() -> None:
    html = drawn("{% form_errors form %}", form=PhoneForm({"phone": "0", "way": "a"}))
    assert "<li>Not at this time.</li>" in html


def test_a_form_without_errors_has_no_summary() -> None:
    assert drawn("{% form_errors form %}", form=PhoneForm()).strip() == ""
    assert drawn("{% form_errors form None %}", form=PhoneForm({"phone": "1", "way": "a"})) == "\n"


def test_a_whole_form_draws_its_errors_its_hidden_fields_and_its_fields() -> None:
    from kpm.forms import Renderer

    html = PhoneForm({}, renderer=Renderer()).render()
    # What is hidden takes the room of nothing between an error and its field.
    assert html.index('type="hidden"') < html.index("error-summary") < html.index("for=")


def test_an_empty_list_says_what_would_be_here() -> None:
    html = drawn("{% empty_state 'Nothing is due' 'It would stand here.' 'today' '/x/' 'Go' %}")
    assert "Nothing is due" in html
    assert '<a class="button button-second" href="/x/">Go</a>' in html


def refuse(_user: object, thing: str) -> None:
    """A rule that lets nothing but "mine" pass."""
    if thing != "mine":
        raise Refused("Not yours.")


def test_a_button_asks_the_rule() -> None:
    source = (
        "{% if_allowed 'tests.kpm.test_templatetags.refuse' thing as ok %}{% if ok %}yes{% endif %}"
    )
    assert drawn(source, user=None, thing="mine") == "yes"
    assert drawn(source, user=None, thing="theirs") == ""


def test_a_button_asks_the_role() -> None:
    source = "{% if_permitted 'view_log' as ok %}{% if ok %}yes{% endif %}"
    auditor = SimpleNamespace(is_authenticated=True, role=Role.AUDITOR)
    worker = SimpleNamespace(is_authenticated=True, role=Role.SOCIAL_WORKER)
    assert drawn(source, user=auditor) == "yes"
    assert drawn(source, user=worker) == ""


def test_an_icon_is_never_read_aloud() -> None:
    assert drawn("{% icon 'today' %}").startswith('<svg class="icon" aria-hidden="true"')


def test_a_timeline_names_when_who_and_what() -> None:
    entry = {
        "at": datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
        "title": "Approved",
        "who": "周敏",
        "before": "yellow",
        "after": "red",
        "rows": [{"label": "Way", "value": "Visit"}],
    }
    html = drawn("{% include 'kpm/components/timeline.html' %}", entries=[entry])
    for words in (
        "2026-11-24 09:30",
        "周敏",
        "Approved",
        "becomes",
        "<dt>Way</dt><dd>Visit</dd>",
    ):
        assert words in html


def test_pages_of_a_list_keep_the_filters() -> None:
    request = RequestFactory().get("/files/", {"level": "red", "page": "2"})
    page = Paginator(range(150), 50).get_page(2)
    html = drawn("{% include 'kpm/components/pagination.html' %}", page=page, request=request)
    assert "51–100 of 150" in html
    assert "?level=red&amp;page=1" in html
    assert "?level=red&amp;page=3" in html
    one = Paginator(range(5), 50).get_page(1)
    source = "{% include 'kpm/components/pagination.html' %}"
    assert drawn(source, page=one, request=request).strip() == ""


def test_a_name_in_a_sentence_is_kept_apart_and_escaped() -> None:
    assert isolated("<b>نۇر") == "<bdi>&lt;b&gt;نۇر</bdi>"
