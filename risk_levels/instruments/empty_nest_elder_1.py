"""Needs, strengths and safety of elders who live without their children, version 1.

Visits are offered and may be declined: 特殊困难老年人探访关爱服务指导意见 (2022).
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

GUIDANCE = _("Guidance on visits to elders in special difficulty (2022)")
ABILITY = _("GB/T 42195-2022 Ability assessment for older adults")

STRENGTHS = (
    everybody.TRUSTED_PERSON,
    Item(
        code="children_in_touch",
        text=_("Children or relatives call or come regularly"),
        source=_("Law on the Rights of the Elderly, article 18"),
        options=STRENGTH,
    ),
    Item(
        code="neighbours",
        text=_("A neighbour looks in"),
        source=_("Law on the Rights of the Elderly, article 38"),
        options=STRENGTH,
    ),
    Item(
        code="own_pace",
        text=_("Runs their own household and enjoys something each day"),
        source=ABILITY,
        options=STRENGTH,
    ),
    everybody.OWN_GOALS,
)
NEEDS = (
    Item(
        code="income",
        text=_("Pension, allowances, low-income benefit: received, and enough"),
        source=_("Law on the Rights of the Elderly, articles 28 to 33"),
        options=NEED,
    ),
    Item(
        code="daily_living",
        text=_("Help with eating, washing, dressing, getting about"),
        source=ABILITY,
        options=NEED,
    ),
    Item(
        code="meals",
        text=_("Warm meals and shopping"),
        source=_("Law on the Rights of the Elderly, article 37"),
        options=NEED,
    ),
    Item(
        code="health_care",
        text=_("Family doctor, medicine in order, somebody who comes along"),
        source=_("Law on the Rights of the Elderly, articles 29 and 49"),
        options=NEED,
    ),
    Item(
        code="memory",
        text=_("Memory: forgets medicine, the stove, the way home"),
        source=ABILITY,
        options=NEED,
    ),
    Item(
        code="company",
        text=_("Company: somebody looks in, calls, takes along"),
        source=GUIDANCE,
        options=NEED,
    ),
    Item(
        code="mind",
        text=_("Comfort: grief, sleep, worry"),
        source=_("Law on the Rights of the Elderly, articles 18 and 38"),
        options=NEED,
    ),
    Item(
        code="home_fit",
        text=_("A home fit for their age: steps, bath, light, heating"),
        source=_("Law on the Rights of the Elderly, articles 16 and 65"),
        options=NEED,
    ),
    Item(
        code="carer_relief",
        text=_("Relief for a husband or wife who cares"),
        source=_("Law on the Rights of the Elderly, article 27"),
        options=NEED,
    ),
    Item(
        code="rights",
        text=_("Legal help: property, fraud, support by the children, a guardian by agreement"),
        source=_("Law on the Rights of the Elderly, articles 26 and 73"),
        options=NEED,
    ),
)
DANGERS = (
    Item(
        code="without_carer",
        text=_("Cannot manage alone and has nobody to look after them now"),
        source=_("Guidance on visits to elders in special difficulty (2022), annex"),
        options=safety(Level.RED),
    ),
    Item(
        code="life_threatening",
        text=_("Seriously ill and not treated, or stopped a medicine that must not be stopped"),
        source=GUIDANCE,
        options=safety(Level.RED),
    ),
    everybody.SELF_HARM,
    Item(
        code="harmed_by_others",
        text=_("Is hit, neglected, locked in or robbed by somebody"),
        source=_("Law on the Rights of the Elderly, articles 3 and 25"),
        options=safety(Level.RED),
        hint=_("Where a child or somebody without capacity is harmed, report at once."),
    ),
    everybody.NO_SHELTER,
    Item(
        code="wandered",
        text=_("Got lost, or left the gas or fire on"),
        source=ABILITY,
        options=safety(Level.RED),
    ),
    Item(
        code="fell",
        text=_("Fell and could not call anybody"),
        source=_("Law on the Rights of the Elderly, article 37: emergency help"),
        options=safety(Level.YELLOW),
    ),
    Item(
        code="home_hazards",
        text=_("Gas, electricity, fire or falls are a danger at home"),
        source=GUIDANCE,
        options=safety(Level.YELLOW),
    ),
    Item(
        code="recent_break",
        text=_("Widowed, discharged or moved in the last weeks"),
        source=_("Local practice (Hohhot 2022): a visit within 24 hours of a major change"),
        options=safety(Level.YELLOW),
    ),
)

INSTRUMENT = Instrument(
    code="empty_nest_elder",
    version=1,
    title=_("How an elder who lives alone is doing"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
