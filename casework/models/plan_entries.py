"""What happens with a plan once it is drafted: what the person says of it, how its steps went."""

from collections.abc import Iterable
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from casework.models.plans import Plan
from kpm.accounts.models import User
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History


class EntryKind(models.TextChoices):
    """What an entry is about; how it turned out is sealed."""

    WORD = "word", _("What the person says")
    STEP_ENDED = "step_ended", _("Step ended")
    STEP_REOPENED = "step_reopened", _("Step taken up again")
    REVIEW = "review", _("Gone through")
    END = "end", _("Plan ended")


STEP_KINDS = (EntryKind.STEP_ENDED, EntryKind.STEP_REOPENED)


class Answer(models.TextChoices):
    """What the person says of a plan. A no to help is theirs to say, and no mark against them."""

    AGREED = "agreed", _("Agrees")
    PARTLY = "partly", _("Agrees in part")
    DECLINED = "declined", _("Does not want this")
    NOT_ASKED = "not_asked", _("Could not be asked yet")


class Speaker(models.TextChoices):
    """Who spoke for it."""

    PERSON = "person", _("The person")
    GUARDIAN = "guardian", _("A guardian")
    BOTH = "both", _("Both")


class StepOutcome(models.TextChoices):
    """How a step went."""

    DONE = "done", _("Done")
    GIVEN_UP = "given_up", _("Given up")
    REOPENED = "reopened", _("Open again")


class PlanEntryQuerySet(SealedQuerySet["PlanEntry"]):
    """Entries by what they are about."""

    def about_steps(self) -> "PlanEntryQuerySet":
        """How steps went, the first entry first."""
        return self.filter(kind__in=STEP_KINDS).order_by("written_at", "id")


PlanEntryManager = models.Manager.from_queryset(PlanEntryQuerySet)


class PlanEntry(SealedModel):
    """One entry about one version of a plan, written once and never again."""

    model_code = 25
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=128)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="plan_entries",
    )
    plan = models.ForeignKey(
        Plan, verbose_name=_("plan"), on_delete=models.PROTECT, related_name="entries"
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=EntryKind.choices)
    # Which step, as every version of the plan calls it; a word without meaning.
    step = models.CharField(_("step"), max_length=64, blank=True)
    happened_on = models.DateField(_("day"))
    written_by = models.ForeignKey(
        User, verbose_name=_("written by"), on_delete=models.PROTECT, related_name="+"
    )
    written_at = models.DateTimeField(_("written at"))

    # One of Answer or StepOutcome; nothing where the kind says it all.
    answer = SealedCharField(group="body", verbose_name=_("answer"), max_length=16, blank=True)
    speaker = SealedCharField(group="body", verbose_name=_("who spoke"), max_length=16, blank=True)
    words = SealedTextField(group="body", verbose_name=_("in words"), blank=True)

    objects: ClassVar[PlanEntryManager["PlanEntry"]] = PlanEntryManager()
    history = History()

    class Meta:
        verbose_name = _("entry about a plan")
        verbose_name_plural = _("entries about plans")
        ordering = ("written_at", "id")
        constraints = (
            models.CheckConstraint(
                name="an_entry_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="an_entry_has_a_known_kind", condition=Q(kind__in=EntryKind.values)
            ),
            models.CheckConstraint(
                name="an_entry_names_a_step_where_it_is_about_one",
                condition=(Q(kind__in=STEP_KINDS) & ~Q(step=""))
                | (~Q(kind__in=STEP_KINDS) & Q(step="")),
            ),
        )
        indexes = (models.Index(fields=("case_file", "kind"), name="entries_of_a_file"),)

    def __str__(self) -> str:
        return str(self.id)


def ended_steps(files: Iterable[UUID]) -> dict[UUID, set[str]]:
    """The ids of the steps of each file that are not open any more. No content is opened."""
    found: dict[UUID, set[str]] = {}
    rows = PlanEntry.objects.about_steps().filter(case_file__in=list(files))
    for file, step, kind in rows.values_list("case_file", "step", "kind"):
        steps = found.setdefault(file, set())
        if kind == EntryKind.STEP_ENDED:
            steps.add(step)
        else:
            steps.discard(step)
    return found
