"""Hand-overs: one worker offers a file, another accepts; until then nothing changes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from casework.models.assignments import Assignment, Place
from casework.models.case_files import CaseFile
from kpm.accounts.models import User
from kpm.fsm import GuardedStateField, GuardedStateModel, transition
from kpm.ids import file_number
from kpm.vault.fields import SealedGroup, SealedModel, SealedQuerySet, SealedTextField
from kpm.vault.history import History


class HandOverState(models.TextChoices):
    """What became of the offer."""

    OFFERED = "offered", _("Offered")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Taken back")
    LAPSED = "lapsed", _("Lapsed")


class HandOverQuerySet(SealedQuerySet["HandOver"]):
    """Hand-overs by who has to do with them."""

    def open(self) -> "HandOverQuerySet":
        """Those that nobody has answered."""
        return self.filter(state=HandOverState.OFFERED)

    def visible_to(self, user: User) -> "HandOverQuerySet":
        """To whom it is offered, while it is; and who offers it, until somebody has taken it.

        Whoever gave a file away, or no longer leads it, has no more to do with it.
        """
        mine = Q(to_worker=user, state=HandOverState.OFFERED)
        leads = Assignment.objects.active().filter(
            case_file=OuterRef("case_file"), worker=user, role=Place.LEAD
        )
        given = Q(Exists(leads), from_worker=user) | Q(offered_by=user) & ~Q(from_worker=user)
        return self.filter(mine | given & ~Q(state=HandOverState.ACCEPTED), key_gen__gt=0)


HandOverManager = models.Manager.from_queryset(HandOverQuerySet)


class HandOver(GuardedStateModel, SealedModel):
    """One offer to lead one file, with what the next worker has to know."""

    model_code = 16
    owns_key = False
    log_type: ClassVar[str] = "case_file"

    body = SealedGroup(code=2, version=1, pad=256)
    answer = SealedGroup(code=3, version=1, pad=64)

    number = models.CharField(
        _("number"), max_length=11, unique=True, default=file_number, editable=False
    )
    key_owner = models.UUIDField(editable=False)
    case_file = models.ForeignKey(
        CaseFile,
        verbose_name=_("case file"),
        on_delete=models.PROTECT,
        related_name="hand_overs",
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    from_worker = models.ForeignKey(
        User, verbose_name=_("from"), on_delete=models.PROTECT, related_name="+"
    )
    to_worker = models.ForeignKey(
        User, verbose_name=_("to"), on_delete=models.PROTECT, related_name="+"
    )
    offered_by = models.ForeignKey(
        User, verbose_name=_("offered by"), on_delete=models.PROTECT, related_name="+"
    )
    offered_at = models.DateTimeField(_("offered at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    state = GuardedStateField(
        _("state"), max_length=9, choices=HandOverState.choices, default=HandOverState.OFFERED
    )

    note = SealedTextField(group="body", verbose_name=_("note"))
    reply = SealedTextField(group="answer", verbose_name=_("answer"), blank=True)

    objects: ClassVar[HandOverManager["HandOver"]] = HandOverManager()
    history = History()

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ("-offered_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("case_file",),
                condition=Q(state=HandOverState.OFFERED),
                name="one_hand_over_at_a_time",
            ),
            models.CheckConstraint(
                name="a_hand_over_is_sealed_under_its_file",
                condition=Q(key_owner=F("case_file_id")),
            ),
            models.CheckConstraint(
                name="nobody_hands_over_to_themselves", condition=~Q(from_worker=F("to_worker"))
            ),
            models.CheckConstraint(
                name="a_hand_over_is_answered_at_a_moment",
                condition=Q(state=HandOverState.OFFERED, answered_at__isnull=True)
                | ~Q(state=HandOverState.OFFERED)
                & Q(answered_at__isnull=False, answered_at__gte=F("offered_at")),
            ),
        )
        indexes = (models.Index(fields=("to_worker", "state"), name="hand_overs_to_somebody"),)

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The number of the file is what the log knows."""
        return self.case_file.log_reference

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """Whose key opens it."""
        return (self.key_owner,)

    @transition(field="state", source=HandOverState.OFFERED, target=HandOverState.ACCEPTED)
    def accept(self, *, at: datetime) -> None:
        """The next worker says yes."""
        self.answered_at = at

    @transition(field="state", source=HandOverState.OFFERED, target=HandOverState.DECLINED)
    def decline(self, *, at: datetime, reply: str) -> None:
        """The next worker says no."""
        self.answered_at, self.reply = at, reply

    @transition(field="state", source=HandOverState.OFFERED, target=HandOverState.WITHDRAWN)
    def withdraw(self, *, at: datetime) -> None:
        """Whoever offered takes it back."""
        self.answered_at = at

    @transition(field="state", source=HandOverState.OFFERED, target=HandOverState.LAPSED)
    def lapse(self, *, at: datetime) -> None:
        """Somebody else leads the file by now."""
        self.answered_at = at
