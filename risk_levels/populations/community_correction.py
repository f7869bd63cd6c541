"""People under community correction: supervision stays with the authority, this is support."""

from django.utils.translation import gettext_lazy as _

from risk_levels.levels import Level
from risk_levels.populations import closings, roles
from risk_levels.populations.grounds import Basis
from risk_levels.populations.identity import first_columns, last_columns
from risk_levels.populations.laws import CONSENT, CORRECTION, DUTY
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

BASIS = Basis(CORRECTION, "2, 11, 12")

FIELDS = (
    Field(
        code="correction_kind",
        label=_("Kind of correction"),
        hint=_("One of the four kinds in the law; the offence is not recorded here."),
        kind=CHOICE,
        headings=("矫正类别", "社区矫正类别"),
        choices=choices(
            ("public_surveillance", _("Public surveillance"), "管制"),
            ("probation", _("Probation"), "缓刑|宣告缓刑"),
            ("parole", _("Parole"), "假释|裁定假释"),
            ("outside_prison", _("Serving outside prison"), "暂予监外执行"),
        ),
        purpose=_("To know which support the law provides for"),
        basis=Basis(CORRECTION, "2, 24"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="starts_on",
        label=_("Correction starts"),
        kind=DATE,
        headings=("矫正开始日期", "矫正起始日期", "矫正开始时间"),
        purpose=_("To plan the support within its term"),
        basis=Basis(CORRECTION, "22"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="ends_on",
        label=_("Correction ends"),
        hint=_("On this day the file closes by itself."),
        kind=DATE,
        headings=("矫正结束日期", "矫正终止日期", "矫正期满日期"),
        purpose=_("To end the support record with the term"),
        basis=Basis(CORRECTION, "44"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="judicial_office",
        label=_("Judicial office in charge"),
        kind=TEXT,
        headings=("执行地司法所", "司法所", "负责司法所"),
        purpose=_("To know whom to talk to about the plan"),
        basis=Basis(CORRECTION, "9"),
        sensitivity=Sensitivity.SENSITIVE,
    ),
    Field(
        code="supervision_class",
        label=_("Supervision class"),
        hint=_("Set by the correction authority. It makes a proposal here, never a level."),
        kind=CHOICE,
        headings=("管理类别", "管理类别(严管/普管/宽管)", "矫正等级", "管理等级"),
        choices=choices(
            ("strict", _("Strict"), "严管|严格管理"),
            ("ordinary", _("Ordinary"), "普管|普通管理"),
            ("lenient", _("Lenient"), "宽管|宽松管理"),
        ),
        purpose=_("To propose a level from the authority's own assessment"),
        basis=Basis(CORRECTION, "24"),
        sensitivity=Sensitivity.SENSITIVE,
        retention=Retention.UNTIL_CLOSED,
    ),
    Field(
        code="group_members",
        label=_("Correction group"),
        kind=PEOPLE,
        headings=("矫正小组成员", "矫正小组"),
        purpose=_("To know who helps along; a woman belongs to the group where the person is one"),
        basis=Basis(CORRECTION, "25"),
    ),
    Field(
        code="support_needs",
        label=_("Support needed"),
        kind=TEXT,
        headings=("帮扶需求", "帮扶需要", "需求"),
        purpose=_("To help with work, schooling, housing and benefits"),
        basis=CONSENT,
    ),
)

TERM = Term(basis=Basis(CORRECTION, "44"), end_field="ends_on")
# Article 25; the law makes no difference between strict and ordinary supervision.
TEAM = (
    roles.SOCIAL_WORKER,
    roles.JUDICIAL_OFFICE,
    roles.VILLAGE,
    roles.FAMILY,
    roles.VOLUNTEER,
)

POPULATION = Population(
    code="community_correction",
    label=_("Community correction"),
    one=_("person under community correction"),
    level_label=_("Risk level"),
    group=Group.JUSTICE,
    voluntary=False,
    fields=FIELDS,
    first_columns=first_columns(DUTY),
    last_columns=last_columns(DUTY),
    official_scale=Scale(
        label=_("Supervision class"),
        owner=_("County community correction authority"),
        source=Source.IMPORTED,
        fields=("supervision_class",),
        levels={
            "supervision_class": {
                "strict": Level.RED,
                "ordinary": Level.YELLOW,
                "lenient": Level.GREEN,
            }
        },
    ),
    team_roles={
        Level.RED: TEAM,
        Level.YELLOW: TEAM,
        Level.GREEN: (roles.SOCIAL_WORKER, roles.JUDICIAL_OFFICE),
    },
    duties={
        Level.RED: Duties(7, 30, 30, 90),
        Level.YELLOW: Duties(14, 30, 90, 90),
        Level.GREEN: Duties(14, 90, 90, 180),
    },
    term=TERM,
    closings=(
        Closing(
            "term_ended", _("The term has ended"), is_by_law=True, is_automatic=True, term=TERM
        ),
        Closing("pardoned", _("Pardoned"), is_by_law=True),
        Closing("revoked", _("Revoked, back in prison"), is_by_law=True),
        closings.MOVED,
        closings.DECEASED,
    ),
    retain_days=365,
    first_visit_days=7,
    checks=checks(
        ("home", _("Home and family life")),
        ("work", _("Work, school or training")),
        ("money", _("Enough to live on")),
        ("health", _("Health and mood")),
        ("community", _("Standing among neighbours")),
        ("tasks", _("Agreed tasks and appointments")),
    ),
    basis=BASIS,
    needs_woman_in_team=True,
    # Article 52: somebody in the group understands minors; 54 and the Criminal Procedure Law,
    # article 286: what became known of a minor stays secret.
    roles_for_minors=(roles.JUVENILE_SPECIALIST,),
    seals_minors_on_close=True,
    numbers=Numbers(event_visit_hours=24),
)
