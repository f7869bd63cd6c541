"""Columns that every ledger has: who somebody is, where they live, who helps them."""

from django.utils.translation import gettext_lazy as _

from risk_levels.populations.grounds import Basis
from risk_levels.populations.laws import EMERGENCY
from risk_levels.populations.parts import (
    CHOICE,
    DATE,
    INTEGER,
    NAME,
    PHONE,
    TEXT,
    Field,
    Retention,
    Sensitivity,
    choices,
)

KNOW_WHO = _("To know whose file this is and to open only one")
REACH = _("To reach the person and to agree on a visit")
ALERT = _("To reach somebody close in an emergency")
ORGANISE = _("To organise the support")
# What a ledger says of these is no news here: people and levels are decided in the system.
NO_SOURCE = _("Not taken over: levels and visits follow from decisions here")


def first_columns(basis: Basis) -> tuple[Field, ...]:
    """The columns before those of the population; on consent where the service may be declined."""
    return (
        Field(
            code="serial",
            label=_("Number in the ledger"),
            kind=INTEGER,
            headings=("序号", "编号", "No", "No."),
            purpose=_("To name a row of the ledger in the answer"),
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="name",
            label=_("Name"),
            kind=NAME,
            headings=("姓名", "服务对象姓名", "儿童姓名", "老人姓名", "患者姓名"),
            purpose=KNOW_WHO,
            basis=basis,
            is_required=True,
        ),
        Field(
            code="sex",
            label=_("Sex"),
            kind=CHOICE,
            headings=("性别",),
            choices=choices(
                ("0", _("Not known"), "未知|0"),
                ("1", _("Male"), "男|男性|1"),
                ("2", _("Female"), "女|女性|2"),
                ("9", _("Not stated"), "未说明|9"),
            ),
            purpose=_("To put a woman on the team where the law or the person asks for it"),
            basis=basis,
        ),
        Field(
            code="id_number",
            label=_("ID number"),
            kind=TEXT,
            headings=(
                "身份证号码",
                "身份证号",
                "公民身份号码",
                "公民身份证号码",
                "证件号码",
                "身份证",
            ),
            purpose=KNOW_WHO,
            basis=basis,
            sensitivity=Sensitivity.RESTRICTED,
        ),
        Field(
            code="birth_on",
            label=_("Date of birth"),
            kind=DATE,
            headings=("出生日期", "出生年月日", "出生年月"),
            purpose=_("To know which rules of age hold"),
            basis=basis,
        ),
        Field(
            code="age",
            label=_("Age"),
            kind=INTEGER,
            headings=("年龄", "周岁"),
            purpose=_("Checked against the date of birth"),
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="phone",
            label=_("Phone"),
            kind=PHONE,
            headings=("联系电话", "本人电话", "电话", "手机号码", "手机", "联系方式"),
            purpose=REACH,
            basis=basis,
            sensitivity=Sensitivity.RESTRICTED,
        ),
        Field(
            code="residence",
            label=_("Village or community of residence"),
            kind=TEXT,
            headings=("现居住地", "现居住地(乡镇/村居)", "乡镇/村居", "村居", "所属村居", "居住地"),
            purpose=_("To know which unit supports the person"),
            basis=basis,
            is_required=True,
        ),
        Field(
            code="address",
            label=_("Address"),
            kind=TEXT,
            headings=("详细地址", "家庭住址", "住址", "地址", "现住址"),
            purpose=REACH,
            basis=basis,
            sensitivity=Sensitivity.RESTRICTED,
        ),
        Field(
            code="emergency_name",
            label=_("Emergency contact"),
            kind=NAME,
            headings=("紧急联系人", "紧急联系人姓名"),
            purpose=ALERT,
            basis=EMERGENCY,
        ),
        Field(
            code="emergency_relation",
            label=_("Relation to the person"),
            kind=TEXT,
            headings=("与本人关系", "与紧急联系人关系", "关系"),
            purpose=ALERT,
            basis=EMERGENCY,
        ),
        Field(
            code="emergency_phone",
            label=_("Phone of the emergency contact"),
            kind=PHONE,
            headings=("紧急联系电话", "紧急联系人电话"),
            purpose=ALERT,
            basis=EMERGENCY,
            sensitivity=Sensitivity.RESTRICTED,
        ),
    )


def last_columns(basis: Basis) -> tuple[Field, ...]:
    """The columns after those of the population."""
    return (
        Field(
            code="lead_worker",
            label=_("Lead worker"),
            kind=NAME,
            headings=("帮扶责任人", "责任人", "帮扶人"),
            purpose=_("Not taken over: a supervisor gives every file its lead worker"),
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="level",
            label=_("Level"),
            kind=TEXT,
            headings=("等级", "关爱等级", "分级"),
            purpose=NO_SOURCE,
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="level_on",
            label=_("Level since"),
            kind=DATE,
            headings=("定级日期", "定级时间"),
            purpose=NO_SOURCE,
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="next_visit_on",
            label=_("Next visit"),
            kind=DATE,
            headings=("下次走访日期", "下次走访时间"),
            purpose=NO_SOURCE,
            basis=basis,
            retention=Retention.NOT_KEPT,
        ),
        Field(
            code="remark",
            label=_("Remark"),
            kind=TEXT,
            headings=("备注", "说明"),
            purpose=ORGANISE,
            basis=basis,
        ),
    )
