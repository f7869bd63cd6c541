"""History with the house settings: every save leaves a row, sealed bytes are copied as they are."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, router, transaction
from simple_history.models import HistoricalRecords

from kpm.ids import uuid7

_Row = TypeVar("_Row", bound="RecordedModel")
BATCH = 1000


def _nobody(historical: models.Model) -> None:
    """The log's pages resolve actors in one query; a history row never fetches one by itself."""
    return


def _set_actor(historical: Any, actor: Any) -> None:
    if actor is not None:
        historical.history_user_id = actor.pk


class History(HistoricalRecords):  # type: ignore[misc]  # simple_history has no types
    """Keeps blobs byte for byte; virtual fields and blind indexes stay out."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            **{
                "history_id_field": models.UUIDField(default=uuid7),
                # No foreign key: an append-only row must outlive whoever wrote it.
                "history_user_id_field": models.UUIDField(null=True),
                "history_user_getter": _nobody,
                "history_user_setter": _set_actor,
                **kwargs,
            }
        )

    def get_extra_fields(self, model: Any, fields: Any) -> dict[str, Any]:
        """An old version says nothing of what it did not keep.

        Otherwise each one would fetch the values that these fields have today, by a query.
        """
        return {**super().get_extra_fields(model, fields), "_history_excluded_fields": ()}

    def fields_included(self, model: Any) -> list[Any]:
        return [
            field
            for field in super().fields_included(model)
            if field.column is not None and not getattr(field, "stays_out_of_history", False)
        ]


class RecordedModel(models.Model):
    """A row that people change: who and why go with every save into its history."""

    class Meta:
        abstract = True

    def save_as(
        self, *, by: Any, reason: str = "", update_fields: Iterable[str] | None = None
    ) -> None:
        """Save in the name of somebody; row and history row are written together or not at all."""
        with self._acting(by, reason):
            self.save(update_fields=update_fields)

    def delete_as(self, *, by: Any, reason: str = "") -> None:
        """Delete in the name of somebody."""
        with self._acting(by, reason):
            self.delete()

    def _acting(self, by: Any, reason: str) -> "_Acting":
        return _Acting(self, by, reason)


class _Acting:
    """Sets the actor and reason on an instance and takes them off again: they would stick."""

    def __init__(self, row: RecordedModel, by: Any, reason: str) -> None:
        self.row = row
        self.by = by
        self.reason = reason
        self.atomic = transaction.atomic(using=router.db_for_write(type(row)), savepoint=False)

    def __enter__(self) -> None:
        self.row.__dict__.update(_history_user=self.by, _change_reason=self.reason)
        self.atomic.__enter__()

    def __exit__(self, *error: Any) -> None:
        try:
            self.atomic.__exit__(*error)
        finally:
            for name in ("_history_user", "_change_reason"):
                self.row.__dict__.pop(name, None)


def bulk_create_as(
    model: type[_Row],
    rows: Sequence[_Row],
    *,
    by: Any,
    reason: str = "",
    at: datetime | None = None,
) -> list[_Row]:
    """Insert many rows with the same history rows that single saves would have written."""
    manager: Any = model.objects  # type: ignore[attr-defined]  # any model that seals
    with transaction.atomic(using=router.db_for_write(model), savepoint=False):
        created: list[_Row] = manager.bulk_create(rows, batch_size=BATCH)
        _bulk_history(model, created, by=by, reason=reason, at=at, update=False)
    return created


def bulk_update_as(
    model: type[_Row],
    rows: Sequence[_Row],
    fields: Collection[str],
    *,
    by: Any,
    reason: str = "",
    at: datetime | None = None,
) -> None:
    """Update many rows with the same history rows that single saves would have written."""
    manager: Any = model.objects  # type: ignore[attr-defined]  # any model that seals
    with transaction.atomic(using=router.db_for_write(model), savepoint=False):
        manager.bulk_update(rows, fields, batch_size=BATCH)
        _bulk_history(model, rows, by=by, reason=reason, at=at, update=True)


def _bulk_history(
    model: Any, rows: Sequence[Any], *, by: Any, reason: str, at: datetime | None, update: bool
) -> None:
    model.history.bulk_history_create(
        rows,
        batch_size=BATCH,
        update=update,
        default_user=by,
        default_change_reason=reason,
        default_date=at,
    )
