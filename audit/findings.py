"""Questions of the auditor: asked, answered by whoever was asked, closed."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.utils.translation import gettext as _

from audit import log, rules, samples, threads
from audit.events import Event
from audit.log import Actor
from audit.models import Finding, FindingState
from audit.searches import actors_called
from audit.threads import Said
from kpm.errors import Refused


@transaction.atomic
def ask(*, kind: str, about: str, person: str, question: str, by: Any, now: datetime) -> Finding:
    """Ask one person about an event, an alert or a file."""
    reference = _called(person)
    rules.check_can_ask_person(by, reference)
    finding = Finding(
        kind=kind, about=about, person=reference, asked_by=by.log_reference, asked_at=now
    )
    finding.save(force_insert=True)
    if kind == "event":
        samples.was_asked(place=int(about), person=reference, by=by)
    _record(Event.FINDING_ASKED, finding, question, by=by)
    return finding


def _called(text: str) -> str:
    """The one person who is meant by a name, a user name or a pseudonym."""
    found = [actor for actor in actors_called(text) if actor.startswith("u:")]
    if not found:
        raise Refused(_("Nobody here has this name."), field="person")
    if len(found) > 1:
        raise Refused(_("Several people have this name: give the user name."), field="person")
    return found[0]


@transaction.atomic
def answer(*, finding: Finding, text: str, by: Any, now: datetime) -> None:
    """Answer what one was asked."""
    finding = _locked(finding)
    rules.check_can_answer_finding(by, finding)
    finding.answer(at=now)
    finding.save()
    _record(Event.FINDING_ANSWERED, finding, text, by=by)


@transaction.atomic
def decide(*, finding: Finding, decision: str, text: str, by: Any, now: datetime) -> None:
    """Close it, or ask again; either with words."""
    finding = _locked(finding)
    if decision == "ask_again":
        rules.check_can_ask_again(by, finding)
        finding.ask_again()
    else:
        rules.check_can_close_finding(by, finding)
        finding.close(at=now)
    finding.save()
    event = Event.FINDING_ASKED if decision == "ask_again" else Event.FINDING_CLOSED
    _record(event, finding, text, by=by)


def _locked(finding: Finding) -> Finding:
    return Finding.objects.select_for_update().get(pk=finding.pk)


def _record(event: Event, finding: Finding, text: str, *, by: Actor) -> None:
    log.record(event, by=by, target=finding, detail={"to": finding.person, "reason": text})


def read(*, by: Actor, finding: Finding) -> list[Said]:
    """What was asked and answered, opened; that is written down as well."""
    reading = log.reading(by, event=Event.FINDING_READ, purpose=None, about=[finding])
    return threads.about(finding, reading)


def mine(*, by: Actor, number: str) -> Finding:
    """A question to this person; one to somebody else is a try, and not found."""
    finding = Finding.objects.visible_to(by).filter(number=number).first()
    if finding is not None:
        return finding
    hidden = Finding.objects.filter(number=number).first()
    if hidden is not None:
        log.refused(Event.FINDING_REFUSED, by=by, target=hidden, rule="not_visible")
    raise Http404


def waiting() -> Exists:
    """Whether the account of a query was asked something that it has not answered."""
    asked = Finding.objects.filter(person=OuterRef("log_reference"), state=FindingState.ASKED)
    return Exists(asked)
