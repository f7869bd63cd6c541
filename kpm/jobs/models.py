"""Jobs and sweeps as rows: what is to be done, who does it until when, how far it is."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.ids import uuid7


class State(models.TextChoices):
    """What becomes of a job."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


OPEN = (State.WAITING, State.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    """Jobs by what they wait for."""

    def due(self, now: datetime) -> "JobQuerySet":
        """Those that somebody may take: waiting ones, and ones whose worker is gone."""
        return self.filter(
            Q(state=State.WAITING, not_before__lte=now)
            | Q(state=State.RUNNING, lease_until__lt=now)
        ).order_by("asked_at", "id")

    def latest_for(self, kind: str, object_number: str) -> "Job | None":
        """The last job of one kind about one thing."""
        found = self.filter(kind=kind, object_number=object_number)
        return found.order_by("-asked_at", "-id").first()


class Job(models.Model):
    """One piece of work about one thing. Its columns hold no personal data, whatever it is."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=40)
    # What it is about: a random number such as that of a file or a ledger.
    object_number = models.CharField(_("about"), max_length=40)
    # Who asked: the pseudonym that the log knows.
    asked_by = models.CharField(_("asked by"), max_length=32)
    asked_at = models.DateTimeField(_("asked at"))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    # The lease: whose it is, until when, and which attempt; every write of a worker names these.
    owner = models.CharField(_("worker"), max_length=80, blank=True)
    attempt = models.PositiveIntegerField(_("attempt"), default=0)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"))
    # Attempts since the last step that was done: work that never moves is given up.
    stalls = models.PositiveSmallIntegerField(_("attempts without progress"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    checkpoint = models.JSONField(_("checkpoint"), default=dict)
    # The kind of what went wrong, never its words.
    problem = models.CharField(_("problem"), max_length=80, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ("-asked_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "object_number"),
                condition=Q(state__in=OPEN),
                name="one_open_job_of_a_kind_per_thing",
            ),
            models.CheckConstraint(
                name="a_job_is_in_one_of_four_states", condition=Q(state__in=State.values)
            ),
            models.CheckConstraint(
                name="a_running_job_is_leased",
                condition=~Q(state=State.RUNNING) | (Q(lease_until__isnull=False) & ~Q(owner="")),
            ),
            models.CheckConstraint(
                name="a_job_does_not_do_more_than_there_is", condition=Q(done__lte=F("total"))
            ),
        )
        indexes = (models.Index(fields=("state", "not_before", "asked_at"), name="jobs_by_turn"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.object_number}"

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in OPEN

    @property
    def percent(self) -> int | None:
        """How far it is, once it is known how much there is."""
        return self.done * 100 // self.total if self.total else None


class Sweep(models.Model):
    """Something that is looked after again and again: when next, and how the last time went."""

    name = models.CharField(_("name"), max_length=60, primary_key=True)
    next_run_at = models.DateTimeField(_("next"))
    ended_at = models.DateTimeField(_("last"), null=True, blank=True)
    problem = models.CharField(_("problem"), max_length=80, blank=True)

    objects = models.Manager["Sweep"]()

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
