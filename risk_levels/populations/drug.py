"""People in community drug rehabilitation: care and help first, three clean years end it."""

from django.utils.translation import gettext_lazy as _

from risk_levels.levels import Level
from risk_levels.populations import closings, roles
from risk_levels.populations.grounds import Basis
from risk_levels.populations.identity import first_columns, last_columns
from risk_levels.populations.laws import DRUG_CLASS, DRUG_CONTROL, DRUG_REHABILITATION, DUTY
from risk_levels.populations.numbers import Numbers
from risk_levels.populations.parts import (
    CHOICE,
    DATE,
    PEOPLE,
    Closing,
    Duties,
    Field,
    Group,
    Population,
    Retention,
    Scale,
    Sensitivity,
    Source,
    Term,
    checks,
    choices,
)

BASIS = Basis(DRUG_REHABILITATION, "2, 5, 18, 39")

FIELDS = (
    Field(
        code="measure",
        label=_("Measure"),
        kind=CHOICE,
        headings=("措施类型", "措施类型(社区戒毒/社区康复)", "管控类型", "戒毒类型"),
        choices=choices(
            ("community_detox", _("Community detoxification"), "社区戒毒"),
            ("community_recovery", _("Community recovery"), "社区康复"),
            ("voluntary", _("Voluntary"), "自愿戒毒|自愿"),
        ),
        purpose=_("To know which support the law provides for"),
        basis=Basis(DRUG_CONTROL, "33, 48"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="decided_on",
        label=_("Decided on"),
        kind=DATE,
        headings=("决定日期", "决定书日期"),
        purpose=_("To know by when the person reports in"),
        # Article 14 for detoxification, 38 for recovery.
        basis=Basis(DRUG_REHABILITATION, "14, 38"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="reported_in_on",
        label=_("Reported in on"),
        hint=_("The three years run from this day."),
        kind=DATE,
        headings=("报到日期", "报到时间"),
        purpose=_("To compute the end of the term"),
        basis=Basis(DRUG_REHABILITATION, "14, 37, 38"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="clean_since_on",
        label=_("Without drugs since"),
        hint=_("Three years after this day the file closes by itself."),
        kind=DATE,
        headings=("戒断起算日", "戒断起算日期", "戒断起始日期", "戒断日期"),
        purpose=_("To end the support once three years have passed without relapse"),
        basis=Basis(DRUG_REHABILITATION, "7"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="agreement_on",
        label=_("Agreement signed on"),
        kind=DATE,
        headings=("协议签订日期", "签订协议日期", "协议日期"),
        purpose=_("To work from what was agreed"),
        basis=Basis(DRUG_REHABILITATION, "16, 38"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="ends_on",
        label=_("Term ends"),
        hint=_("On this day the file closes by itself."),
        kind=DATE,
        headings=("期满日期", "期满时间", "解除日期"),
        purpose=_("To end the support record with the term"),
        basis=Basis(DRUG_REHABILITATION, "14, 23, 37, 40"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="risk_class",
        label=_("Official risk class"),
        hint=_("Set by the authorities. It makes a proposal here, never a level."),
        kind=CHOICE,
        headings=("风险等级", "风险等级(高/中/低)", "风险分类"),
        choices=choices(
            ("high", _("High"), "高|高风险|A|A类"),
            ("middle", _("Middle"), "中|中风险|B|B类"),
            ("low", _("Low"), "低|低风险|C|C类|C1|C1类|一般低风险"),
            ("lasting_low", _("Low for years: support ends"), "C2|C2类|长期低风险"),
        ),
        purpose=_("To propose a level from the authority's own assessment"),
        basis=DRUG_CLASS,
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="group_members",
        label=_("Working group"),
        kind=PEOPLE,
        headings=("工作小组成员", "社区戒毒工作小组成员", "工作小组"),
        purpose=_("To know who helps along"),
        basis=Basis(DRUG_REHABILITATION, "17"),
    ),
    Field(
        code="employment",
        label=_("Work"),
        kind=CHOICE,
        headings=("就业情况", "就业状况"),
        choices=choices(
            ("employed", _("Employed"), "务工|就业|已就业"),
            ("self_employed", _("Working for themselves"), "个体|自谋职业|务农"),
            ("looking", _("Looking for work"), "待业|未就业|无业"),
            ("studying", _("At school"), "在学|就学"),
            ("unable", _("Unable to work"), "丧失劳动能力|退休"),
        ),
        purpose=_("To help with training and work"),
        basis=Basis(DRUG_REHABILITATION, "18, 39"),
    ),
)

TEAM = (
    roles.SOCIAL_WORKER,
    roles.DRUG_WORKER,
    roles.POLICE,
    roles.COMMUNITY_MEDIC,
    roles.FAMILY,
    roles.VOLUNTEER,
)

# Three years of detoxification (14), at most three of recovery (37).
TERM = Term(
    basis=Basis(DRUG_REHABILITATION, "14, 37"),
    end_field="ends_on",
    start_field="reported_in_on",
    years=3,
)
# Whatever class somebody is in: after three years without relapse nobody follows them any more.
CLEAN = Term(basis=Basis(DRUG_REHABILITATION, "7"), start_field="clean_since_on", years=3)

POPULATION = Population(
    code="drug",
    label=_("Drug rehabilitation"),
    one=_("person in drug rehabilitation"),
    level_label=_("Risk level"),
    group=Group.JUSTICE,
    voluntary=False,
    fields=FIELDS,
    first_columns=first_columns(DUTY),
    last_columns=last_columns(DUTY),
    official_scale=Scale(
        label=_("Official risk class"),
        owner=_("Drug control authority"),
        source=Source.IMPORTED,
        fields=("risk_class",),
        levels={
            "risk_class": {
                "high": Level.RED,
                "middle": Level.YELLOW,
                "low": Level.GREEN,
                "lasting_low": Level.GREEN,
            },
        },
        # C2 are those who have stayed off drugs for three years.
        closings={"lasting_low": "three_clean_years"},
    ),
    team_roles={
        Level.RED: TEAM,
        Level.YELLOW: TEAM,
        Level.GREEN: (roles.SOCIAL_WORKER, roles.DRUG_WORKER),
    },
    duties={
        Level.RED: Duties(7, 15, 30, 90),
        Level.YELLOW: Duties(14, 30, 90, 180),
        Level.GREEN: Duties(30, 90, 180, 180),
    },
    term=TERM,
    closings=(
        Closing(
            "term_ended", _("The term has ended"), is_by_law=True, is_automatic=True, term=TERM
        ),
        Closing(
            "three_clean_years",
            _("Three years without relapse"),
            is_by_law=True,
            is_automatic=True,
            term=CLEAN,
        ),
        closings.CUSTODY,
        closings.MOVED,
        closings.DECEASED,
    ),
    retain_days=365,
    first_visit_days=7,
    checks=checks(
        ("health", _("Health and sleep")),
        ("home", _("Home and family life")),
        ("work", _("Work, school or training")),
        ("money", _("Enough to live on")),
        ("support", _("Has somebody to turn to")),
        ("treatment", _("Treatment and appointments")),
    ),
    basis=BASIS,
    seals_on_close=True,
    numbers=Numbers(
        event_visit_hours=24,
        report_in_days=15,
        absence_report_days=3,
        urine_due_days=(30, 60, 90),
        stores_urine_result=False,
    ),
)
