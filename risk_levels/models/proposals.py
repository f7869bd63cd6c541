"""Proposals: what somebody thinks a level should be, and what became of it."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.vault.fields import SealedGroup, SealedJSONField, SealedModel, SealedTextField
from kpm.vault.history import History
from risk_levels.levels import GRADED, Level
from risk_levels.models.assessments import Assessment


class ProposalState(models.TextChoices):
    """How far a proposal is."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for a decision")
    APPROVED = "approved", _("Approved")
    RETURNED = "returned", _("Returned")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    LAPSED = "lapsed", _("Lapsed")


OPEN_STATES = (ProposalState.DRAFT, ProposalState.SUBMITTED)
DECIDED_STATES = (ProposalState.APPROVED, ProposalState.RETURNED, ProposalState.REJECTED)


class Proposal(GuardedStateModel, SealedModel):
    """Somebody proposes a level; a second person decides. Frozen once that is done."""

    model_code = 7
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)
    answer = SealedGroup(code=3, version=1, pad=64)

    key_owner = models.UUIDField(db_index=True, editable=False)
    risk_level = models.ForeignKey(
        "risk_levels.RiskLevel",
        verbose_name=_("level"),
        on_delete=models.PROTECT,
        related_name="proposals",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    from_level = models.CharField(_("from"), max_length=8, choices=Level.choices)
    to_level = models.CharField(_("to"), max_length=8, choices=Level.choices)
    base_revision = models.PositiveIntegerField(_("revision before"))
    state = GuardedStateField(
        _("state"), max_length=9, choices=ProposalState.choices, default=ProposalState.DRAFT
    )
    proposer = models.ForeignKey(
        User, verbose_name=_("proposer"), on_delete=models.PROTECT, related_name="+"
    )
    # Who handed in the ledger that a part of the system proposes from: they don't decide either.
    entered_by = models.ForeignKey(
        User,
        verbose_name=_("entered by"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    # What it rests on: an assessment of ours, or the class of an authority (in `official`).
    assessment = models.ForeignKey(
        Assessment,
        verbose_name=_("assessment"),
        on_delete=models.PROTECT,
        related_name="proposals",
        null=True,
        blank=True,
    )
    is_official = models.BooleanField(_("rests on an official class"), default=False)
    drafted_at = models.DateTimeField(_("drafted at"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    decider = models.ForeignKey(
        User,
        verbose_name=_("decider"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    reason_codes = SealedJSONField(group="body", verbose_name=_("reasons"), default=list)
    reason = SealedTextField(group="body", verbose_name=_("in words"), blank=True)
    # A list of what happened on which day.
    evidence = SealedJSONField(group="body", verbose_name=_("evidence"), default=list)
    tried = SealedTextField(
        group="body", verbose_name=_("what less intrusive step was tried"), blank=True
    )
    # The field and choice that carry it, the day of the assessment, and who assessed.
    official = SealedJSONField(group="body", verbose_name=_("official class"), default=dict)

    reply = SealedTextField(group="answer", verbose_name=_("answer of the decider"), blank=True)

    history = History()

    class Meta:
        verbose_name = _("proposal")
        verbose_name_plural = _("proposals")
        ordering = ("-drafted_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("risk_level",),
                condition=Q(state__in=OPEN_STATES),
                name="one_open_proposal_per_level",
            ),
            models.UniqueConstraint(
                fields=("risk_level", "base_revision"),
                condition=Q(state=ProposalState.APPROVED),
                name="one_approved_proposal_per_revision",
            ),
            models.CheckConstraint(
                name="a_proposal_is_for_a_grade", condition=Q(to_level__in=GRADED)
            ),
            models.CheckConstraint(
                name="nobody_decides_their_own_proposal",
                condition=Q(decider__isnull=True)
                | (
                    ~Q(decider=F("proposer"))
                    & (Q(entered_by__isnull=True) | ~Q(decider=F("entered_by")))
                ),
            ),
            models.CheckConstraint(
                name="a_decided_proposal_says_who_decided_and_when",
                condition=Q(
                    state__in=DECIDED_STATES, decider__isnull=False, decided_at__isnull=False
                )
                | (~Q(state__in=DECIDED_STATES) & Q(decider__isnull=True)),
            ),
            models.CheckConstraint(
                name="a_submitted_proposal_says_when",
                condition=Q(submitted_at__isnull=False)
                | Q(state__in=(ProposalState.DRAFT, ProposalState.WITHDRAWN, ProposalState.LAPSED)),
            ),
        )
        indexes = (
            models.Index(fields=("district", "state", "submitted_at"), name="proposals_by_state"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_open(self) -> bool:
        """Whether it still waits for something."""
        return self.state in OPEN_STATES

    @transition(field="state", source=ProposalState.DRAFT, target=ProposalState.SUBMITTED)
    def submit(self, *, at: datetime) -> None:
        """Hand it to the supervisors."""
        self.submitted_at = at

    @transition(field="state", source=ProposalState.SUBMITTED, target=ProposalState.APPROVED)
    def approve(self, *, by: User, at: datetime, reply: str) -> None:
        """Say yes."""
        self._answered(by, at, reply)

    @transition(field="state", source=ProposalState.SUBMITTED, target=ProposalState.RETURNED)
    def send_back(self, *, by: User, at: datetime, reply: str) -> None:
        """Ask for more."""
        self._answered(by, at, reply)

    @transition(field="state", source=ProposalState.SUBMITTED, target=ProposalState.REJECTED)
    def reject(self, *, by: User, at: datetime, reply: str) -> None:
        """Say no."""
        self._answered(by, at, reply)

    @transition(field="state", source=OPEN_STATES, target=ProposalState.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """Take it back."""
        self.decided_at = at

    @transition(field="state", source=OPEN_STATES, target=ProposalState.LAPSED)
    def lapse(self, *, at: datetime) -> None:
        """End without an answer: the level has changed underneath it."""
        self.decided_at = at

    def _answered(self, by: User, at: datetime, reply: str) -> None:
        self.decider = by
        self.decided_at = at
        self.reply = reply
