"""Digests: that somebody has been told today how much waits for them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.ids import uuid7


class Digest(models.Model):
    """One mail to one person on one day: that there was one, and nothing of what it said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    to = models.ForeignKey(
        User, verbose_name=_("to"), on_delete=models.PROTECT, related_name="digests"
    )
    day_on = models.DateField(_("day"))
    # Whoever sends it says so first; after a while without an end another may try.
    claimed_at = models.DateTimeField(_("begun at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)

    objects = models.Manager["Digest"]()

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        ordering = ("-day_on", "-id")
        constraints = (
            models.UniqueConstraint(fields=("to", "day_on"), name="one_digest_a_day"),
            models.CheckConstraint(
                name="a_digest_is_not_sent_before_it_is_begun",
                condition=Q(sent_at__isnull=True) | Q(sent_at__gte=F("claimed_at")),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
