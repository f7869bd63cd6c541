"""Mandatory reports: opened at once, told, confirmed; each entry is written once."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.events import Event, Purpose
from casework import harm_rules
from casework.actions.assignments import locked
from casework.models import CaseFile, HarmReport, HarmStep
from casework.models.harm import HarmState, Situation, StepKind
from kpm.accounts.models import User
from kpm.vault.opening import open_groups


@transaction.atomic
def open_report(
    *, case_file: CaseFile, situation: str, words: str, by: User, now: datetime
) -> HarmReport:
    """Open a report: the clock runs from here."""
    case_file = locked(case_file)
    harm_rules.check_can_report_harm(by, case_file)
    harm_rules.check_harm_is_said(situation, words)
    return _open(case_file, situation, words, by=by, now=now)


def open_from_visit(case_file: CaseFile, words: str, *, by: User, now: datetime) -> HarmReport:
    """The same out of the record of a visit; give the file locked."""
    return _open(case_file, Situation.OTHER, words, by=by, now=now)


def _open(
    case_file: CaseFile, situation: str, words: str, *, by: User, now: datetime
) -> HarmReport:
    report = HarmReport(case_file=case_file, district=case_file.district, opened_at=now)
    report.save_as(by=by)
    _write(report, StepKind.SEEN, by=by, now=now, code=situation, words=words)
    log.record(Event.HARM_REPORT_OPENED, by=by, target=case_file)
    return report


@transaction.atomic
def tell(*, report: HarmReport, authority: str, words: str, by: User, now: datetime) -> HarmReport:
    """Write down that an authority has been told: which, when and how."""
    report = _locked(report)
    harm_rules.check_can_follow_report(by, report.case_file)
    harm_rules.check_is_in(report, HarmState.OPENED)
    harm_rules.check_report_was_made(authority, words)
    report.tell(at=now)
    report.save_as(by=by)
    _write(report, StepKind.TOLD, by=by, now=now, code=authority, words=words)
    log.record(Event.HARM_REPORT_TOLD, by=by, target=report.case_file)
    return report


@transaction.atomic
def confirm(*, report: HarmReport, number: str, words: str, by: User, now: datetime) -> HarmReport:
    """Enter the receipt: from here on the file is a file like any other."""
    report = _locked(report)
    harm_rules.check_can_follow_report(by, report.case_file)
    harm_rules.check_is_in(report, HarmState.TOLD)
    harm_rules.check_receipt_is_said(number)
    report.confirm(at=now)
    report.save_as(by=by)
    _write(report, StepKind.RECEIPT, by=by, now=now, place=number, words=words)
    log.record(Event.HARM_REPORT_CONFIRMED, by=by, target=report.case_file)
    return report


@transaction.atomic
def find_not_due(*, report: HarmReport, words: str, by: User, now: datetime) -> HarmReport:
    """A second person signs that nothing is to be reported, and why."""
    report = _locked(report)
    harm_rules.check_can_follow_report(by, report.case_file)
    first = report.steps.order_by("written_at", "id")[0]
    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.SUPERVISION, about=[report.case_file]
    ) as reading:
        open_groups([first], "writer", reading=reading)
        open_groups([report.case_file.person], "head", reading=reading)
        opened_by, birth_on = first.written_by, report.case_file.person.birth_on
    found_on = timezone.localdate(report.opened_at)
    harm_rules.check_may_find_not_due(
        by, report, opened_by=opened_by, birth_on=birth_on, on=found_on, words=words
    )
    report.find_not_due(at=now)
    report.save_as(by=by)
    _write(report, StepKind.NOT_DUE, by=by, now=now, words=words)
    log.record(Event.HARM_REPORT_NOT_DUE, by=by, target=report.case_file)
    return report


def _locked(report: HarmReport) -> HarmReport:
    case_file = locked(report.case_file)
    report = HarmReport.objects.select_for_update(of=("self",)).get(pk=report.pk)
    report.case_file = case_file
    return report


def _write(
    report: HarmReport,
    kind: str,
    *,
    by: User,
    now: datetime,
    code: str = "",
    place: str = "",
    words: str = "",
) -> None:
    HarmStep(
        key_owner=report.case_file_id,
        report=report,
        district=report.district,
        kind=kind,
        written_at=now,
        code=code,
        place=place.strip(),
        words=words.strip(),
        written_by=by.log_reference,
    ).save_as(by=by)
