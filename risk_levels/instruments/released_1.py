"""Needs, strengths and safety of people released after serving a sentence, version 1.

Help is voluntary and they are citizens like any other: 监狱法 §38.
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

PLACEMENT = _("Practice of resettlement and support: home, kin, work (2010)")

STRENGTHS = (
    everybody.TRUSTED_PERSON,
    Item(
        code="welcomed_home",
        text=_("Was welcomed home; somebody of the family or village speaks for them"),
        source=_("Local practice of three helpers to one person"),
        options=STRENGTH,
    ),
    Item(
        code="skill",
        text=_("Has a skill or certificate that they can live on"),
        source=_("Prison Law, article 37"),
        options=STRENGTH,
    ),
    everybody.DAILY_RHYTHM,
    everybody.OWN_GOALS,
)
NEEDS = (
    Item(
        code="papers",
        text=_("Registration, ID card, certificate of release: done"),
        source=_("Prison Law, articles 35 and 36"),
        options=NEED,
    ),
    Item(
        code="housing",
        text=_("A place to live"),
        source=_("Prison Law, article 37"),
        options=NEED,
    ),
    Item(
        code="income",
        text=_("Income, low-income benefit or relief: enough for food, heating and medicine"),
        source=_("Prison Law, article 37"),
        options=NEED,
    ),
    Item(
        code="work",
        text=_("Work, land or training; nobody turns them away for the past"),
        source=_("Prison Law, articles 37 and 38"),
        options=NEED,
    ),
    Item(
        code="insurance",
        text=_("Health and pension insurance go on"),
        source=PLACEMENT,
        options=NEED,
    ),
    Item(
        code="health_care",
        text=_("Treatment, medicine, check-ups after the years away"),
        source=everybody.CASE_WORK,
        options=NEED,
    ),
    Item(
        code="mind",
        text=_("Comfort and counselling: sleep, shame, loneliness"),
        source=everybody.CASE_WORK,
        options=NEED,
    ),
    Item(
        code="family_ties",
        text=_("Peace in the family, contact with children"),
        source=everybody.CASE_WORK,
        options=NEED,
    ),
    Item(
        code="everyday_skills",
        text=_("Finding one's way: phone, payments, offices, traffic"),
        source=PLACEMENT,
        options=NEED,
    ),
    Item(
        code="school_of_minor",
        text=_("Under 18: school or training, and the record stays sealed"),
        source=_("Law on the Prevention of Juvenile Delinquency, articles 55 to 59"),
        options=NEED,
    ),
)
DANGERS = (
    everybody.SELF_HARM,
    everybody.HARMED_BY_OTHERS,
    everybody.HARMS_OTHERS,
    everybody.NO_SHELTER,
    Item(
        code="nobody_nowhere_nothing",
        text=_("No home, no kin to go to and no income, all three"),
        source=PLACEMENT,
        options=safety(Level.RED),
    ),
    Item(
        code="untreated_illness",
        text=_("Seriously ill and not treated"),
        source=everybody.CASE_WORK,
        options=safety(Level.RED),
    ),
    Item(
        code="first_weeks",
        text=_("Came home in the last 30 days"),
        source=_("Local practice: a first visit within seven days of the return"),
        options=safety(Level.YELLOW),
    ),
    Item(
        code="lost_support",
        text=_("Lost work, home or a close person in the last weeks"),
        source=everybody.CASE_WORK,
        options=safety(Level.YELLOW),
    ),
)

INSTRUMENT = Instrument(
    code="released",
    version=1,
    title=_("Needs, strengths and safety after release"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
