"""Needs, strengths and safety of people with a severe mental disorder, version 1.

The danger grade 0 to 5 and the class of stability are the psychiatrist's and are entered as
official classes; here stands what a social worker can see and help with (精神卫生法 §49, §55, §56).
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

FOLLOW_UP = _("National norm for severe mental disorders (2018), follow-up record")

STRENGTHS = (
    everybody.TRUSTED_PERSON,
    Item(
        code="knows_own_signs",
        text=_("Knows their own early signs and says when they come"),
        source=FOLLOW_UP,
        options=STRENGTH,
    ),
    Item(
        code="takes_medicine",
        text=_("Takes the medicine as agreed, or talks with the doctor about it"),
        source=FOLLOW_UP,
        options=STRENGTH,
    ),
    Item(
        code="carer_copes",
        text=_("The guardian copes and wants to go on"),
        source=_("Mental Health Law, articles 49 and 56"),
        options=STRENGTH,
    ),
    everybody.DAILY_RHYTHM,
    everybody.OWN_GOALS,
)
NEEDS = (
    Item(
        code="income",
        text=_("Income, benefits, disability card and allowance"),
        source=_("Mental Health Law, articles 68 and 69"),
        options=NEED,
    ),
    Item(
        code="medicine_paid",
        text=_("Medicine and check-ups paid for and within reach"),
        source=_("Mental Health Law, article 68"),
        options=NEED,
    ),
    Item(
        code="follow_up",
        text=_("Follow-up by the community doctor takes place"),
        source=_("Mental Health Law, article 55"),
        options=NEED,
    ),
    Item(
        code="sleep_and_food",
        text=_("Sleep and meals"),
        source=FOLLOW_UP,
        options=NEED,
    ),
    Item(
        code="daily_living",
        text=_("Help with washing, dressing, the household"),
        source=FOLLOW_UP,
        options=NEED,
    ),
    Item(
        code="work",
        text=_("Work, study or a place in community rehabilitation"),
        source=_("Mental Health Law, articles 54 and 58"),
        options=NEED,
    ),
    Item(
        code="company",
        text=_("Company; neighbours who don't turn away"),
        source=_("Mental Health Law, article 5"),
        options=NEED,
    ),
    Item(
        code="carer_relief",
        text=_("Relief and training for the guardian; the guardian's subsidy applied for"),
        source=_("Mental Health Law, articles 49 and 55"),
        options=NEED,
    ),
)
DANGERS = (
    everybody.SELF_HARM,
    everybody.HARMS_OTHERS,
    Item(
        code="locked_up",
        text=_("Is locked up or tied at home"),
        source=_("National norm for severe mental disorders (2018), follow-up: restraint at home"),
        options=safety(Level.RED),
        hint=_("Tell your supervisor today: being unlocked is a right and needs a doctor's help."),
    ),
    Item(
        code="harmed_by_others",
        text=_("Is hit, humiliated, exploited or left without food by somebody"),
        source=_("Mental Health Law, articles 5 and 49; Anti-Domestic Violence Law, article 14"),
        options=safety(Level.RED),
        hint=_("Where a child or somebody without capacity is harmed, report at once."),
    ),
    Item(
        code="without_carer",
        text=_("The guardian has died, left or fallen ill, and nobody has stepped in"),
        source=_("Mental Health Law, article 49; Civil Code, article 34"),
        options=safety(Level.RED),
    ),
    Item(
        code="seriously_ill",
        text=_("A serious physical illness or side effect without a doctor"),
        source=_("National norm for severe mental disorders (2018), class: unstable"),
        options=safety(Level.RED),
    ),
    Item(
        code="stopped_medicine",
        text=_("Stopped the medicine, or takes it now and then, without the doctor"),
        source=FOLLOW_UP,
        options=safety(Level.YELLOW),
    ),
    Item(
        code="recent_change",
        text=_("Left hospital, moved or lost a close person in the last weeks"),
        source=_("National norm for severe mental disorders (2018): two weeks after discharge"),
        options=safety(Level.YELLOW),
    ),
)

INSTRUMENT = Instrument(
    code="mental_disorder",
    version=1,
    title=_("Needs, strengths and safety with a severe mental disorder"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
