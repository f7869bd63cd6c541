"""Needs, strengths and safety of left-behind children, version 1: how guardianship holds.

The child is heard in words that they understand (未成年人保护法 §4, §22).
"""

from django.utils.translation import gettext_lazy as _

from risk_levels.instruments import everybody
from risk_levels.instruments.everybody import NEED, STRENGTH, safety
from risk_levels.instruments.parts import Instrument, Item
from risk_levels.levels import Level

REPORT_FORM = _("Opinion on mandatory reports (2020), article 4")

STRENGTHS = (
    Item(
        code="trusted_person",
        text=_("Names a grown-up whom they would go to"),
        source=_("Law on the Protection of Minors, article 4"),
        options=STRENGTH,
    ),
    Item(
        code="carer_close",
        text=_("The carer knows the child's days, friends and worries"),
        source=_("Law on the Protection of Minors, articles 16 and 22"),
        options=STRENGTH,
    ),
    Item(
        code="likes_school",
        text=_("Likes going to school, or something there"),
        source=_("Law on the Protection of Minors, article 16"),
        options=STRENGTH,
    ),
    Item(
        code="friends",
        text=_("Has friends"),
        source=everybody.CASE_WORK,
        options=STRENGTH,
    ),
    Item(
        code="own_goals",
        text=_("Says what they wish for"),
        source=_("Law on the Protection of Minors, articles 4 and 19"),
        options=STRENGTH,
    ),
)
NEEDS = (
    Item(
        code="parent_contact",
        text=_("Contact with the parents at least once a week"),
        source=_("Law on the Protection of Minors, article 23"),
        options=NEED,
    ),
    Item(
        code="care_agreement",
        text=_("A written agreement with a carer whom the law allows"),
        source=_("Law on the Protection of Minors, articles 22 and 23"),
        options=NEED,
    ),
    Item(
        code="carer_able",
        text=_("The carer's strength and health are enough for the child"),
        source=_("Registration form for left-behind children (2016): guardianship"),
        options=NEED,
    ),
    Item(
        code="income",
        text=_("Money for food, clothes and school arrives"),
        source=_("State Council opinion 13 (2016) on left-behind children"),
        options=NEED,
    ),
    Item(
        code="school",
        text=_("School: attends, keeps up, gets home safely"),
        source=_("Law on the Protection of Minors, articles 16 and 83"),
        options=NEED,
    ),
    Item(
        code="health_care",
        text=_("Vaccinations, teeth, eyes, a doctor when ill"),
        source=_("Law on the Protection of Minors, articles 16 and 90"),
        options=NEED,
    ),
    Item(
        code="mind",
        text=_("Comfort: misses the parents, sleeps badly, is very quiet or very angry"),
        source=_("State Council opinion 13 (2016) on left-behind children"),
        options=NEED,
    ),
    Item(
        code="play",
        text=_("Play, reading, sport, and time without a screen"),
        source=_("Law on the Protection of Minors, articles 16 and 68"),
        options=NEED,
    ),
    Item(
        code="registration",
        text=_("Household registration and insurance"),
        source=_("Registration form for left-behind children (2016)"),
        options=NEED,
    ),
)
DANGERS = (
    Item(
        code="child_alone",
        text=_("Lives alone, or is left alone under the age of eight"),
        source=_("Law on the Protection of Minors, article 21"),
        options=safety(Level.RED),
        hint=_("Don't leave before an adult is there; report at once."),
    ),
    Item(
        code="harmed_by_others",
        text=_("Signs of blows, neglect, sexual abuse or bullying; or the child says so"),
        source=REPORT_FORM,
        options=safety(Level.RED),
        hint=_("Believe the child, don't ask again and again, report at once."),
    ),
    Item(
        code="without_carer",
        text=_("The carer has gone, is ill or does not care, and nobody has stepped in"),
        source=_("Law on the Protection of Minors, articles 43 and 92"),
        options=safety(Level.RED),
    ),
    Item(
        code="carer_barred",
        text=_("The carer is one whom the law does not allow"),
        source=_("Law on the Protection of Minors, article 22"),
        options=safety(Level.RED),
    ),
    everybody.SELF_HARM,
    Item(
        code="missing",
        text=_("Ran away or cannot be found"),
        source=REPORT_FORM,
        options=safety(Level.RED),
    ),
    Item(
        code="out_of_school",
        text=_("Has stopped going to school"),
        source=_("Law on the Protection of Minors, articles 28 and 83"),
        options=safety(Level.YELLOW),
    ),
    Item(
        code="home_hazards",
        text=_("Water, traffic, electricity, fire or falls are a danger around the home"),
        source=_("Law on the Protection of Minors, article 18"),
        options=safety(Level.YELLOW),
    ),
)

INSTRUMENT = Instrument(
    code="left_behind_child",
    version=1,
    title=_("How a left-behind child is doing"),
    source=_("System default, from the laws and norms named beside each question"),
    sections=everybody.sections(strengths=STRENGTHS, needs=NEEDS, dangers=DANGERS),
    # Guardianship with gaps is looked at sooner than an adult's life is.
    thresholds={Level.RED: 9, Level.YELLOW: 3},
    most_strengths=2,
)
