"""Plans: what help is agreed, in steps with a resource, a person and a day."""

from collections.abc import Container
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.vault.fields import SealedGroup, SealedJSONField, SealedModel, SealedTextField
from kpm.vault.history import History
from risk_levels.models import Proposal


class State(models.TextChoices):
    """How far a plan is."""

    DRAFT = "draft", _("Draft")
    APPROVED = "approved", _("Approved")
    ENDED = "ended", _("Ended")


class Plan(GuardedStateModel, SealedModel):
    """A support plan of one file; red is approved only together with one."""

    model_code = 4
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    # The file, whose key this is sealed under; the log names the file as well.
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="plans",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    # The proposal that this plan goes with, where there is one.
    proposal = models.ForeignKey(
        Proposal,
        verbose_name=_("proposal"),
        on_delete=models.PROTECT,
        related_name="plans",
        null=True,
        blank=True,
    )
    state = GuardedStateField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    drafted_by = models.ForeignKey(
        User,
        verbose_name=_("drafted by"),
        on_delete=models.PROTECT,
        related_name="drafted_plans",
    )
    drafted_on = models.DateField(_("drafted on"))
    approved_by = models.ForeignKey(
        User,
        verbose_name=_("approved by"),
        on_delete=models.PROTECT,
        related_name="approved_plans",
        null=True,
        blank=True,
    )
    approved_on = models.DateField(_("approved on"), null=True, blank=True)
    ended_on = models.DateField(_("ended on"), null=True, blank=True)

    goal = SealedTextField(group="body", verbose_name=_("goal"), blank=True)
    # A list of mappings, each with what, resource, who and by_on, the day in ISO form or empty, and
    # an id that stays the step's from version to version.
    steps = SealedJSONField(group="body", verbose_name=_("steps"), default=list)

    history = History()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("-drafted_on", "-id")
        constraints = (
            models.CheckConstraint(
                name="a_plan_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(state=State.APPROVED),
                name="one_approved_plan_per_file",
            ),
            models.CheckConstraint(
                name="nobody_approves_their_own_plan",
                condition=~Q(approved_by=F("drafted_by")),
            ),
            models.CheckConstraint(
                name="a_plan_is_approved_by_somebody_on_a_day",
                condition=Q(
                    state=State.DRAFT,
                    approved_by__isnull=True,
                    approved_on__isnull=True,
                )
                | Q(state=State.ENDED)
                | Q(
                    state=State.APPROVED,
                    approved_by__isnull=False,
                    approved_on__isnull=False,
                ),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    def resources(self, ended: Container[str] = ()) -> list[str]:
        """The concrete help that the steps name, without those that have ended."""
        found = [each.get("resource", "") for each in self.listed_steps if each["id"] not in ended]
        return [each for each in found if each]

    @property
    def listed_steps(self) -> list[dict[str, str]]:
        """The steps, each with its id; those of older plans are known by their place."""
        return [
            {**step, "id": step.get("id") or f"{self.pk}.{place}"}
            for place, step in enumerate(self.steps)
        ]

    @transition(field="state", source=State.DRAFT, target=State.APPROVED)
    def approve(self, *, by: User, on: Any) -> None:
        """Accept the draft."""
        self.approved_by = by
        self.approved_on = on

    @transition(field="state", source=[State.DRAFT, State.APPROVED], target=State.ENDED)
    def end(self, *, on: Any) -> None:
        """Put the plan away."""
        self.ended_on = on
