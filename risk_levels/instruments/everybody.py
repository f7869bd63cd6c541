"""What all questionnaires share: answers, sections, and what everybody is asked."""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments.parts import Effect, Item, Option, Section
from risk_levels.levels import Level

CASE_WORK = _("MZ/T 094-2017 Social Work Method: Case Work, assessment")
OWN_CHOICE = _("MZ/T 094-2017, principle of self-determination")
MENTAL_NORM = _("National norm for severe mental disorders (2018), danger assessment")
VIOLENCE = _("Anti-Domestic Violence Law, article 14; Law on the Protection of Minors, article 11")

# Answers about safety: what was not asked or seen is said so, never guessed.
NO = Option("no", _("No"))
NOT_KNOWN = Option("not_known", _("Not known"), is_unknown=True)


def safety(level: Level) -> tuple[Option, ...]:
    """Yes calls for this level by itself."""
    return (NO, Option("yes", _("Yes, now or in the last 30 days"), calls_for=level), NOT_KNOWN)


NEED = (
    Option("none", _("No need, or met")),
    Option("some", _("Some need, help is under way"), weight=1),
    Option("urgent", _("Urgent and not met"), weight=3),
    NOT_KNOWN,
)
STRENGTH = (
    Option("yes", _("Yes"), weight=1),
    Option("no", _("No")),
    NOT_KNOWN,
)

TRUSTED_PERSON = Item(
    code="trusted_person",
    text=_("Has somebody whom they trust and can reach"),
    source=CASE_WORK,
    options=STRENGTH,
)
OWN_GOALS = Item(
    code="own_goals",
    text=_("Names something that they want to reach"),
    source=OWN_CHOICE,
    options=STRENGTH,
)
DAILY_RHYTHM = Item(
    code="daily_rhythm",
    text=_("Has days with a rhythm: work, school, a household, a group"),
    source=CASE_WORK,
    options=STRENGTH,
)

SELF_HARM = Item(
    code="self_harm",
    text=_("Speaks of wanting to die or harms themselves"),
    source=MENTAL_NORM,
    options=safety(Level.RED),
    hint=_("Don't leave the person alone; tell your supervisor and a doctor now."),
)
HARMED_BY_OTHERS = Item(
    code="harmed_by_others",
    text=_("Is hurt, threatened, locked in or exploited by somebody"),
    source=VIOLENCE,
    options=safety(Level.RED),
    hint=_("Where a child or somebody without capacity is harmed, report at once."),
)
HARMS_OTHERS = Item(
    code="harms_others",
    text=_("Has hurt somebody or threatened to, and it may happen again"),
    source=MENTAL_NORM,
    options=safety(Level.RED),
)
NO_SHELTER = Item(
    code="no_shelter",
    text=_("Has no food, no heating or no place to sleep tonight"),
    source=_("Interim Measures for Social Assistance, articles 47 and 50"),
    options=safety(Level.RED),
)


def sections(
    *, strengths: tuple[Item, ...], needs: tuple[Item, ...], dangers: tuple[Item, ...]
) -> tuple[Section, ...]:
    """The three parts in their order: what holds, what is needed, what is dangerous."""
    return (
        Section(
            code="strengths",
            title=_("What is going well"),
            lead=_("Begin here: what holds is what the plan builds on."),
            effect=Effect.STRENGTH,
            items=strengths,
        ),
        Section(
            code="needs",
            title=_("What is needed"),
            lead=_("Ask what the person sees as a need first, then add what you see."),
            effect=Effect.NEED,
            items=needs,
        ),
        Section(
            code="safety",
            title=_("Safety now"),
            lead=_("What you saw or were told. You observe; a diagnosis is for doctors."),
            effect=Effect.SAFETY,
            items=dangers,
        ),
    )
