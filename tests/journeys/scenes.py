"""What the walk over every page looks at, made in the site's own process by the site's actions."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.template import loader
from django.utils import timezone, translation

from audit import alerts, findings, log
from audit.events import Event, Purpose
from audit.models import Alert, LoggedEvent, Sample
from audit.unusual import Found, Rule
from casework.actions import (
    assessments,
    assignments,
    case_files,
    consents,
    hand_overs,
    harm,
    incidents,
    ledgers,
    levels,
    needs,
    objections,
    people,
    plans,
    referrals,
    transfers,
    visits,
)
from casework.dashboards.teams import candidates
from casework.models import CaseFile
from casework.models.assignments import Place
from casework.models.visits import Outcome, Way
from casework.notices import CURRENT
from kpm.accounts.actions import open_account, system_account
from kpm.accounts.models import RoleGrant, Unit, User
from kpm.management.demo import answers, invention, stories
from kpm.management.demo.world import World
from kpm.vault.opening import open_groups
from risk_levels.levels import Level
from risk_levels.models import RuleSet
from risk_levels.populations import POPULATIONS

WORKBOOK: Final = (
    Path(__file__).parents[1] / "casework" / "ledgers" / "data" / "ledger_empty_nest_elder.xlsx"
)
LEDGER_NAME: Final = "空巢老人台账.xlsx"
QUESTION: Final = "这天夜里为什么打开这份档案？"
NEWCOMER: Final = "新来的同事"
# Somebody with an account and no role yet, who has their own password already.
WITHOUT_ROLE: Final = "newcomer"
# Pages that come only when something has gone wrong; nobody can be led there.
BROKEN: Final = ("400.html", "403_csrf.html", "500.html", "503.html")


class Scene:
    """Files on which much has happened, of every population, all of one worker's."""

    def __init__(self, now: datetime) -> None:
        self.now, self.today = now, timezone.localdate(now)
        # Not the seed of the county: the same people would be taken in twice.
        self.random = World(seed=7, files=0, now=now).random
        self.worker = User.objects.get(username="worker1")
        self.supervisor = User.objects.get(username="supervisor1")
        self.system = User.objects.get(username="system")

    def make(self) -> dict[str, str]:
        """The parts of the addresses that the walk needs."""
        files = {code: self._admit(code) for code in POPULATIONS}
        red, waiting = files["empty_nest_elder"], files["released"]
        for each in files.values():
            self._meet(each)
        self._propose_red(red)
        self._decide(red)
        self._draft_plan(red)
        self._propose_red(waiting)
        self._object(red)
        self._lose(waiting)
        report = harm.open_report(
            case_file=waiting,
            situation="injuries",
            words=stories.DANGERS[1][1],
            by=self.worker,
            now=self.now,
        )
        self._need(red)
        self._consent(red)
        self._refer(red)
        self._happen(red)
        offer = self._offer(red)
        transfer = transfers.ask(
            case_file=waiting,
            to_unit=Unit.objects.filter(level=Unit.Level.TOWNSHIP).latest("code"),
            note=stories.HAND_OVER,
            by=self.supervisor,
            now=self.now,
        )
        made = {code: each.get_absolute_url() for code, each in files.items()}
        return {
            **made,
            "red": red.get_absolute_url(),
            "waiting": waiting.get_absolute_url(),
            "offer": offer,
            "transfer": transfer.number,
            "report": f"{waiting.get_absolute_url()}report/{report.number}/",
            "draft": RuleSet.objects.get(state="draft").version,
            **self._ledgers(),
            **self._accounts(),
            **self._log(red),
        }

    def _offer(self, case_file: CaseFile) -> str:
        """Somebody else is asked to lead it."""
        colleague = candidates(case_file, self.today).exclude(pk=self.worker.pk)[0]
        return hand_overs.offer(
            case_file=case_file,
            worker=colleague,
            note=stories.HAND_OVER,
            by=self.supervisor,
            now=self.now,
        ).number

    def _happen(self, case_file: CaseFile) -> None:
        """Somebody close died this morning."""
        incidents.note(
            case_file=case_file,
            kind="bereavement",
            happened_at=self.now,
            words=stories.BEREAVED,
            by=self.worker,
            now=self.now,
        )

    def _need(self, case_file: CaseFile) -> None:
        """What the person can do, and what they need."""
        for kind, words in (("strength", stories.STRENGTHS[0]), ("need", stories.NEEDS[0])):
            needs.note(
                case_file=case_file,
                kind=kind,
                area="people",
                words=words,
                by=self.worker,
                today=self.today,
            )

    def _consent(self, case_file: CaseFile) -> None:
        """A yes to support that holds, and one to photos that was taken back."""
        with self._reading(case_file) as reading:
            open_groups([case_file.person], "head", reading=reading)
        for purpose in ("service", "images"):
            consent = consents.record(
                case_file=case_file,
                purpose=purpose,
                giver="guardian",
                guardian=self.supervisor.name,
                manner="signed",
                words="",
                notice=CURRENT.version,
                given_on=self.today,
                by=self.worker,
                now=self.now,
            )
        consents.withdraw(consent=consent, by=self.worker, now=self.now)

    def _refer(self, case_file: CaseFile) -> None:
        """To civil affairs, which have not answered."""
        referrals.send(
            case_file=case_file,
            kind="civil_affairs",
            receiver=stories.SERVICE,
            contact="",
            facts=["name", "phone"],
            basis="statutory",
            article=stories.ARTICLE,
            asked=stories.ASKED,
            is_agreed=False,
            by=self.worker,
            now=self.now,
        )

    def _lose(self, case_file: CaseFile) -> None:
        """Three tries met nobody."""
        for seconds in (30, 20, 10):
            visits.record(
                case_file=case_file,
                way="phone",
                outcome="not_met",
                happened_at=self.now - timedelta(seconds=seconds),
                by=self.worker,
                now=self.now,
            )

    def _object(self, case_file: CaseFile) -> None:
        """The person does not agree, and has been told that somebody looks at it."""
        objection = objections.receive(
            case_file=case_file,
            by_whom="person",
            way="spoken",
            words=stories.OBJECTIONS["received"][0],
            wish=stories.OBJECTIONS["received"][1],
            by=self.worker,
            now=self.now,
        )
        objections.acknowledge(
            case_file=case_file, objection=objection, by=self.supervisor, now=self.now
        )

    def _log(self, case_file: CaseFile) -> dict[str, str]:
        """A sign-in in which the worker opened the file."""
        session = "walkWalkWalkWalk"
        with log.entered(log.Context(channel="web", session=session)), transaction.atomic():
            log.record(
                Event.CASE_FILE_READ,
                by=self.worker,
                target=case_file,
                groups=["person.head", "visit.body"],
                purpose=Purpose.SERVICE,
                rule="caseload",
                count=1,
                grant=self.worker.log_grant,
            )
        place = str(LoggedEvent.objects.latest("id").id)
        with log.entered(log.Context(channel="web", session=session)):
            case_files.reveal(
                case_file=CaseFile.objects.select_related("person").get(pk=case_file.pk),
                field="phone",
                reason="call",
                by=self.worker,
                purpose=Purpose.SERVICE,
            )
        shown = LoggedEvent.objects.filter(event=Event.CASE_FILE_REVEALED).latest("id")
        Sample(place=shown.id, week_on=self.today).save()
        found = Found(Rule.OFF_HOURS, self.worker.log_reference, self.today, 6, 0.2)
        with log.entered(log.Context(channel="job")):
            alerts._raise(found)
        with log.entered(log.Context(channel="web")):
            finding = findings.ask(
                kind="event",
                about=place,
                person=self.worker.username,
                question=QUESTION,
                by=User.objects.get(username="auditor"),
                now=self.now,
            )
        return {
            "finding": finding.number,
            "worker": self.worker.log_reference,
            "alert": Alert.objects.get().number,
            "event": place,
            "number": case_file.number,
            "reader": self.worker.log_reference,
            "session": session,
        }

    def _admit(self, population: str) -> CaseFile:
        unit = Unit.objects.filter(
            code__startswith=self.worker.unit.prefix, level=Unit.Level.VILLAGE
        ).first()
        who = invention.identity(self.random, self.today, answers.AGES[population])
        details = answers.details(
            self.random,
            POPULATIONS[population],
            self.today,
            today=self.today,
            level=Level.GREEN,
            birth_on=who.birth_on,
        )
        case_file = people.admit(
            population=population,
            by=system_account("demo"),
            today=self.today,
            unit=unit,
            details=details,
            **who._asdict(),
        )
        # With a lead and no deputy: what is red lacks somebody.
        assignments.assign(
            case_file=case_file,
            worker=self.worker,
            role=Place.LEAD,
            by=self.supervisor,
            today=self.today,
        )
        return case_file

    def _meet(self, case_file: CaseFile) -> None:
        by = {"case_file": case_file, "by": self.worker, "now": self.now}
        visits.record(
            way=Way.VISIT,
            outcome=Outcome.DONE,
            # Before the tries that met nobody.
            happened_at=self.now - timedelta(seconds=40),
            needs=stories.NEEDS[0],
            strengths=stories.STRENGTHS[0],
            notes=stories.NOTES[0],
            **by,
        )
        given = stories.answers(self.random, case_file.population)
        assessments.record(answers=given, voice=stories.NEEDS[1], **by)

    def _propose_red(self, case_file: CaseFile) -> None:
        case_file.risk_level.refresh_from_db()
        happened_on = (self.today - timedelta(days=1)).isoformat()
        levels.propose(
            case_file=case_file,
            to_level=Level.RED,
            reason_codes=["unmet_needs", "assessment"],
            reason=stories.REASONS[0],
            evidence=[{"on": happened_on, "what": stories.NOTES[1]}],
            tried=stories.TRIED[0],
            assessment=case_file.risk_level.assessments.first(),
            goal=stories.GOALS[0],
            steps=self._steps(),
            by=self.worker,
            now=self.now,
        )

    def _steps(self) -> list[dict[str, str]]:
        by_on = (self.today + timedelta(days=20)).isoformat()
        return [{**each, "by_on": by_on} for each in stories.STEPS[:2]]

    def _decide(self, case_file: CaseFile) -> None:
        proposal = case_file.risk_level.proposals.get()
        plan = case_file.plans.get()
        with log.entered(log.Context(channel="job")):
            open_groups([plan], "body", reading=self._reading(case_file))
        levels.decide(
            case_file=case_file,
            proposal=proposal,
            decision="approve",
            reason=stories.APPROVED[0],
            plan=plan,
            # Not who goes round: they answer what is objected to the decision.
            by=User.objects.get(username="supervisor2"),
            now=self.now,
        )

    def _reading(self, case_file: CaseFile) -> log.Reading:
        return log.reading(
            self.supervisor,
            event=Event.CASE_FILE_READ,
            purpose=Purpose.SUPERVISION,
            about=[case_file],
        )

    def _draft_plan(self, case_file: CaseFile) -> None:
        plans.draft(
            case_file=case_file,
            goal=stories.GOALS[1],
            steps=self._steps(),
            by=self.worker,
            today=self.today,
        )

    def _ledgers(self) -> dict[str, str]:
        """One that has been checked and waits for its confirmation."""
        ledger = ledgers.upload(
            population="empty_nest_elder",
            workbook=ledgers.read(
                SimpleUploadedFile(LEDGER_NAME, WORKBOOK.read_bytes()), "empty_nest_elder"
            ),
            by=self.supervisor,
            now=self.now,
        )
        call_command("work", "--once")
        return {"ledger": ledger.get_absolute_url()}

    def _accounts(self) -> dict[str, str]:
        """Somebody who has not signed in yet, somebody without a role, and a role that runs."""
        opened = open_account(
            username="firstday", name=NEWCOMER, unit=self.worker.unit, by=self.system
        )
        newcomer = User(username=WITHOUT_ROLE, name=NEWCOMER, unit=self.worker.unit)
        newcomer.password = self.worker.password
        newcomer.save_as(by=self.system)
        grant = RoleGrant.objects.get(user__username="worker2")
        return {"account": opened.user.log_reference, "grant": grant.log_reference}


def broken() -> dict[str, str]:
    """What the pages say that come when something has gone wrong, by language and name."""
    found = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            found |= {f"{language}/{name}": loader.get_template(name).render() for name in BROKEN}
    return found


def made() -> str:
    """Everything, for the process that asked; also what whoever works here is called."""
    paths = Scene(timezone.now()).make()
    names = [
        *User.objects.values_list("name", flat=True),
        *Unit.objects.values_list("name", flat=True),
    ]
    return json.dumps({"paths": paths, "names": names, "broken": broken()})
