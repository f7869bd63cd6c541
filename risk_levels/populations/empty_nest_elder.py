"""Elders whose children live away: visits that they wish for, as often as they wish."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from risk_levels.levels import Level
from risk_levels.populations import closings, roles
from risk_levels.populations.grounds import Basis
from risk_levels.populations.identity import first_columns, last_columns
from risk_levels.populations.laws import CONSENT, ELDERS
from risk_levels.populations.numbers import Numbers
from risk_levels.populations.parts import (
    CHOICE,
    NAME,
    PHONE,
    TEXT,
    Circumstance,
    Closing,
    Duties,
    Field,
    Group,
    Population,
    Scale,
    Sensitivity,
    Source,
    VisitWords,
    checks,
    choices,
    yes_no,
)

BASIS = Basis(ELDERS, "37, 38")
REACH_CHILD = _("To reach the children, who visit and greet often")

FIELDS = (
    Field(
        code="living",
        label=_("Lives"),
        kind=CHOICE,
        headings=("居住方式", "居住方式(独居/双老/其他)", "居住情况"),
        choices=choices(
            ("alone", _("Alone"), "独居"),
            ("couple", _("As an elder couple"), "双老|空巢双老|夫妻同住"),
            ("other", _("Otherwise"), "其他"),
        ),
        purpose=_("To know who is near when something happens"),
        basis=Basis(ELDERS, "37"),
    ),
    Field(
        code="self_care",
        label=_("Self-care"),
        kind=CHOICE,
        headings=("自理能力", "自理能力(自理/半自理/不能自理)", "生活自理能力"),
        choices=choices(
            ("independent", _("Independent"), "自理|能自理|完全自理"),
            ("partly", _("Needs some help"), "半自理|部分自理"),
            ("dependent", _("Needs help with everything"), "不能自理|需照料"),
        ),
        purpose=_("To find the care that fits"),
        basis=CONSENT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="capacity",
        label=_("Capacity grade"),
        hint=_("Assessed under GB/T 42195-2022."),
        kind=CHOICE,
        headings=("能力等级", "能力评估等级"),
        choices=choices(
            ("intact", _("Intact"), "完好|能力完好"),
            ("mild", _("Mild loss"), "轻度|轻度失能"),
            ("moderate", _("Moderate loss"), "中度|中度失能"),
            ("severe", _("Severe loss"), "重度|重度失能"),
            ("complete", _("Complete loss"), "完全|完全失能"),
        ),
        purpose=_("To find the care that fits"),
        basis=CONSENT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="health",
        label=_("Health"),
        kind=TEXT,
        headings=("健康状况", "身体状况"),
        purpose=_("To help with treatment and to know what to do in an emergency"),
        basis=CONSENT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="child_name",
        label=_("Son or daughter"),
        kind=NAME,
        headings=("子女姓名", "赡养人姓名", "赡养人"),
        purpose=REACH_CHILD,
        basis=Basis(ELDERS, "18"),
    ),
    Field(
        code="child_phone",
        label=_("Phone of the son or daughter"),
        kind=PHONE,
        headings=("子女电话", "子女联系电话", "赡养人电话"),
        purpose=REACH_CHILD,
        basis=Basis(ELDERS, "18"),
        sensitivity=Sensitivity.RESTRICTED,
    ),
    Field(
        code="child_place",
        label=_("Where the son or daughter lives"),
        kind=TEXT,
        headings=("子女所在地", "子女居住地"),
        purpose=REACH_CHILD,
        basis=Basis(ELDERS, "18"),
    ),
    Field(
        code="income",
        label=_("Income"),
        kind=CHOICE,
        headings=("经济来源", "收入来源"),
        choices=choices(
            ("pension", _("Pension"), "退休金|养老金"),
            ("allowance", _("Minimum living allowance"), "低保|低保金"),
            ("children", _("Support by the children"), "子女补助|子女赡养|子女供养"),
            ("land", _("Own work or land"), "务农|劳动收入"),
            ("other", _("Other"), "其他"),
        ),
        purpose=_("To help with benefits"),
        basis=CONSENT,
    ),
    Field(
        code="paired_with",
        label=_("Paired helper"),
        kind=NAME,
        headings=("结对帮扶人", "结对志愿者", "结对人"),
        purpose=_("To know who looks in"),
        basis=Basis(ELDERS, "38"),
    ),
    Field(
        code="service_needs",
        label=_("Services wished for"),
        kind=TEXT,
        headings=("服务需求", "需求"),
        purpose=_("To offer the services that the person wishes for"),
        basis=CONSENT,
    ),
    yes_no(
        "special_difficulty",
        _("On the list of elders in special difficulty"),
        "是否特殊困难老年人",
        "特殊困难老年人",
        hint=_("Set by civil affairs. It makes a proposal here, never a level."),
        purpose=_("To look in at least once a month"),
        basis=Basis(ELDERS, "37"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
)

# Guidance of 2022: elders are looked in on, as they wish; nobody inspects them.
VISITS = VisitWords(
    one=pgettext_lazy("elders", "Visit"),
    many=pgettext_lazy("elders", "Visits"),
    first=pgettext_lazy("elders", "First visit"),
    record=pgettext_lazy("elders", "Record a visit"),
)

POPULATION = Population(
    code="empty_nest_elder",
    # Law on the Protection of the Rights of the Elderly, article 2.
    least_age=60,
    label=_("Empty-nest elders"),
    one=_("empty-nest elder"),
    level_label=_("Care level"),
    group=Group.CARE,
    voluntary=True,
    fields=FIELDS,
    first_columns=first_columns(CONSENT),
    last_columns=last_columns(CONSENT),
    official_scale=Scale(
        label=_("List of elders in special difficulty"),
        owner=_("Civil affairs"),
        source=Source.HUMAN,
        fields=("special_difficulty",),
        levels={"special_difficulty": {"yes": Level.YELLOW, "no": Level.GREEN}},
        # Local practice (Hohhot 2022): high risk is whoever is very old or needs care, and alone.
        circumstances=(
            Circumstance(level=Level.RED, answers={"living": ("alone",)}, from_age=80),
            Circumstance(
                level=Level.RED,
                answers={
                    "capacity": ("moderate", "severe", "complete"),
                    "living": ("alone",),
                },
            ),
            Circumstance(
                level=Level.RED, answers={"self_care": ("dependent",), "living": ("alone",)}
            ),
        ),
    ),
    team_roles={
        Level.RED: (
            roles.SOCIAL_WORKER,
            roles.VILLAGE,
            roles.FAMILY_DOCTOR,
            roles.NEIGHBOUR,
            roles.SUPPORTER,
        ),
        Level.YELLOW: (roles.SOCIAL_WORKER, roles.VILLAGE, roles.NEIGHBOUR),
        Level.GREEN: (roles.VILLAGE, roles.NEIGHBOUR),
    },
    duties={
        Level.RED: Duties(2, 7, 30, 90),
        Level.YELLOW: Duties(7, 30, 90, 180),
        Level.GREEN: Duties(30, 90, 180, 365),
    },
    term=None,
    closings=(
        Closing("with_children", _("Lives with the children now")),
        Closing("institution", _("Lives in an institution now")),
        closings.MOVED,
        closings.DECLINED,
        closings.DECEASED,
    ),
    retain_days=365,
    first_visit_days=7,
    checks=checks(
        ("health", _("Health and medicine")),
        ("mood", _("Mood and company")),
        ("meals", _("Meals and clothing")),
        ("safety", _("Fire, gas, water and electricity")),
        ("home", _("Home is clean, warm and in repair")),
        ("children", _("Contact with the children")),
    ),
    basis=BASIS,
    visit_words=VISITS,
    numbers=Numbers(event_visit_hours=24, special_difficulty_visit_days=30),
)
