"""The summary of one file on paper: internal, watermarked, and in the log before it leaves."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, gettext

from audit import log
from audit.events import Event, Purpose
from casework import rules
from casework.dashboards import files, incidents, levels, needs, plans, red_files
from casework.dashboards.files import DueRow, Fact
from casework.dashboards.needs import Needs
from casework.dashboards.pictures import Picture, picture_of
from casework.dashboards.red_files import MissingRow
from casework.dashboards.timelines import Entry
from casework.models import CaseFile, Incident, TeamMember, Visit
from casework.models.people import Sex
from casework.models.plans import State
from kpm import pdf
from kpm.accounts.models import User
from kpm.ages import age_on
from kpm.errors import Refused
from kpm.pdf import PdfFailed
from kpm.vault.opening import Reading, open_groups
from risk_levels.populations import POPULATIONS

# What a paper can hold and somebody can read: earlier visits are in the file.
MOST_VISITS = 20
# The name stands above in any case.
REVEALED = tuple(code for code in rules.REVEALED_OF_PERSON if code != "name")
TEMPLATE = "casework/reports/case_summary.html"


@dataclass(frozen=True)
class Summary:
    """Everything that the paper says, in words."""

    name: str
    sex: Any
    birth_on: date | None
    age: int | None
    identity: list[Fact]
    details: list[Fact]
    missing: MissingRow | None
    due: list[DueRow]
    team: list[Any]
    others: list[tuple[Any, TeamMember]]
    needs: Needs
    incidents: list[Incident]
    # The plan that holds, else the draft that waits for a yes.
    version: plans.Version | None
    visits: list[Visit]
    timeline: list[Entry]
    picture: Picture | None


def print_summary(
    *,
    case_file: CaseFile,
    reason: str,
    in_full: bool,
    by: User,
    purpose: Purpose | None,
    now: datetime,
) -> bytes:
    """The paper as PDF. Who asked for it and why is in the log for good before it is handed out.

    Numbers, phones and the address are masked unless they are asked for in full.
    """
    rules.check_can_print_summary(by, case_file)
    with log.reading(
        by,
        event=Event.CASE_FILE_READ,
        purpose=purpose,
        about=[case_file],
        rule=rules.why_readable(by, case_file),
    ) as reading:
        summary = summary_of(case_file, reading, in_full=in_full, now=now)
    html = render_to_string(
        TEMPLATE,
        {
            "case_file": case_file,
            "summary": summary,
            "reader": by,
            "printed_at": now,
            "in_full": in_full,
            "language": get_language() or "zh-hans",
        },
    )
    moment = timezone.localtime(now).strftime("%Y-%m-%d %H:%M")
    try:
        document = pdf.render(html, watermark=f"{by.name} {moment}")
    except PdfFailed as failure:
        raise Refused(failure.words) from None
    with transaction.atomic():
        log.record(
            Event.CASE_FILE_PRINTED,
            by=by,
            target=case_file,
            groups=sorted(reading.groups | shown_of(case_file, in_full=in_full)),
            purpose=purpose,
            detail={"reason": reason},
        )
    return document


def shown_of(case_file: CaseFile, *, in_full: bool) -> set[str]:
    """What stands on the paper unmasked though it opens one by one elsewhere, for the log."""
    if not in_full:
        return set()
    person, declared = case_file.person, POPULATIONS[case_file.population].fields
    shown = {f"person.{code}" for code in REVEALED if getattr(person, code)}
    return shown | {
        f"case_file.{each.code}"
        for each in declared
        if rules.is_revealed(each) and case_file.details.get(each.code)
    }


def summary_of(case_file: CaseFile, reading: Reading, *, in_full: bool, now: datetime) -> Summary:
    """Open what the paper shows, and put it into words."""
    today = timezone.localdate(now)
    person = case_file.person
    versions, _earlier = plans.live(case_file, reading, today)
    versions.sort(key=lambda each: each.plan.state != State.APPROVED)
    visits = list(case_file.visits.select_related("worker")[:MOST_VISITS])
    others = list(case_file.team_members.active().filter(is_nobody=False))
    open_groups([person], "head", "body", reading=reading)
    open_groups([case_file, *visits], "body", reading=reading)
    open_groups(others, "head", reading=reading)
    return Summary(
        name=person.name,
        sex=Sex(person.sex).label,
        birth_on=person.birth_on,
        age=age_on(person.birth_on, today) if person.birth_on else None,
        identity=identity_facts(case_file, in_full=in_full),
        details=detail_facts(case_file, in_full=in_full),
        missing=red_files.missing_row(case_file, today),
        due=files.due_rows(case_file, now),
        team=files.team_rows(case_file),
        others=[(red_files.place_label(each), each) for each in others],
        needs=needs.of_file(case_file, reading, only_open=True),
        incidents=incidents.latest_of(case_file, reading),
        version=next(iter(versions), None),
        visits=visits,
        timeline=levels.timeline_of(case_file.risk_level, reading),
        picture=picture_of(levels.decisions_of(case_file.risk_level), now),
    )


def identity_facts(case_file: CaseFile, *, in_full: bool) -> list[Fact]:
    """Who it is and how they are reached; the name stands above."""
    person = case_file.person
    if not in_full:
        return files.identity_facts(case_file, is_team=True)
    facts = [
        Fact(code, files.person_label(code), str(getattr(person, code)))
        for code in ("id_number", "phone", "address")
    ]
    contact = (person.emergency_name, person.emergency_relation, person.emergency_phone)
    shown = " · ".join(part for part in contact if part)
    return [*facts, Fact("emergency_name", files.person_label("emergency_name"), shown)]


def detail_facts(case_file: CaseFile, *, in_full: bool) -> list[Fact]:
    """What the population records; what opens one by one on pages is masked here as well."""
    if not in_full:
        return files.detail_facts(case_file, is_team=True)
    facts = [
        Fact(each.code, each.label, str(each.label_of(case_file.details.get(each.code))))
        for each in POPULATIONS[case_file.population].fields
    ]
    facts.append(Fact("remark", gettext("Remark"), case_file.remark))
    return [fact for fact in facts if fact.shown]
