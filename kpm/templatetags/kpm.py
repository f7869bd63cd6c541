"""What templates say in one word: levels, masked values, fields, rows, whether a rule allows it."""

from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casework.overdue_rules import Step, step_on
from kpm import days, masking
from kpm.errors import is_allowed
from kpm.permissions import Permission, is_granted
from risk_levels.populations import POPULATIONS

register = template.Library()

# Outline, mark inside, dashes. Drawn in the colour of the text, so that the shape stays in print,
# in greyscale and in forced colours: solid red and solid green are one grey to many eyes.
SHAPES = {
    "red": (
        "M7.7 2h8.6L22 7.7v8.6L16.3 22H7.7L2 16.3V7.7z",
        "M12 6.3v7.2M12 16v2",
        "none",
    ),
    "yellow": ("M12 2.5L22.5 21.5h-21z", "M12 9v6M12 16.8v2", "none"),
    "green": (
        "M12 2a10 10 0 1 1 0 20a10 10 0 1 1 0-20z",
        "M7 12.5l3.5 3.5L17 9",
        "none",
    ),
    "ungraded": (
        "M2.5 2.5h19v19h-19z",
        "M9 9.5a3 3 0 1 1 4.5 2.600c-1 .6-1.5 1.200-1.5 2.400M12 16.5v2",
        "4 3",
    ),
}
WORDS = {
    "red": gettext_lazy("Red · high"),
    "yellow": gettext_lazy("Yellow · medium"),
    "green": gettext_lazy("Green · low"),
    "ungraded": gettext_lazy("Ungraded"),
}


@lru_cache(maxsize=len(SHAPES))
def shape(level: str) -> SafeString:
    """The shape that belongs to a level."""
    outline, mark, dashes = SHAPES[level]
    return format_html(
        '<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false" fill="none" '
        'stroke="currentColor" stroke-width="2.4"><path d="{}" stroke-dasharray="{}"/>'
        '<path d="{}"/></svg>',
        outline,
        dashes,
        mark,
    )


def level_label(population: Any) -> str:
    """Care level for elders and children, risk level elsewhere; the population says which."""
    if not population:
        return _("Level")
    if isinstance(population, str):
        # Looked up by code: rows of lists carry the code only.
        population = POPULATIONS[population]
    return str(population.level_label)


@register.simple_tag
def level_badge(level: str, population: Any = None) -> SafeString:
    """A level as shape, word and colour; read aloud as "care level" or "risk level"."""
    return format_html(
        '<span class="level level-{}">{}<span><span class="visually-hidden">{}: </span>{}</span>'
        "</span>",
        level,
        shape(level),
        level_label(population),
        WORDS[level],
    )


@register.simple_tag
def level_words(level: str) -> str:
    """The word of a level, where its shape is drawn apart."""
    return str(WORDS[level])


@register.simple_tag
def disputed(risk_level: Any) -> SafeString:
    """The mark beside a level that the person does not agree with; nothing otherwise."""
    if not risk_level.is_disputed:
        return SafeString()
    return format_html(
        ' <span class="disputed"><span aria-hidden="true">≠</span> {}</span>', _("disputed")
    )


@register.simple_tag
def level_change(before: str, after: str, population: Any = None) -> SafeString:
    """From one level to another, in words for those who don't see the arrow."""
    return format_html(
        '<span class="level-change">{}<span aria-hidden="true">→</span>'
        '<span class="visually-hidden">{}</span>{}</span>',
        level_badge(before, population),
        _("becomes"),
        level_badge(after, population),
    )


@register.simple_tag
def icon(name: str) -> SafeString:
    """One sign of the sprite; always beside a word, so never read aloud."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("kpm/icons.svg"),
        name,
    )


@register.filter
def masked(value: str | None, kind: str) -> str:
    """The masked form of a value: name, id_number, phone, address or hidden."""
    return masking.masked(value, kind)


@register.filter
def isolated(name: Any) -> SafeString:
    """A name in a sentence: whichever way it is written, the words around it keep their order."""
    return format_html("<bdi>{}</bdi>", name)


@register.filter
def colon(label: Any, value: Any) -> str:
    """What something is called and what it is, with the colon of the language between them."""
    return _("%(label)s: %(value)s") % {"label": label, "value": value}


register.filter("day", days.in_words)
register.filter("month", days.month_in_words)
register.filter("moment", days.moment_in_words)
register.filter("second", days.second_in_words)
register.filter("clock", days.clock_in_words)


@register.filter
def age_band(born_on: date | None) -> str:
    """The band of ages that somebody born on this day is in today."""
    return masking.age_band(born_on, timezone.localdate()) if born_on else ""


@register.simple_tag
def file_number(number: str, url: str = "") -> SafeString:
    """A file number in one piece, as a link where there is a page behind it."""
    if url:
        return format_html('<a class="file-number" href="{}">{}</a>', url, number)
    return format_html('<span class="file-number">{}</span>', number)


@register.simple_tag
def status_tag(word: Any, kind: str = "") -> SafeString:
    """A state in one word; kind is red, yellow, green or brand."""
    return format_html('<span class="tag{}">{}</span>', f" tag-{kind}" if kind else "", word)


@register.simple_tag
def tile(number: Any, label: Any, url: str = "", kind: str = "") -> SafeString:
    """A number that matters today and what it counts."""
    return format_html(
        '<li><{} class="tile{}"{}><strong>{}</strong><span>{}</span></{}></li>',
        "a" if url else "div",
        f" tile-{kind}" if kind else "",
        format_html(' href="{}"', url) if url else "",
        number,
        label,
        "a" if url else "div",
    )


@register.simple_tag
def due_words(due_on: date | None, today: date) -> str:
    """How far a day is away, in words: overdue, today, coming."""
    if due_on is None:
        return ""
    days = (due_on - today).days
    if days < 0:
        return ngettext("%(days)d day overdue", "%(days)d days overdue", -days) % {"days": -days}
    if days == 0:
        return _("due today")
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}


@register.simple_tag
def due_tag(due_on: date | None, today: date) -> SafeString:
    """The same words, with the colour of their urgency."""
    if due_on is None:
        return SafeString()
    days = (due_on - today).days
    return status_tag(due_words(due_on, today), "red" if days < 0 else "" if days else "yellow")


STEPS = {
    Step.SUPERVISOR: gettext_lazy("the supervisor helps"),
    Step.ABOVE: gettext_lazy("the unit above helps"),
}


@register.simple_tag
def step_tag(level: str, due_on: date | None, today: date) -> SafeString:
    """Who beside the worker is asked about what is overdue; nothing while nobody is."""
    words = STEPS.get(step_on(level, due_on, today))
    return status_tag(words, "brand") if words else SafeString()


@register.simple_tag
def field(bound: BoundField) -> SafeString:
    """A field with its label, hint, error and input."""
    return bound.as_field_group()


@register.inclusion_tag("kpm/forms/summary.html")
def form_errors(*forms: BaseForm) -> dict[str, Any]:
    """What is wrong, on top of the page, each with a link to its field."""
    sent = [form for form in forms if form and form.is_bound]
    return {
        "general": [error for form in sent for error in form.non_field_errors()],
        "fields": [bound for form in sent for bound in form if bound.errors],
    }


@register.inclusion_tag("kpm/components/empty_state.html")
def empty_state(
    title: Any, text: Any = "", icon: str = "files", url: str = "", action: Any = ""
) -> dict[str, Any]:
    """What would be here, and what to do so that it is."""
    return {"title": title, "text": text, "icon": icon, "url": url, "action": action}


@register.inclusion_tag("kpm/components/masked_value.html", takes_context=True)
def masked_value(
    context: Context, code: str, label: Any, value: str, **more: Any
) -> dict[str, Any]:
    """A masked value that opens with a reason.

    `action` is where the reason is sent, `reasons` the choices, `error` what was wrong with the
    last try; with `revealed` the value itself is shown, for `seconds`.
    """
    request = context.get("request")
    return {
        "action": "",
        "reasons": (),
        "revealed": None,
        "error": "",
        "seconds": 60,
        **more,
        "id": f"masked-{code}",
        "label": label,
        "masked": value,
        "csrf_token": context.get("csrf_token"),
        "reader": getattr(getattr(request, "user", None), "name", ""),
        "read_at": timezone.now(),
    }


@register.simple_tag
def watermark(reader: str, read_at: datetime, name: str = "watermark") -> SafeString:
    """Who looks and when, across the page; it comes and goes with what was opened."""
    moment = timezone.localtime(read_at).strftime("%Y-%m-%d %H:%M")
    return format_html(
        '<svg class="watermark" aria-hidden="true" focusable="false"><defs><pattern id="{0}" '
        'width="300" height="150" patternUnits="userSpaceOnUse" patternTransform="rotate(-24)">'
        '<text x="10" y="70" font-size="17" fill="currentColor">{1} {2}</text></pattern></defs>'
        '<rect width="100%" height="100%" fill="url(#{0})"/></svg>',
        name,
        reader,
        moment,
    )


@register.simple_block_tag
def cell(content: str, label: Any = "", kind: str = "") -> SafeString:
    """A cell of a table that becomes a card on phones: its heading goes along with it."""
    if label and content.strip():
        # One box for the value, so that it stays beside its heading when it wraps.
        content = format_html("<div>{}</div>", content)
    return format_html(
        '<td role="cell"{}{}>{}</td>',
        format_html(' class="{}"', kind) if kind else "",
        format_html(' data-label="{}"', label) if label else "",
        content,
    )


@register.simple_tag(takes_context=True)
def if_allowed(context: Context, check: str, *things: Any) -> bool:
    """Ask a rule whether the signed-in person may, so that a button follows the same rule.

    {% if_allowed "casework.rules.check_can_decide_proposal" proposal as may_decide %}
    """
    return is_allowed(import_string(check), context["user"], *things)


@register.simple_tag(takes_context=True)
def if_permitted(context: Context, permission: str) -> bool:
    """Ask whether the role of the signed-in person carries a permission."""
    return is_granted(context["user"], Permission(permission))
