"""What holds of levels whatever was done: looked at after every test about them."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import Count, F, Q

from risk_levels.models import RiskLevel


def without_a_decision() -> list[str]:
    """Levels that were moved without a decision, now or in any former version of their row."""
    never = Q(revision=0, decision=None, level="ungraded")
    decided = Q(
        revision=F("decision__base_revision") + 1,
        level=F("decision__to_level"),
        decision__risk_level=F("pk"),
        decisions_count=F("revision"),
    )
    now = RiskLevel.objects.annotate(decisions_count=Count("decisions")).exclude(never | decided)
    then = RiskLevel.history.exclude(never).exclude(
        revision=F("decision__base_revision") + 1,
        level=F("decision__to_level"),
        decision__risk_level=F("id"),
    )
    return [f"{level.id} {level.level}" for level in (*now, *then)]


@contextmanager
def undone() -> Iterator[None]:
    """What is written inside was allowed, and does not stay: no level followed it."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
