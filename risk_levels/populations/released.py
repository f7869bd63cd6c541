"""People released after serving a sentence: help that is offered, never imposed."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from risk_levels.levels import Level
from risk_levels.populations import closings, roles
from risk_levels.populations.grounds import Basis
from risk_levels.populations.identity import first_columns, last_columns
from risk_levels.populations.laws import CONSENT, PRISON, RELEASED_SUPPORT
from risk_levels.populations.numbers import Numbers
from risk_levels.populations.parts import (
    CHOICE,
    DATE,
    PEOPLE,
    TEXT,
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

BASIS = Basis(PRISON, "35, 37, 38")

FIELDS = (
    Field(
        code="released_on",
        label=_("Released on"),
        hint=_("The offence and the length of the sentence are not recorded here."),
        kind=DATE,
        headings=("释放日期", "刑满释放日期", "释放时间"),
        purpose=_("To offer the first visit in time and to end the support on time"),
        basis=Basis(PRISON, "35, 37"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="handed_over_on",
        label=_("Handed over on"),
        kind=DATE,
        headings=("衔接日期", "衔接时间"),
        purpose=_("To see that nobody came home to nothing"),
        basis=RELEASED_SUPPORT,
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="hand_over",
        label=_("Hand-over"),
        kind=CHOICE,
        headings=("衔接情况", "衔接方式"),
        choices=choices(
            ("handed_over", _("Handed over"), "已衔接|衔接|司法所接回"),
            ("by_family", _("Fetched by the family"), "家属接回"),
            ("alone", _("Came back alone"), "自行返回|自行返家"),
            ("not_yet", _("Not yet"), "未衔接"),
        ),
        purpose=_("To know whether the person arrived alone"),
        basis=RELEASED_SUPPORT,
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="support_class",
        label=_("Support class"),
        hint=_("Set by the judicial office. It makes a proposal here, never a level."),
        kind=CHOICE,
        headings=("帮教类别", "帮教类别(重点/一般)", "帮教级别"),
        choices=choices(
            ("priority", _("Priority support"), "重点|重点帮教|重点帮教对象"),
            ("general", _("General support"), "一般|一般帮教|一般帮教对象"),
        ),
        purpose=_("To propose a level from the judicial office's own assessment"),
        basis=RELEASED_SUPPORT,
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="settlement",
        label=_("Work and livelihood"),
        kind=CHOICE,
        headings=("安置情况", "安置方式"),
        choices=choices(
            ("employed", pgettext_lazy("settlement", "Employed"), "已就业|就业"),
            (
                "self_employed",
                pgettext_lazy("settlement", "Working for themselves"),
                "自谋职业|自主创业",
            ),
            ("land", _("Has land to farm"), "已落实责任田|落实责任田"),
            ("benefits", pgettext_lazy("settlement", "Receives benefits"), "低保|享受低保"),
            ("unsettled", _("Not settled yet"), "未安置"),
        ),
        purpose=_("To help with work, housing and benefits"),
        basis=Basis(PRISON, "37, 38"),
    ),
    Field(
        code="unsettled_reason",
        label=_("Why not settled"),
        kind=TEXT,
        headings=("未安置原因",),
        purpose=_("To find the help that fits"),
        basis=CONSENT,
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="support_ends_on",
        label=_("Support ends"),
        hint=_("Five years after release, by policy, where nothing else is set."),
        kind=DATE,
        headings=("帮教期满日期", "帮教期满", "帮教结束日期"),
        purpose=_("To end the support record with the period"),
        basis=RELEASED_SUPPORT,
    ),
    Field(
        code="group_members",
        label=_("Support group"),
        kind=PEOPLE,
        headings=("帮教小组成员", "帮教小组", "帮教人员"),
        purpose=_("To know who helps along"),
        basis=RELEASED_SUPPORT,
    ),
)

# No statute says five years: it is policy, and localities differ.
TERM = Term(basis=RELEASED_SUPPORT, end_field="support_ends_on", start_field="released_on", years=5)

POPULATION = Population(
    code="released",
    label=_("Released people"),
    one=_("person released after a sentence"),
    level_label=_("Risk level"),
    group=Group.JUSTICE,
    voluntary=True,
    fields=FIELDS,
    first_columns=first_columns(CONSENT),
    last_columns=last_columns(CONSENT),
    official_scale=Scale(
        label=_("Support class"),
        owner=_("Judicial office"),
        source=Source.HUMAN,
        fields=("support_class", "settlement"),
        levels={
            "support_class": {"priority": Level.RED, "general": Level.GREEN},
            # General support with a need that is open.
            "settlement": {"unsettled": Level.YELLOW},
        },
    ),
    team_roles={
        Level.RED: (roles.SOCIAL_WORKER, roles.JUDICIAL_OFFICE, roles.VILLAGE, roles.FAMILY),
        Level.YELLOW: (roles.SOCIAL_WORKER, roles.VILLAGE),
        Level.GREEN: (roles.SOCIAL_WORKER,),
    },
    duties={
        Level.RED: Duties(15, 30, 90, 90),
        Level.YELLOW: Duties(30, 90, 180, 180),
        Level.GREEN: Duties(90, 180, 180, 365),
    },
    term=TERM,
    closings=(
        Closing("period_ended", _("The support period has ended"), is_automatic=True, term=TERM),
        closings.CUSTODY,
        closings.MOVED,
        closings.DECLINED,
        closings.DECEASED,
    ),
    retain_days=365,
    first_visit_days=7,
    checks=checks(
        ("home", _("A place to stay")),
        ("work", _("Work or training")),
        ("money", _("Enough to live on, benefits applied for")),
        ("papers", _("Identity papers and registration")),
        ("health", _("Health and mood")),
        ("family", _("Family ties")),
    ),
    basis=BASIS,
    numbers=Numbers(event_visit_hours=24, term_years_after_correction=3),
)
