"""Needs, strengths and safety of people in recovery from drugs, version 1.

Care and help (戒毒条例 §2); no test results, no origin of drugs, no infections: those stay with the
offices that have to know them.
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

MEASURES = _("Drug Rehabilitation Regulations, article 18")

STRENGTHS = (
    everybody.TRUSTED_PERSON,
    Item(
        code="time_without",
        text=_("Has come through some time without drugs and is proud of it"),
        source=_("Drug Rehabilitation Regulations, article 7"),
        options=STRENGTH,
    ),
    Item(
        code="knows_triggers",
        text=_("Knows what tempts them and what helps"),
        source=MEASURES,
        options=STRENGTH,
    ),
    Item(
        code="family_stands_by",
        text=_("The family stands by them"),
        source=_("Drug Rehabilitation Regulations, article 17"),
        options=STRENGTH,
    ),
    everybody.DAILY_RHYTHM,
    everybody.OWN_GOALS,
)
NEEDS = (
    Item(
        code="staying_off",
        text=_("Support in staying off drugs, as the person asks for it"),
        source=_("Drug Rehabilitation Regulations, articles 2 and 18"),
        options=NEED,
    ),
    Item(
        code="treatment",
        text=_("Treatment they chose, such as maintenance treatment, within reach"),
        source=_("Drug Rehabilitation Regulations, articles 9 to 12"),
        options=NEED,
    ),
    Item(
        code="health_care",
        text=_("Doctor and medicine for the body, in confidence"),
        source=_("Drug Rehabilitation Regulations, articles 7 and 18"),
        options=NEED,
    ),
    Item(
        code="mind",
        text=_("Counselling: sleep, shame, craving, loneliness"),
        source=MEASURES,
        options=NEED,
    ),
    Item(
        code="income",
        text=_("Income and benefits: enough to live on"),
        source=_("Anti-Drug Law, article 52"),
        options=NEED,
    ),
    Item(
        code="work",
        text=_("Work, training or school; nobody turns them away for the past"),
        source=_("Anti-Drug Law, articles 34 and 52"),
        options=NEED,
    ),
    Item(
        code="housing",
        text=_("A place to live away from where drugs are used"),
        source=MEASURES,
        options=NEED,
    ),
    Item(
        code="family_ties",
        text=_("Peace in the family, contact with children"),
        source=MEASURES,
        options=NEED,
    ),
    Item(
        code="duties_clash",
        text=_("Tests and appointments that leave no room for work or care"),
        source=_("Drug Rehabilitation Regulations, articles 7 and 19"),
        options=NEED,
        hint=_("Ask with them for other hours or another place; discretion is their right."),
    ),
)
DANGERS = (
    everybody.SELF_HARM,
    Item(
        code="overdose",
        text=_("An overdose, or use that may kill: alone, mixed, after a break"),
        source=_("Drug Rehabilitation Regulations, article 2"),
        options=safety(Level.RED),
        hint=_("Call an ambulance first; help must not wait for questions."),
    ),
    everybody.HARMED_BY_OTHERS,
    everybody.HARMS_OTHERS,
    everybody.NO_SHELTER,
    Item(
        code="child_in_danger",
        text=_("A child in the household is not looked after"),
        source=_("Law on the Protection of Minors, articles 11 and 16"),
        options=safety(Level.RED),
        hint=_("Where a child or somebody without capacity is harmed, report at once."),
    ),
    Item(
        code="relapse",
        text=_("Uses again, or fears to"),
        source=_("Drug Rehabilitation Regulations, articles 2 and 18"),
        options=safety(Level.YELLOW),
    ),
    Item(
        code="lost_support",
        text=_("Came home, lost work or lost a close person in the last weeks"),
        source=everybody.CASE_WORK,
        options=safety(Level.YELLOW),
    ),
)

INSTRUMENT = Instrument(
    code="drug",
    version=1,
    title=_("Needs, strengths and safety in recovery"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
