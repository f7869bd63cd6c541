"""People with a severe mental disorder: diagnosis and class are the doctors', support is ours."""

from django.utils.translation import gettext_lazy as _

from risk_levels.levels import Level
from risk_levels.populations import closings, roles
from risk_levels.populations.grounds import Basis
from risk_levels.populations.identity import first_columns, last_columns
from risk_levels.populations.laws import CONSENT, EMERGENCY, MENTAL_HEALTH
from risk_levels.populations.numbers import Numbers
from risk_levels.populations.parts import (
    CHOICE,
    DATE,
    NAME,
    PEOPLE,
    PHONE,
    Closing,
    Duties,
    Field,
    Population,
    Retention,
    Scale,
    Sensitivity,
    Source,
    checks,
    choices,
    yes_no,
)

BASIS = Basis(MENTAL_HEALTH, "49, 55, 56")
READ_ONLY = _("Set by a psychiatrist. It makes a proposal here, never a level.")

FIELDS = (
    Field(
        code="guardian_name",
        label=_("Guardian"),
        kind=NAME,
        headings=("监护人姓名", "监护人"),
        purpose=_("To support whoever cares for the person"),
        basis=Basis(MENTAL_HEALTH, "49, 56"),
    ),
    Field(
        code="guardian_phone",
        label=_("Phone of the guardian"),
        kind=PHONE,
        headings=("监护人电话", "监护人联系电话"),
        purpose=_("To reach whoever cares for the person"),
        basis=EMERGENCY,
        sensitivity=Sensitivity.RESTRICTED,
    ),
    Field(
        code="condition_class",
        label=_("Condition class"),
        hint=READ_ONLY,
        kind=CHOICE,
        headings=("病情分类", "病情分类(稳定/基本稳定/不稳定)", "病情"),
        choices=choices(
            ("stable", _("Stable"), "稳定|病情稳定"),
            ("basically_stable", _("Basically stable"), "基本稳定|病情基本稳定"),
            ("unstable", _("Unstable"), "不稳定|病情不稳定"),
        ),
        purpose=_("To propose a level from the doctor's own assessment"),
        basis=Basis(MENTAL_HEALTH, "24, 55"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="danger_class",
        label=_("Danger assessment"),
        hint=READ_ONLY,
        kind=CHOICE,
        headings=("危险性评估", "危险性评估(0–5级)", "危险性评估(0-5级)", "危险性等级"),
        choices=choices(
            ("0", _("0: none of what follows"), "0|0级|零级"),
            ("1", _("1: threats and shouting only"), "1|1级|一级"),
            ("2", _("2: damage at home, can be talked down"), "2|2级|二级"),
            ("3", _("3: damage anywhere, cannot be talked down"), "3|3级|三级"),
            ("4", _("4: continued harm to things or people, or to themselves"), "4|4级|四级"),
            ("5", _("5: armed violence, arson or explosion"), "5|5级|五级"),
        ),
        purpose=_("To propose a level from the doctor's own assessment"),
        basis=Basis(MENTAL_HEALTH, "24, 55"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="assessed_on",
        label=_("Assessed on"),
        kind=DATE,
        headings=("评估日期", "评估时间"),
        purpose=_("To know how old the doctor's assessment is"),
        basis=Basis(MENTAL_HEALTH, "55"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="assessed_by",
        label=_("Assessing doctor"),
        kind=NAME,
        headings=("评估医生", "评估医师"),
        purpose=_("To know whom to ask about it"),
        basis=Basis(MENTAL_HEALTH, "55"),
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="follow_up_on",
        label=_("Next clinical follow-up"),
        kind=DATE,
        headings=("下次随访日期", "下次随访时间"),
        purpose=_("To remind of the appointment"),
        basis=Basis(MENTAL_HEALTH, "55"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    yes_no(
        "has_allowance",
        _("Receives the minimum living allowance"),
        "是否纳入低保",
        "是否低保",
        purpose=_("To help with benefits"),
        basis=Basis(MENTAL_HEALTH, "49"),
    ),
    Field(
        code="disability_grade",
        label=_("Grade of the disability card"),
        kind=CHOICE,
        headings=("残疾证等级", "残疾等级"),
        choices=choices(
            ("1", _("Grade 1"), "一级|1级|1"),
            ("2", _("Grade 2"), "二级|2级|2"),
            ("3", _("Grade 3"), "三级|3级|3"),
            ("4", _("Grade 4"), "四级|4级|4"),
            ("none", _("None"), "无|未办理"),
        ),
        purpose=_("To help with benefits"),
        basis=CONSENT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="group_members",
        label=_("Care group"),
        kind=PEOPLE,
        headings=("关爱帮扶小组成员", "关爱帮扶小组", "帮扶小组成员"),
        purpose=_("To know who helps along"),
        basis=Basis(MENTAL_HEALTH, "49"),
    ),
)

POPULATION = Population(
    code="mental_disorder",
    label=_("Severe mental disorder"),
    one=_("person with a severe mental disorder"),
    level_label=_("Risk level"),
    welfare=False,
    voluntary=True,
    fields=FIELDS,
    first_columns=first_columns(CONSENT),
    last_columns=last_columns(CONSENT),
    official_scale=Scale(
        label=_("Condition class and danger assessment"),
        owner=_("Psychiatrist"),
        source=Source.DOCTOR,
        fields=("condition_class", "danger_class"),
        levels={
            "condition_class": {
                "unstable": Level.RED,
                "basically_stable": Level.YELLOW,
                "stable": Level.GREEN,
            },
            "danger_class": {
                "0": Level.GREEN,
                "1": Level.YELLOW,
                "2": Level.YELLOW,
                "3": Level.RED,
                "4": Level.RED,
                "5": Level.RED,
            },
        },
        date_field="assessed_on",
        assessor_field="assessed_by",
    ),
    team_roles={
        Level.RED: (
            roles.SOCIAL_WORKER,
            roles.DOCTOR,
            roles.POLICE,
            roles.VILLAGE,
            roles.CIVIL_AFFAIRS,
            roles.FAMILY,
        ),
        Level.YELLOW: (roles.SOCIAL_WORKER, roles.DOCTOR, roles.VILLAGE, roles.FAMILY),
        Level.GREEN: (roles.SOCIAL_WORKER, roles.DOCTOR),
    },
    duties={
        Level.RED: Duties(7, 14, 14, 30),
        Level.YELLOW: Duties(14, 30, 30, 90),
        Level.GREEN: Duties(30, 90, 90, 180),
    },
    term=None,
    closings=(
        Closing("diagnosis_excluded", _("A psychiatrist excluded the diagnosis")),
        Closing("lost", _("Out of contact, decided by a supervisor")),
        closings.MOVED,
        Closing("consent_withdrawn", _("The person withdrew their consent to this service")),
        closings.DECEASED,
    ),
    retain_days=1095,
    first_visit_days=14,
    checks=checks(
        ("medicine", _("Medicine is there and is taken")),
        ("sleep", _("Sleep and appetite")),
        ("daily", _("Daily life and company")),
        ("carer", _("The carer is well and has help")),
        ("treatment", _("Treatment and appointments")),
        ("safety", _("Feels safe at home")),
    ),
    basis=BASIS,
    numbers=Numbers(lost_after_failed_attempts=3),
)
