"""Proposals: what somebody thinks a level should be, and what became of it."""

from datetime import date, datetime

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
    conference = SealedGroup(code=4, version=1, pad=256)

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
    # Who handed in the ledger that a part of the system proposes from: they may say no, but the
    # yes is somebody else's.
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
    # Red that holds already, provisionally: it rests on what has just happened.
    is_for_safety = models.BooleanField(_("rests on a danger"), default=False)
    drafted_at = models.DateTimeField(_("drafted at"))
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    # A step down that nobody decides about takes effect on this day; said when it was handed in,
    # so that no later correction of the calendar moves it.
    effect_on = models.DateField(_("takes effect on"), null=True, blank=True)
    # The first of the two who approve a third term of red in a row.
    first_approver = models.ForeignKey(
        User,
        verbose_name=_("first approver"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )
    first_approved_at = models.DateTimeField(_("first approved at"), null=True, blank=True)
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
    # Why the first approver agrees, and what the case conference talked over and with whom.
    first_reason = SealedTextField(
        group="conference", verbose_name=_("why the first approver agrees"), blank=True
    )
    conference_note = SealedTextField(
        group="conference", verbose_name=_("note of the case conference"), blank=True
    )

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
                    & (
                        Q(entered_by__isnull=True)
                        | ~Q(decider=F("entered_by"))
                        | Q(state__in=(ProposalState.RETURNED, ProposalState.REJECTED))
                    )
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
            models.CheckConstraint(
                name="a_submitted_proposal_rests_on_something",
                condition=Q(submitted_at__isnull=True)
                | Q(assessment__isnull=False)
                | Q(is_official=True)
                | Q(is_for_safety=True),
            ),
            models.CheckConstraint(
                name="a_danger_is_about_red",
                condition=Q(is_for_safety=False)
                | Q(to_level=Level.RED, from_level=Level.RED, is_official=False),
            ),
            models.CheckConstraint(
                name="only_a_step_down_takes_effect_by_itself",
                condition=Q(effect_on__isnull=True)
                | Q(to_level=Level.YELLOW, from_level=Level.RED)
                | Q(to_level=Level.GREEN, from_level=Level.YELLOW),
            ),
            models.CheckConstraint(
                name="two_approvers_are_two",
                condition=Q(first_approver__isnull=True, first_approved_at__isnull=True)
                | Q(first_approver__isnull=False, first_approved_at__isnull=False)
                & ~Q(first_approver=F("proposer"))
                & (
                    Q(decider__isnull=True)
                    | ~Q(decider=F("first_approver"))
                    | ~Q(state=ProposalState.APPROVED)
                ),
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
    def submit(self, *, at: datetime, effect_on: date | None = None) -> None:
        """Hand it to the supervisors; a step down says when it takes effect by itself."""
        self.submitted_at = at
        self.effect_on = effect_on

    def approve_first(self, *, by: User, at: datetime, reason: str, note: str) -> None:
        """The first of two yeses: it goes on waiting, for the second."""
        self.first_approver = by
        self.first_approved_at = at
        self.first_reason = reason
        self.conference_note = note

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
        """End without an answer: the level has changed underneath it, or people have proposed."""
        self.decided_at = at

    def _answered(self, by: User, at: datetime, reply: str) -> None:
        self.decider = by
        self.decided_at = at
        self.reply = reply
