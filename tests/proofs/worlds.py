"""A small demo county in databases of its own, with one file whose every word is a canary."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final
from unittest import mock
from uuid import UUID

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.db.models import Count
from django.utils import timezone
from openpyxl import Workbook

from audit import alerts, findings, log
from audit.bodies import parse
from audit.events import Event, Purpose
from audit.models import LoggedEvent, Sample
from audit.samples import Drawn
from audit.unusual import Found, Rule
from casework.actions import (
    assignments,
    attachments,
    calendar_feeds,
    case_files,
    consents,
    hand_overs,
    harm,
    incidents,
    ledgers,
    needs,
    people,
    plan_entries,
    plans,
    referrals,
    review_tasks,
    stipulations,
    team_members,
    transfers,
    unsent_forms,
    visits,
    workers,
)
from casework.actions.unsent_forms import Draft
from casework.dashboards.teams import candidates
from casework.models import CalendarFeed, CaseFile, HarmReport, Ledger, Plan, Referral, Transfer
from casework.models.ledgers import LedgerState
from casework.models.unsent_forms import FormKind
from casework.notices import CURRENT
from casework.red_rules import places_of
from casework.warnings import WARNINGS
from kpm.accounts.actions import system_account
from kpm.accounts.models import Unit, User
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.management.demo.world import World
from kpm.permissions import Role
from kpm.vault.fields import SealedModel
from kpm.vault.groups import layout_of
from kpm.vault.opening import open_groups
from risk_levels import actions as levels
from risk_levels.models import Proposal
from risk_levels.populations import POPULATIONS
from tests import databases
from tests.settings import IS_POSTGRESQL

SEED: Final = 7
FILES: Final = 60
# Characters that no name, word or label of the site or its demo has: whatever shows one of them,
# masked or not, shows something of the canary file.
STRANGE: Final = (
    "㐀㐁㐂㐃㐅㐆㐇㐈㐉㐊㐋㐌㐍㐎㐏㐐㐑㐒㐓㐔㐕㐗㐘㐙㐚㐛㐝"
    "㐞㐠㐡㐢㐣㐤㐥㐦㐧㐨㐩㐪㐫㐬㐭㐮㐯㐰㐱㐲㐳㐴㐵"
)
# A sign-in of which the log knows something.
SESSION: Final = "walkWalkWalkWalk"
# The address of the one calendar feed.
FEED_TOKEN: Final = "a-program-of-a-worker-knows-this"
CANARY_NAME: Final = "㐀㐁㐂"
CANARY_SHORT_NAME: Final = "㐃㐅"
CANARY_ID_NUMBERS: Final = ("100199195512310271", "100199195607230226")
CANARY_PHONE: Final = "19777312988"
CANARY_OTHER_PHONE: Final = "19666423877"
POPULATION: Final = "empty_nest_elder"
LEDGERS: Final = Path(__file__).parents[1] / "casework" / "ledgers" / "data"


class Everything:
    """A reading that lets everything open and keeps what was opened."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, UUID]] = []

    def note(self, *, group: str, owner: UUID) -> None:
        self.opened.append((group, owner))


@contextmanager
def built(templates: dict[str, str]) -> Iterator[dict[str, str]]:
    """Databases with the demo county in them, to be copied."""
    with databases.copied(templates) as names:
        World(seed=SEED, files=FILES, now=timezone.now()).build(lambda _words: None)
        add_canaries()
        connections.close_all()
        worlds = {alias: _named(name) for alias, name in names.items()}
        for alias, name in worlds.items():
            databases.create(name, template=names[alias])
    try:
        yield worlds
    finally:
        for name in worlds.values():
            databases.drop(name)


def _named(name: str) -> str:
    return f"{name}_world" if IS_POSTGRESQL else name.replace(".sqlite3", "-world.sqlite3")


def add_canaries(id_numbers: tuple[str, str] = CANARY_ID_NUMBERS) -> None:
    """Two files made by the actions, with strange characters in everything that can be said.

    One has all that there is, and a proposal that waits; the other is red and lacks a deputy.
    """
    worker, supervisor = somebody(Role.SOCIAL_WORKER), somebody(Role.SUPERVISOR)
    red = _admit(CANARY_SHORT_NAME, id_numbers[1], worker=worker, supervisor=supervisor)
    for _term in range(2):
        _grade(red, "red", worker=worker, supervisor=supervisor)
    _go_on(red, worker=worker, supervisor=supervisor)
    case_file = _admit(CANARY_NAME, id_numbers[0], worker=worker, supervisor=supervisor)
    _visit(case_file, worker=worker)
    _grade(case_file, "yellow", worker=worker, supervisor=supervisor)
    case_file.risk_level.refresh_from_db()
    propose(case_file, "red", worker=worker)
    review_tasks._open(WARNINGS["assessment_provisional"], [case_file.pk], timezone.now())
    _object(case_file, worker=worker, supervisor=supervisor)
    _choose(case_file, worker=worker, supervisor=supervisor)
    _subscribe(worker)
    for file in (red, case_file):
        _need(file, worker=worker)
        _consent(file, worker=worker)
        _refer(file, worker=worker)
        _happen(file, worker=worker)
        report = _report(file, worker=worker, supervisor=supervisor)
        transfer = _ask(file, supervisor=supervisor)
        if file == red:
            _answer(report, transfer, by=supervisor)
        _begin(file, worker=worker)
        _offer(file, worker=worker)
    _name_others(case_file, by=supervisor)
    attach(case_file, by=worker)
    for ending in ("㐀㐅", "㐁㐆"):
        workbook = workbook_of([["㐋㐎㐑", id_numbers[0]], ["㐌㐏㐒", ""]])
        upload(workbook, f"{ending}.xlsx", by=supervisor)
    work_off()
    with log.entered(log.Context(channel="cli")):
        case_files.reveal(
            case_file=case_file,
            field="id_number",
            reason="㐞㐱㐲㐳",
            by=worker,
            purpose=Purpose.SERVICE,
        )
    with log.entered(log.Context(channel="web", session=SESSION)):
        _doubt(case_file, worker=worker)


def _choose(case_file: CaseFile, *, worker: User, supervisor: User) -> None:
    """What is heeded in choosing somebody, and what they can carry."""
    today = timezone.localdate()
    stipulations.record(
        case_file=case_file, kind="wanted", worker=worker, by=supervisor, today=today
    )
    workers.describe(
        worker=worker, percent=80, sex="woman", trained=["drug"], languages=["wu"], by=supervisor
    )
    workers.record_absence(
        worker=worker,
        kind="leave",
        start_on=today,
        until_on=today + timedelta(days=5),
        by=supervisor,
        today=today,
    )


def _subscribe(worker: User) -> None:
    """A program that knows where the calendar of the worker is."""
    if CalendarFeed.objects.exists():
        # Once in a world: no two feeds have one address.
        return
    with mock.patch.object(secrets, "token_urlsafe", return_value=FEED_TOKEN):
        calendar_feeds.make(by=worker, now=timezone.now())


def _doubt(case_file: CaseFile, *, worker: User) -> None:
    """What the auditor has to do with it: an alert, a drawn reason, a question in strange words."""
    today = timezone.localdate()
    shown = LoggedEvent.objects.filter(event=Event.CASE_FILE_REVEALED).latest("id")
    alerts._raise(Found(Rule.OFF_HOURS, worker.log_reference, today, 6, 0.2))
    with transaction.atomic():
        Sample(place=shown.id, week_on=today).save(force_insert=True)
        drawn = Drawn(parse(shown.body)["ev"])
        log.record(Event.SAMPLE_DRAWN, by=somebody(Role.AUDITOR), targets=[drawn], count=1)
    findings.ask(
        kind="case_file",
        about=case_file.number,
        person=worker.username,
        question="㐤㐨㐭㐯",
        by=somebody(Role.AUDITOR),
        now=timezone.now(),
    )


def _admit(name: str, id_number: str, *, worker: User, supervisor: User) -> CaseFile:
    """Somebody who has a lead worker since today, and a file since before."""
    today = timezone.localdate()
    assert worker.unit is not None
    case_file = people.admit(
        population=POPULATION,
        by=system_account("demo"),
        today=today - timedelta(days=40),
        unit=worker.unit.children.order_by("code").first(),
        name=name,
        sex=2,
        birth_on=today - timedelta(days=27_000),
        id_number=id_number,
        phone=CANARY_PHONE,
        address="㐆㐇村㐈组",
        emergency_name=CANARY_SHORT_NAME,
        emergency_relation="㐉㐊",
        emergency_phone=CANARY_OTHER_PHONE,
        details={field.code: "㐋㐌㐎" for field in POPULATIONS[POPULATION].fields},
        remark="㐏㐐㐑",
    )
    assignments.assign(case_file=case_file, worker=worker, role="lead", by=supervisor, today=today)
    return case_file


def _visit(case_file: CaseFile, *, worker: User) -> None:
    """Two visits that were, one to come, and three that met nobody."""
    now = timezone.now()
    tries = [(days, "not_met") for days in (2, 1.5, 1)]
    for days, outcome in ((9, "done"), (3, "done"), (-1, "planned"), *tries):
        visits.record(
            case_file=case_file,
            way="visit",
            outcome=outcome,
            happened_at=now - timedelta(days=days),
            needs="㐒㐓㐔",
            strengths="㐕㐗㐘",
            notes="㐙㐚㐛",
            checklist={"㐝㐞": "㐠㐡㐢"},
            by=worker,
            now=now,
        )


def _report(case_file: CaseFile, *, worker: User, supervisor: User) -> HarmReport:
    """Signs of harm, and who has been told."""
    now = timezone.localtime()
    report = harm.open_report(
        case_file=case_file, situation="injuries", words="㐇㐈㐉" * 4, by=worker, now=now
    )
    return harm.tell(report=report, authority="police", words="㐉㐇㐈㐇", by=supervisor, now=now)


def _ask(case_file: CaseFile, *, supervisor: User) -> Transfer:
    """Another unit is asked to take the file."""
    unit = Unit.objects.filter(district=case_file.district).exclude(pk=case_file.unit_id)
    return transfers.ask(
        case_file=case_file,
        to_unit=unit.order_by("code")[0],
        note="㐑㐏㐐" * 4,
        by=supervisor,
        now=timezone.now(),
    )


def _answer(report: HarmReport, transfer: Transfer, *, by: User) -> None:
    """The receipt is here, and the other unit said no."""
    now = timezone.localtime()
    harm.confirm(report=report, number="㐈㐉㐋", words="㐋㐉㐈", by=by, now=now)
    transfers.refuse(transfer=transfer, reply="㐏㐑㐐" * 4, by=by, now=now)


def _consent(case_file: CaseFile, *, worker: User) -> None:
    """A yes that was taken back."""
    now = timezone.now()
    with log.reading(
        worker, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[case_file]
    ) as reading:
        open_groups([case_file.person], "head", reading=reading)
    consent = consents.record(
        case_file=case_file,
        purpose="service",
        giver="guardian",
        guardian="㐂㐋㐂",
        manner="signed",
        words="㐂㐋㐁㐋",
        notice=CURRENT.version,
        given_on=timezone.localdate(now),
        by=worker,
        now=now,
    )
    consents.withdraw(consent=consent, by=worker, now=now)


def _refer(case_file: CaseFile, *, worker: User) -> None:
    """Twice in an emergency: to a service that has not answered, and to one that has ended it."""
    _send(case_file, worker=worker)
    referral = _send(case_file, worker=worker)
    about = {"referral": referral, "by": worker, "now": timezone.now()}
    referrals.answer(outcome="accepted", reply="㐂㐍㐃㐍", **about)
    referrals.answer(outcome="ended", reply="㐍㐃㐂㐍", **about)


def _send(case_file: CaseFile, *, worker: User) -> Referral:
    """One referral with two facts."""
    return referrals.send(
        case_file=case_file,
        kind="health",
        receiver="㐂㐍㐂㐃",
        contact="㐍㐂㐃㐂",
        facts=["name", "phone"],
        basis="emergency",
        article="㐃㐂㐍㐃",
        asked="㐂㐃㐍㐂㐍",
        is_agreed=False,
        by=worker,
        now=timezone.now(),
    )


def _need(case_file: CaseFile, *, worker: User) -> None:
    """A strength that holds, and a need that was given up."""
    today = timezone.localdate()
    for kind, words in (("strength", "㐁㐂㐃㐫"), ("need", "㐃㐂㐁㐫")):
        need = needs.note(
            case_file=case_file, kind=kind, area="home", words=words, by=worker, today=today
        )
    needs.end(need=need, outcome="given_up", reply="㐫㐁㐂㐃", by=worker, today=today)


def _happen(case_file: CaseFile, *, worker: User) -> None:
    """Something happened, and was not quite like that."""
    now = timezone.now()
    about = {"by": worker, "now": now, "happened_at": now}
    noted = incidents.note(case_file=case_file, kind="bereavement", words="㐂㐫㐁㐃", **about)
    incidents.correct(incident=noted, kind="family", words="㐃㐫㐂㐁", **about)


def _grade(case_file: CaseFile, level: str, *, worker: User, supervisor: User) -> None:
    """Assessed, proposed with a plan, approved some days ago."""
    now = timezone.now() - timedelta(days=3)
    today = timezone.localdate(now)
    case_file.risk_level.refresh_from_db()
    proposal = propose(case_file, level, worker=worker, now=now)
    plan = plans.draft(
        case_file=case_file,
        goal="㐀㐃㐆",
        steps=[{"what": "㐉㐌㐐", "resource": "care", "who": "㐓㐗㐚", "by_on": ""}],
        by=worker,
        today=today,
        proposal=proposal,
    )
    plans.approve(plan=plan, by=supervisor, today=today)
    _live_with(plan, worker=worker)
    levels.approve(proposal=proposal, by=supervisor, reason="㐞㐢㐥" * 8, now=now)


def _live_with(plan: Plan, *, worker: User) -> None:
    """The person does not want all of it, one step is given up, and the rest stays."""
    now, today = timezone.now(), timezone.localdate()
    about = {"plan": plan, "on": today, "by": worker, "now": now}
    plan_entries.hear(answer="partly", speaker="both", words="㐁㐪㐫㐃", **about)
    with log.reading(
        worker, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[plan.case_file]
    ) as reading:
        open_groups([plan], "body", reading=reading)
    step = plan.listed_steps[0]["id"]
    plan_entries.mark_step(step=step, outcome="given_up", words="㐫㐃㐁㐪", **about)
    plan_entries.review(words="㐪㐁㐫㐃", **about)


def propose(
    case_file: CaseFile, level: str, *, worker: User, now: datetime | None = None
) -> Proposal:
    """An assessment and what is proposed from it."""
    now = now or timezone.now() - timedelta(hours=2)
    assessment = levels.record_assessment(
        risk_level=case_file.risk_level,
        answers={"income": "none"},
        by=worker,
        now=now,
        voice="㐣㐤㐥",
        notes="㐦㐧㐩",
    )
    proposal = levels.propose(
        risk_level=case_file.risk_level,
        to_level=level,
        reason_codes=["unmet_needs"],
        reason="㐪㐫㐬" * 8,
        evidence=[{"on": timezone.localdate(now).isoformat(), "what": "㐭㐮㐯"}],
        tried="㐰㐱㐲" * 8,
        assessment=assessment,
        by=worker,
        now=now,
    )
    return levels.submit(proposal=proposal, by=worker, now=now)


def attach(case_file: CaseFile, *, by: User) -> None:
    """A document of strange words, called by strange words."""
    attachments.add(
        case_file=case_file,
        file=SimpleUploadedFile("㐣㐦㐪.pdf", b"%PDF-1.7\n" + "㐥㐩㐬㐰㐲㐵".encode() * 50),
        note="㐧㐫㐮",
        by=by,
        now=timezone.now(),
    )


def _go_on(case_file: CaseFile, *, worker: User, supervisor: User) -> None:
    """A third term of red in a row: a conference, and two supervisors."""
    now = timezone.now() - timedelta(days=1)
    case_file.risk_level.refresh_from_db()
    proposal = propose(case_file, "red", worker=worker, now=now)
    levels.approve_first(
        proposal=proposal, by=supervisor, reason="㐛㐝㐟" * 8, note="㐡㐢㐤" * 8, now=now
    )
    supervisors = User.objects.filter(grants__role=Role.SUPERVISOR).exclude(pk=supervisor.pk)
    second = supervisors.order_by("id").first()
    assert second is not None
    levels.approve(proposal=proposal, by=second, reason="㐞㐢㐥" * 8, now=now)


def _offer(case_file: CaseFile, *, worker: User) -> None:
    """Somebody else was asked and said no; then asked again."""
    colleague = candidates(case_file, timezone.localdate()).exclude(pk=worker.pk)[0]
    for reply in ("㐎㐒㐕", ""):
        offer = hand_overs.offer(
            case_file=case_file,
            worker=colleague,
            note="㐑㐔㐘㐛㐞㐢㐥㐨㐫㐮",
            by=worker,
            now=timezone.now(),
        )
        if reply:
            hand_overs.decline(hand_over=offer, reply=reply, by=colleague, now=timezone.now())


def _begin(case_file: CaseFile, *, worker: User) -> None:
    """What was typed and not sent: a note, signs of harm, what happened, a yes, a referral."""
    for kind, field, words in (
        ("visit", "notes", "㐚㐝㐟㐣"),
        ("report", "words", "㐣㐝㐚㐟"),
        ("incident", "words", "㐝㐣㐟㐚"),
        ("consent", "guardian", "㐟㐚㐣㐝"),
        ("referral", "receiver", "㐚㐟㐝㐣"),
    ):
        unsent_forms.keep(
            draft=Draft(case_file, FormKind(kind)),
            values={field: [words], "about": ["health"]},
            by=worker,
            now=timezone.now(),
        )


def _object(case_file: CaseFile, *, worker: User, supervisor: User) -> None:
    """The person says something against it, and is told that it is here."""
    now = timezone.now()
    objection = levels.receive_objection(
        risk_level=case_file.risk_level,
        by_whom="person",
        way="spoken",
        words="㐳㐴㐵" * 8,
        wish="㐩㐪㐮",
        by=worker,
        now=now,
    )
    levels.acknowledge_objection(objection=objection, by=supervisor, now=now)


def _name_others(case_file: CaseFile, *, by: User) -> None:
    """Three people of other organs, who have no accounts."""
    other = CaseFile.objects.exclude(pk=case_file.pk).order_by("-id")[0]
    for file, name in ((case_file, "㐨㐴㐵"), (case_file, "㐵㐴㐨"), (other, "㐴㐨㐵")):
        team_members.name_member(
            case_file=file,
            place=next(iter(places_of(file.population))),
            name=name,
            role="㐩㐬㐯",
            told="㐬㐩㐯",
            by=by,
            today=timezone.localdate(),
        )


def workbook_of(people: list[list[str]]) -> bytes:
    """A ledger with a name and an ID number in each row, and a village that there is."""
    headings = {each.code: each.headings[0] for each in POPULATIONS[POPULATION].columns}
    codes = ["name", "id_number", *(headings.keys() - {"name", "id_number"})]
    book = Workbook()
    sheet = book.active
    sheet.append([headings[code] for code in codes] + ["㐇㐊㐍"])
    for values in people:
        sheet.append([*values, *["㐡㐤㐧"] * (len(codes) - 2), "㐪㐭㐰"])
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def upload(workbook: bytes, name: str, *, by: User, population: str = POPULATION) -> Ledger:
    """Hand a ledger in, as the page does."""
    return ledgers.upload(
        population=population,
        workbook=ledgers.read(SimpleUploadedFile(name, workbook), population),
        by=by,
        now=timezone.now(),
    )


def take_in(population: str) -> Ledger:
    """A sample ledger, uploaded, checked, confirmed and taken in by somebody of the county."""
    by = somebody(Role.SUPERVISOR)
    path = LEDGERS / f"ledger_{population}.xlsx"
    ledger = upload(path.read_bytes(), path.name, by=by, population=population)
    work_off()
    ledgers.confirm(ledger=ledger, by=by, now=timezone.now())
    work_off()
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.APPLIED
    return ledger


def correct(case_file: CaseFile, *, phone: str, by: User) -> None:
    """Write down another phone, as a ledger does."""
    file = CaseFile.objects.select_related("person", "unit", "risk_level").get(pk=case_file.pk)
    with log.reading(
        by, event=Event.CASE_FILE_READ, purpose=Purpose.INTAKE, about=[file]
    ) as reading:
        open_groups([file], "body", "person__head", "person__body", reading=reading)
    people.correct(
        case_file=file,
        identity={"phone": phone},
        details={},
        unit=file.unit,
        by=by,
        today=timezone.localdate(),
    )


def work_off() -> None:
    """Do what waits in the background."""
    worker = Worker(around=in_the_log)
    while worker.run_job():
        pass


def sealed_models() -> list[type[SealedModel]]:
    """Every model of the product that has sealed groups."""
    return [
        model
        for model in apps.get_models()
        if issubclass(model, SealedModel) and not model.__module__.startswith("tests.")
    ]


def sealed_groups() -> list[tuple[type[SealedModel], str]]:
    """Every sealed group of every model."""
    return [(model, name) for model in sealed_models() for name in layout_of(model).groups]


def red_file() -> CaseFile:
    """The other file of strange words: it was taken in first."""
    worker = somebody(Role.SOCIAL_WORKER)
    theirs = CaseFile.objects.filter(assignments__worker=worker, risk_level__level="red")
    return theirs.filter(id__lt=canary_file().id).latest("id")


def canary_file() -> CaseFile:
    """The file in which every word is strange: the one with two people from outside."""
    rows = CaseFile.objects.annotate(outside=Count("team_members"))
    return rows.select_related("person").get(outside=2)


def somebody(role: Role) -> User:
    """One of the demo's people with this role; the worker and the supervisor of the canary."""
    names = {
        Role.SOCIAL_WORKER: "worker1",
        Role.SUPERVISOR: "supervisor1",
        Role.AUDITOR: "auditor",
        Role.PRIVACY_OFFICER: "privacy",
        Role.SYSTEM_ADMINISTRATOR: "system",
        Role.SECURITY_ADMINISTRATOR: "security",
    }
    return User.objects.get(username=names[role])
