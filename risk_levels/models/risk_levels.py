"""Levels, and the decisions by which alone they change."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kpm.accounts.models import User
from kpm.fsm import RETURN_VALUE, GuardedStateField, GuardedStateModel, transition
from kpm.ids import uuid7
from kpm.vault.fields import (
    SealedCharField,
    SealedGroup,
    SealedJSONField,
    SealedModel,
    SealedQuerySet,
    SealedTextField,
)
from kpm.vault.history import History, RecordedModel
from risk_levels.levels import GRADED, Level
from risk_levels.models.proposals import Proposal
from risk_levels.models.rule_sets import RuleSet, default_numbers, duties_in
from risk_levels.populations import POPULATIONS, Duties, Population


class RiskLevel(GuardedStateModel, RecordedModel):
    """The level of one case file; who that is, it does not know."""

    log_type: ClassVar[str] = "case_file"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The case file: what is said about this level is sealed under its key.
    key_owner = models.UUIDField(unique=True, editable=False)
    population = models.CharField(
        _("population"),
        max_length=32,
        choices=[(code, each.label) for code, each in POPULATIONS.items()],
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    level = GuardedStateField(
        _("level"), max_length=8, choices=Level.choices, default=Level.UNGRADED
    )
    # The level whose visits go on: after an expiry the former one, until the review is done.
    rhythm_level = models.CharField(
        _("rhythm"), max_length=8, choices=Level.choices, default=Level.UNGRADED
    )
    since_on = models.DateField(_("since"))
    # The first day on which it no longer holds.
    until_on = models.DateField(_("until"), null=True, blank=True)
    # Where the decision counts in hours: the moment from which it no longer holds.
    until_at = models.DateTimeField(_("until"), null=True, blank=True)
    review_on = models.DateField(_("review"), null=True, blank=True)
    # Counts decisions: whoever decides on what has changed meanwhile is told.
    revision = models.PositiveIntegerField(_("revision"), default=0)
    # An objection is open: shown beside the level wherever that stands.
    is_disputed = models.BooleanField(_("disputed"), default=False)
    # What happened up to this day is disputed, or an objection settled it: no step up rests on it.
    settled_on = models.DateField(_("settled up to"), null=True, blank=True)
    decision = models.ForeignKey(
        "risk_levels.Decision",
        verbose_name=_("decision"),
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
    )

    objects = models.Manager["RiskLevel"]()
    history = History()

    class Meta:
        verbose_name = _("level")
        verbose_name_plural = _("levels")
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="a_level_is_one_of_four",
                condition=Q(level__in=Level.values, rhythm_level__in=Level.values),
            ),
            models.CheckConstraint(
                name="every_graded_level_ends",
                # Ungraded before the first decision, or by one that goes back to it.
                condition=Q(level=Level.UNGRADED, until_on__isnull=True, until_at__isnull=True)
                | Q(level__in=GRADED, decision__isnull=False)
                & (
                    Q(until_on__isnull=False, until_on__gt=F("since_on"))
                    | Q(until_on__isnull=True, until_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="a_level_belongs_to_one_of_six_populations",
                condition=Q(population__in=tuple(POPULATIONS)),
            ),
        )
        indexes = (
            models.Index(fields=("district", "level", "until_on"), name="levels_by_end"),
            models.Index(fields=("district", "review_on"), name="levels_by_review"),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def log_reference(self) -> str:
        """The number of the case file is what the log knows."""
        return self.case_file.log_reference

    @property
    def log_owners(self) -> tuple[UUID, ...]:
        """The owner of the key under which this level's reasons lie."""
        return (self.key_owner,)

    @property
    def kind(self) -> Population:
        """The population and everything that is particular to it."""
        return POPULATIONS[self.population]

    def duties(self, on: date, rule_set: RuleSet | None = None) -> Duties:
        """What is due how often on this day; lists pass the rule set that they fetched once."""
        rule_set = rule_set or RuleSet.objects.in_force(on)
        numbers = rule_set.numbers if rule_set else default_numbers()
        return duties_in(numbers, self.population, self.rhythm_level)

    def began_at(self) -> datetime | None:
        """When the present run of this level was decided, however often it was renewed since."""
        began = self.decisions.beginning(self.level).values_list("decided_at", flat=True)
        return began.first()

    @property
    def is_provisional(self) -> bool:
        """Whether this holds for hours only, until somebody decides."""
        return self.until_at is not None

    def needs_review(self, on: date) -> bool:
        """Whether somebody should look at it again."""
        return self.review_on is not None and self.review_on <= on

    @transition(field="level", source=Level.values, target=RETURN_VALUE(*Level.values))
    def follow(self, decision: "Decision") -> str:
        """Become what the decision says."""
        if decision.to_level != self.level:
            self.since_on = decision.starts_on
        self.rhythm_level = decision.rhythm_level
        self.until_on = decision.until_on
        self.until_at = decision.until_at
        self.review_on = decision.review_on
        self.revision = decision.base_revision + 1
        self.decision = decision
        return decision.to_level


class Told(models.TextChoices):
    """Whether the person was told of a decision, or on what legal ground not."""

    TOLD = "told", _("The person has been told")
    NEXT_CONTACT = "next_contact", _("The person is told at the next contact")
    EMERGENCY = "emergency", _("Told once the emergency is over (PIPL article 18)")
    SECRECY = "secrecy", _("Not told: a law requires secrecy (PIPL article 18)")
    OBSTRUCTS = "obstructs", _("Not told: it would obstruct a statutory duty (PIPL article 35)")


class DecisionQuerySet(SealedQuerySet["Decision"]):
    """Decisions by what they began."""

    def red_terms(self) -> int:
        """How many terms of red in a row were approved, up to now; give those of one level."""
        broken = self.exclude(to_level=Level.RED).order_by("-base_revision")
        since = broken.values_list("base_revision", flat=True).first()
        run = self.filter(kind=Decision.Kind.APPROVED, to_level=Level.RED)
        return run.count() if since is None else run.filter(base_revision__gt=since).count()

    def beginning(self, level: str) -> "DecisionQuerySet":
        """Those by which a level came to be, the latest first; a renewal begins nothing."""
        return self.filter(to_level=level).exclude(from_level=level).order_by("-base_revision")

    def rhythms_by_level(self, level_ids: Iterable[UUID]) -> dict[UUID, list[tuple[date, str]]]:
        """Which rhythm each level has had since when, the earliest decision first."""
        rows = (
            self.filter(risk_level__in=level_ids)
            .order_by("risk_level", "base_revision")
            .values_list("risk_level", "starts_on", "rhythm_level")
        )
        found: dict[UUID, list[tuple[date, str]]] = {}
        for level_id, starts_on, rhythm in rows:
            found.setdefault(level_id, []).append((starts_on, rhythm))
        return found


DecisionManager = models.Manager.from_queryset(DecisionQuerySet)


class Decision(SealedModel):
    """Why a level is what it is: written once, by a person or at the end of a term.

    Each kind has conditions of its own, in the database: kpm/database/level_guards.py.
    """

    class Kind(models.TextChoices):
        """On what a decision rests."""

        APPROVED = "approved", _("Approved proposal")
        PROVISIONAL = "provisional", _("Provisional, for safety")
        LAPSED = "lapsed", _("End of what was provisional")
        EXPIRED = "expired", _("End of the term")
        UNDECIDED_DOWN = "undecided_down", _("Step down that nobody decided about in time")
        IMPORTED_DOWN = "imported_down", _("Step down with the official class")
        OBJECTION_UPHELD = "objection_upheld", _("Objection upheld")

    model_code = 6
    owns_key = False

    body = SealedGroup(code=2, version=1, pad=256)

    key_owner = models.UUIDField(db_index=True, editable=False)
    risk_level = models.ForeignKey(
        RiskLevel, verbose_name=_("level"), on_delete=models.PROTECT, related_name="decisions"
    )
    district = models.CharField(_("district"), max_length=6, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    from_level = models.CharField(_("from"), max_length=8, choices=Level.choices)
    to_level = models.CharField(_("to"), max_length=8, choices=Level.choices)
    rhythm_level = models.CharField(_("rhythm"), max_length=8, choices=Level.choices)
    base_revision = models.PositiveIntegerField(_("revision before"))
    proposal = models.OneToOneField(
        Proposal,
        verbose_name=_("proposal"),
        on_delete=models.PROTECT,
        related_name="decision",
        null=True,
        blank=True,
    )
    decided_by = models.ForeignKey(
        User, verbose_name=_("decided by"), on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"))
    starts_on = models.DateField(_("from the day"))
    # When it ends, and when somebody looks again, is a matter of its kind: a day, a moment, never.
    until_on = models.DateField(_("until"), null=True, blank=True)
    until_at = models.DateTimeField(_("until"), null=True, blank=True)
    review_on = models.DateField(_("review"), null=True, blank=True)
    rule_set = models.ForeignKey(
        RuleSet, verbose_name=_("rule set"), on_delete=models.PROTECT, related_name="+"
    )

    reason = SealedTextField(group="body", verbose_name=_("reason"), blank=True)
    # What the decider had in front of them: codes, levels, dates and numbers.
    inputs = SealedJSONField(group="body", verbose_name=_("as seen"), default=dict)
    told = SealedCharField(
        group="body",
        verbose_name=_("was the person told"),
        max_length=16,
        choices=Told.choices,
        default=Told.NEXT_CONTACT,
    )

    objects: ClassVar[DecisionManager["Decision"]] = DecisionManager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ("base_revision", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("risk_level", "base_revision"), name="one_decision_per_revision"
            ),
            # What holds for every kind; what each asks for besides is held by its guard.
            models.CheckConstraint(
                name="a_decision_is_about_one_of_four_levels",
                condition=Q(to_level__in=Level.values, rhythm_level__in=Level.values),
            ),
            models.CheckConstraint(
                name="a_decision_ends_after_it_starts",
                condition=Q(until_on__isnull=True) | Q(until_on__gt=F("starts_on")),
            ),
            models.CheckConstraint(
                name="a_decision_ends_after_it_was_made",
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("decided_at")),
            ),
            models.CheckConstraint(
                name="a_decision_ends_on_a_day_or_at_a_moment",
                condition=Q(until_on__isnull=True) | Q(until_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return str(self.id)
