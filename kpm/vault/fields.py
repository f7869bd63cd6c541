"""The door to sealed models: a base class, a queryset, groups and fields."""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import Any, Self, TypeVar

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models

from kpm.ids import uuid7
from kpm.vault.errors import Sealed
from kpm.vault.groups import (
    SealedBooleanField,
    SealedCharField,
    SealedDateField,
    SealedGroup,
    SealedIntegerField,
    SealedJSONField,
    SealedTextField,
    VirtualField,
    layout_of,
)
from kpm.vault.history import RecordedModel
from kpm.vault.opening import Reading, open_groups
from kpm.vault.registry import MODELS, TEST_MODELS
from kpm.vault.sealing import columns_of, seal_rows
from kpm.vault.written import remember

__all__ = [
    "SealedBooleanField",
    "SealedCharField",
    "SealedDateField",
    "SealedGroup",
    "SealedIntegerField",
    "SealedJSONField",
    "SealedModel",
    "SealedQuerySet",
    "SealedTextField",
]

_Row = TypeVar("_Row", bound=models.Model)
CHUNK = 500


class SealedQuerySet(models.QuerySet[_Row]):
    """Rows whose groups open when they are fetched, and seal when they are written in bulk."""

    _opening: tuple[tuple[str, ...], Reading] | None = None

    def opened(self, *groups: str, reading: Reading) -> Self:
        """Fetch with these groups open: one more query for the keys of the whole page."""
        if reading is None:
            raise Sealed("nothing is opened without a reading context")
        clone = self._chain()  # type: ignore[attr-defined]  # the stubs leave Django's inner parts out
        clone._opening = (groups, reading)
        return clone  # type: ignore[no-any-return]  # a copy of this one

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]  # the stubs leave Django's inner parts out
        clone._opening = self._opening
        return clone  # type: ignore[no-any-return]  # a copy of this one

    def _fetch_all(self) -> None:
        is_fresh = self._result_cache is None
        super()._fetch_all()
        if is_fresh and self._opening is not None:
            self._open(self._result_cache or [], *self._opening)

    def iterator(self, chunk_size: int | None = None) -> Iterator[_Row]:
        rows = super().iterator(chunk_size)
        if self._opening is None:
            yield from rows
            return
        while chunk := list(islice(rows, chunk_size or CHUNK)):
            self._open(chunk, *self._opening)
            yield from chunk

    def _open(self, rows: Iterable[_Row], groups: tuple[str, ...], reading: Reading) -> None:
        if self._fields is not None:  # type: ignore[attr-defined]  # the stubs leave Django's inner parts out
            raise FieldError("opened() gives rows: values() cannot carry sealed fields")
        open_groups(rows, *groups, reading=reading)

    def update(self, **values: Any) -> int:
        sealed = layout_of(self.model).group_of.keys() & values.keys()
        if sealed:
            raise FieldError(f"update() cannot seal {', '.join(sorted(sealed))}")
        return super().update(**values)

    def bulk_create(self, objs: Iterable[_Row], *args: Any, **kwargs: Any) -> list[_Row]:
        rows = list(objs)
        seal_rows(rows)
        if kwargs.get("update_fields"):
            layout = layout_of(self.model)
            kwargs["update_fields"] = sorted(columns_of(layout, kwargs["update_fields"]))
        created: list[_Row] = super().bulk_create(rows, *args, **kwargs)
        remember(rows)
        return created

    def bulk_update(
        self, objs: Iterable[_Row], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        rows = list(objs)
        columns = columns_of(layout_of(self.model), fields)
        seal_rows(rows, columns)
        count = super().bulk_update(rows, sorted(columns), *args, **kwargs)
        remember(rows, columns)
        return count


class SealedModel(RecordedModel):
    """A row with sealed groups. Its id is known before it is inserted: it is bound into them."""

    # The code of the model in kpm/vault/registry.py.
    model_code: int = 0
    # True: the row has a data key of its own. False: `key_owner` names the row that has it.
    owns_key: bool = False
    # False: rows that come and go while something is prepared.
    is_named_in_the_log: bool = True

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The generation of the key; 0 = destroyed, looked at before any cache.
    key_gen = models.PositiveSmallIntegerField(default=1, editable=False)

    objects = SealedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        columns = None
        if update_fields is not None:
            columns = columns_of(layout_of(type(self)), update_fields)
        seal_rows([self], columns)
        super().save(*args, update_fields=columns, **kwargs)
        remember([self], columns)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        """Opened values of what is read again are dropped: open it again with a reading."""
        layout = layout_of(type(self))
        columns = None if fields is None else columns_of(layout, fields)
        super().refresh_from_db(
            using=using,
            fields=None if columns is None else sorted(columns),
            from_queryset=from_queryset,
        )
        for name, group in layout.group_of.items():
            if columns is None or group.name in columns:
                self.__dict__.pop(name, None)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Sealed fields are checked where they are in memory; the others cannot have changed."""
        away = {name for name in layout_of(type(self)).group_of if name not in self.__dict__}
        super().clean_fields(exclude={*(exclude or ()), *away})

    def __getstate__(self) -> dict[str, Any]:
        """Opened values stay out of pickles and copies."""
        state = super().__getstate__()
        layout = layout_of(type(self))
        for name, group in layout.group_of.items():
            if name in state and state.get(group.name) is None:
                raise Sealed(f"a new {layout.label} is saved before it is pickled or copied")
            state.pop(name, None)
        return state

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *_check_layout(cls)]


def _check_layout(model: type[SealedModel]) -> list[checks.CheckMessage]:
    layout = layout_of(model)
    problems = []
    registered = MODELS.get(model.model_code)
    if model.model_code < TEST_MODELS and registered != model._meta.label:
        problems.append("its model code is not registered for it")
    virtual = [f for f in model._meta.private_fields if isinstance(f, VirtualField)]
    problems += [f"{f.name} names no sealed group" for f in virtual if f.group not in layout.groups]
    codes = [group.code for group in layout.groups.values()]
    if len(set(codes)) < len(codes):
        problems.append("two groups have one code")
    for group in layout.groups.values():
        since = [field.since for field in group.fields]
        if since != sorted(since) or (since and since[-1] > group.version):
            problems.append(f"the fields of {group.name} are not in the order of its versions")
    if not isinstance(model.objects.all(), SealedQuerySet):
        problems.append("its manager is not made from a SealedQuerySet")
    if not model.owns_key and not any(f.name == "key_owner" for f in model._meta.local_fields):
        problems.append("it neither owns a key nor has a key_owner")
    return [
        checks.Error(f"{model._meta.label}: {problem}", obj=model, id="vault.E001")
        for problem in problems
    ]
