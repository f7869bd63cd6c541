"""Needs, strengths and safety of people in community corrections, version 1.

For help, not for supervision: 社区矫正法 §24 leaves classes and duties to the corrections office.
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

STRENGTHS = (
    everybody.TRUSTED_PERSON,
    Item(
        code="group_works",
        text=_("Knows the people of the corrections group and talks with them"),
        source=_("Community Corrections Law, article 25"),
        options=STRENGTH,
    ),
    Item(
        code="family_stands_by",
        text=_("The family stands by them"),
        source=_("Community Corrections Law, article 39"),
        options=STRENGTH,
    ),
    everybody.DAILY_RHYTHM,
    everybody.OWN_GOALS,
)
NEEDS = (
    Item(
        code="income",
        text=_("Income, benefits, insurance: applied for and enough to live on"),
        source=_("Community Corrections Law, article 43"),
        options=NEED,
    ),
    Item(
        code="housing",
        text=_("A place to live, for as long as the correction lasts"),
        source=_("Community Corrections Law, article 38"),
        options=NEED,
    ),
    Item(
        code="work",
        text=_("Work or training; nobody turns them away for being corrected"),
        source=_("Community Corrections Law, articles 4 and 37"),
        options=NEED,
    ),
    Item(
        code="school",
        text=_("School goes on, with the school's support"),
        source=_("Community Corrections Law, articles 37 and 55"),
        options=NEED,
    ),
    Item(
        code="health_care",
        text=_("Treatment and check-ups, where released for illness the regular ones too"),
        source=_("Measures for the Community Corrections Law, article 24"),
        options=NEED,
    ),
    Item(
        code="mind",
        text=_("Counselling: sleep, shame, worry, anger"),
        source=_("Community Corrections Law, article 40"),
        options=NEED,
    ),
    Item(
        code="family_ties",
        text=_("Peace in the family, contact with children"),
        source=_("Community Corrections Law, article 40"),
        options=NEED,
    ),
    Item(
        code="duties_clash",
        text=_("Duties of the correction that leave no room for work, care or treatment"),
        source=_("Community Corrections Law, articles 27 and 34"),
        options=NEED,
        hint=_("Help them to apply for leave or for other days; say that they may complain."),
    ),
    Item(
        code="papers",
        text=_("Papers and legal help: registration, ID card, debts, disputes"),
        source=_("Community Corrections Law, article 43"),
        options=NEED,
    ),
)
DANGERS = (
    everybody.SELF_HARM,
    everybody.HARMED_BY_OTHERS,
    everybody.HARMS_OTHERS,
    everybody.NO_SHELTER,
    Item(
        code="untreated_illness",
        text=_("Seriously ill and not treated"),
        source=_("Measures for the Community Corrections Law, article 24"),
        options=safety(Level.RED),
    ),
    Item(
        code="lost_support",
        text=_("Lost work, home or a close person in the last weeks"),
        source=everybody.CASE_WORK,
        options=safety(Level.YELLOW),
    ),
    Item(
        code="relapse",
        text=_("Drinks or uses drugs so that daily life suffers"),
        source=_("Drug Rehabilitation Regulations, articles 2 and 18"),
        options=safety(Level.YELLOW),
        hint=_("Offer help first; it is not for this file to report it."),
    ),
)

INSTRUMENT = Instrument(
    code="community_correction",
    version=1,
    title=_("Needs, strengths and safety in community corrections"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
