"""What happened in a file that has no fields to compare: written once, or a state that changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, QuerySet, Value
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.models import (
    CaseFile,
    Consent,
    ConsentWithdrawal,
    HandOver,
    LostContact,
    Need,
    PlanEntry,
    Referral,
    Transfer,
)
from casework.models.needs import Kind
from risk_levels.models import Objection

# What is sealed is not told: an incident says nothing of its kind. Reports of harm stay out whole,
# as who made them does.
WRITTEN: dict[str, Any] = {
    "assessment": gettext_lazy("An assessment was recorded"),
    "incident": gettext_lazy("An incident was noted"),
    "correction": gettext_lazy("An incident was corrected"),
}
# What a word is about, and the choices that it is one of.
SAID: dict[str, tuple[Any, Any]] = {
    "consent": (Consent._meta.verbose_name, Consent._meta.get_field("purpose")),
    "withdrawal": (ConsentWithdrawal._meta.verbose_name, Consent._meta.get_field("purpose")),
    "plan": (gettext_lazy("support plan"), PlanEntry._meta.get_field("kind")),
}
# These have a history, whose rows differ in the state and in what is sealed.
WITH_STATES: dict[str, Any] = {
    str(model._meta.model_name): model
    for model in (HandOver, LostContact, Objection, Referral, Transfer)
}
SAID |= {
    name: (model._meta.verbose_name, model._meta.get_field("state"))
    for name, model in WITH_STATES.items()
}
SAID |= {str(each): (each.label, Need._meta.get_field("state")) for each in Kind}


@dataclass(frozen=True)
class Moment:
    """One thing that happened."""

    at: datetime
    by_id: UUID | None
    title: str


def moments_of(case_file: CaseFile, most: int) -> list[Moment]:
    """So many of them, the latest first; one query over all tables, and nothing is opened."""
    first, *others = [*_written(case_file), *_states(case_file)]
    found = first.union(*others, all=True).order_by("-at")[:most]
    return [Moment(at, by_id, _title(what, said)) for at, by_id, what, said in found]


def _written(case_file: CaseFile) -> Iterator[QuerySet[Any]]:
    yield _of(case_file.risk_level.assessments, "recorded_at", "assessed_by_id", "assessment")
    happened = case_file.incidents.filter(corrects__isnull=True)
    yield _of(happened, "noted_at", "noted_by_id", "incident")
    corrected = case_file.incidents.filter(corrects__isnull=False)
    yield _of(corrected, "noted_at", "noted_by_id", "correction")
    yield _of(case_file.consents, "recorded_at", "recorded_by_id", "consent", F("purpose"))
    withdrawn = ConsentWithdrawal.objects.filter(consent__case_file=case_file)
    said = F("consent__purpose")
    yield _of(withdrawn, "withdrawn_at", "recorded_by_id", "withdrawal", said)
    entries = PlanEntry.objects.filter(case_file=case_file)
    yield _of(entries, "written_at", "written_by_id", "plan", F("kind"))


def _states(case_file: CaseFile) -> Iterator[QuerySet[Any]]:
    for name, model in WITH_STATES.items():
        whose = {"risk_level_id": case_file.risk_level_id}
        if model is not Objection:
            whose = {"case_file_id": case_file.pk}
        rows = model.history.filter(**whose)
        yield _of(rows, "history_date", "history_user_id", name, F("state"))
    for kind in Kind:
        rows = Need.history.filter(case_file_id=case_file.pk, kind=kind)
        yield _of(rows, "history_date", "history_user_id", str(kind), F("state"))


def _of(rows: Any, at: str, by_id: str, what: str, said: Any = None) -> QuerySet[Any]:
    values = {
        "at": F(at),
        "by_id": F(by_id),
        "what": Value(what, output_field=CharField()),
        "said": said or Value("", output_field=CharField()),
    }
    found: QuerySet[Any] = rows.order_by().annotate(**values).values_list(*values)
    return found


def _title(what: str, said: str) -> str:
    if what in WRITTEN:
        return str(WRITTEN[what])
    about, choices = SAID[what]
    label = dict(choices.flatchoices)[said]
    return _("%(what)s: %(said)s") % {"what": capfirst(str(about)), "said": label}
