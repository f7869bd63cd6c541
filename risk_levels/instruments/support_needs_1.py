"""Needs, strengths and safety, version 1: for all six populations."""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments.everybody import (
    CASE_WORK,
    MENTAL_NORM,
    NEED,
    STRENGTH,
    VIOLENCE,
    safety,
)
from risk_levels.instruments.parts import Effect, Instrument, Item, Section
from risk_levels.levels import Level

MENTAL_FOLLOW_UP = _("National norm for severe mental disorders (2018), follow-up record")
ELDER_GUIDANCE = _("Guidance on visits to elders in special difficulty (2022)")
MINORS_21 = _("Law on the Protection of Minors, article 21")

ADULTS = (
    "community_correction",
    "released",
    "mental_disorder",
    "drug",
    "empty_nest_elder",
)

STRENGTHS = Section(
    code="strengths",
    title=_("What is going well"),
    lead=_("Begin here: what holds is what the plan builds on."),
    effect=Effect.STRENGTH,
    items=(
        Item(
            code="trusted_person",
            text=_("Has somebody whom they trust and can reach"),
            source=CASE_WORK,
            options=STRENGTH,
        ),
        Item(
            code="stable_home",
            text=_("Has a home that is safe and will stay"),
            source=CASE_WORK,
            options=STRENGTH,
        ),
        Item(
            code="daily_rhythm",
            text=_("Has days with a rhythm: work, school, a household, a group"),
            source=CASE_WORK,
            options=STRENGTH,
        ),
        Item(
            code="own_goals",
            text=_("Names something that they want to reach"),
            source=_("MZ/T 094-2017, principle of self-determination"),
            options=STRENGTH,
        ),
        Item(
            code="asks_for_help",
            text=_("Asks for help when they need it"),
            source=CASE_WORK,
            options=STRENGTH,
        ),
        Item(
            code="family_copes",
            text=_("Family or carer copes and wants to go on"),
            source=_("Mental Health Law, article 49; Law on the Protection of Minors, article 43"),
            options=STRENGTH,
        ),
    ),
)

NEEDS = Section(
    code="needs",
    title=_("What is needed"),
    lead=_("Ask what the person sees as a need first, then add what you see."),
    effect=Effect.NEED,
    items=(
        Item(
            code="income",
            text=_("Income and benefits: enough for food, heating and medicine"),
            source=_("Prison Law, article 37; Law on the Rights of the Elderly, article 37"),
            options=NEED,
        ),
        Item(
            code="housing",
            text=_("A place to live, registered and fit to live in"),
            source=_("Prison Law, article 37"),
            options=NEED,
        ),
        Item(
            code="health_care",
            text=_("Treatment, medicine, check-ups"),
            source=MENTAL_FOLLOW_UP,
            options=NEED,
        ),
        Item(
            code="daily_living",
            text=_("Help with eating, washing, dressing, getting about"),
            source=_("GB/T 42195-2022 Ability assessment for older adults"),
            options=NEED,
        ),
        Item(
            code="learning_and_work",
            text=_("School, training or work"),
            source=_("Drug Rehabilitation Regulations, article 18; Prison Law, article 37"),
            options=NEED,
        ),
        Item(
            code="mind",
            text=_("Comfort and counselling: sleep, grief, worry, loneliness"),
            source=_("Law on the Rights of the Elderly, article 38"),
            options=NEED,
        ),
        Item(
            code="company",
            text=_("Company: somebody looks in, calls, takes along"),
            source=ELDER_GUIDANCE,
            options=NEED,
        ),
        Item(
            code="carer_relief",
            text=_("Relief for whoever cares for the person"),
            source=_("Mental Health Law, article 56; Law on the Protection of Minors, article 43"),
            options=NEED,
        ),
        Item(
            code="papers",
            text=_("Papers and legal help: registration, ID card, disability card, disputes"),
            source=CASE_WORK,
            options=NEED,
        ),
        Item(
            code="parent_contact",
            text=_("Contact with the parents at least once a week"),
            source=_("Law on the Protection of Minors, article 23"),
            options=NEED,
            only_for=("left_behind_child",),
        ),
        Item(
            code="care_agreement",
            text=_("A written agreement with a carer whom the law allows"),
            source=_("Law on the Protection of Minors, articles 22 and 23"),
            options=NEED,
            only_for=("left_behind_child",),
        ),
        Item(
            code="fresh_start",
            text=_("Support in staying off drugs or out of trouble, as the person asks for it"),
            source=_("Drug Rehabilitation Regulations, articles 2 and 18"),
            options=NEED,
            only_for=("community_correction", "released", "drug"),
        ),
    ),
)

SAFETY = Section(
    code="safety",
    title=_("Safety now"),
    lead=_("What you saw or were told. You observe; a diagnosis is for doctors."),
    effect=Effect.SAFETY,
    items=(
        Item(
            code="self_harm",
            text=_("Speaks of wanting to die or harms themselves"),
            source=MENTAL_NORM,
            options=safety(Level.RED),
            hint=_("Don't leave the person alone; tell your supervisor and a doctor now."),
        ),
        Item(
            code="harmed_by_others",
            text=_("Is hurt, threatened, locked in or exploited by somebody"),
            source=VIOLENCE,
            options=safety(Level.RED),
            hint=_("Where a child or somebody without capacity is harmed, report at once."),
        ),
        Item(
            code="harms_others",
            text=_("Has hurt somebody or threatened to, and it may happen again"),
            source=MENTAL_NORM,
            options=safety(Level.RED),
        ),
        Item(
            code="without_carer",
            text=_("Cannot manage alone and has nobody to look after them now"),
            source=_("Law on the Protection of Minors, article 21; guidance on elders (2022)"),
            options=safety(Level.RED),
        ),
        Item(
            code="life_threatening",
            text=_("Seriously ill and not treated, or stopped a medicine that must not be stopped"),
            source=MENTAL_FOLLOW_UP,
            options=safety(Level.RED),
        ),
        Item(
            code="no_shelter",
            text=_("Has no food, no heating or no place to sleep tonight"),
            source=_("Prison Law, article 37"),
            options=safety(Level.RED),
        ),
        Item(
            code="child_alone",
            text=_("Lives alone, or is left alone under the age of eight"),
            source=MINORS_21,
            options=safety(Level.RED),
            only_for=("left_behind_child",),
        ),
        Item(
            code="out_of_school",
            text=_("Has stopped going to school"),
            source=_("Law on the Protection of Minors, article 43"),
            options=safety(Level.YELLOW),
            only_for=("left_behind_child",),
        ),
        Item(
            code="home_hazards",
            text=_("Gas, electricity, fire or falls are a danger at home"),
            source=ELDER_GUIDANCE,
            options=safety(Level.YELLOW),
        ),
        Item(
            code="recent_break",
            text=_("A bereavement, a discharge, a break-up or a loss of home in the last weeks"),
            source=_("Local practice (Hohhot 2022): a visit within 24 hours of a major change"),
            options=safety(Level.YELLOW),
            only_for=ADULTS,
        ),
    ),
)

INSTRUMENT = Instrument(
    code="support_needs",
    version=1,
    title=_("Needs, strengths and safety"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=(STRENGTHS, NEEDS, SAFETY),
    # Four urgent needs that nothing balances, or one and some more.
    thresholds={Level.RED: 12, Level.YELLOW: 4},
    most_strengths=3,
)
