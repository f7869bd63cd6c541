"""The exception of what never changes: bytes whose key was destroyed are taken out of a row."""

from functools import cache

from django.apps import apps
from django.db import models

GENERATION = "key_gen"


@cache
def _columns() -> dict[str, tuple[frozenset[str], tuple[str, ...]]]:
    """Each sealed table: the columns that hold sealed bytes, and all others."""
    found = {}
    for model in apps.get_models():
        fields = model._meta.local_concrete_fields
        sealed = frozenset(str(f.column) for f in fields if isinstance(f, models.BinaryField))
        names = [str(f.column) for f in fields]
        if GENERATION in names and sealed:
            kept = tuple(name for name in names if name not in sealed and name != GENERATION)
            found[model._meta.db_table] = (sealed, kept)
    return found


def forgettable(table: str) -> frozenset[str]:
    """The columns that forgetting may write."""
    return _columns()[table][0] | {GENERATION} if table in _columns() else frozenset()


def only_forgets(table: str) -> str:
    """SQL: the update says that the key was destroyed, empties every sealed column, no more."""
    if table not in _columns():
        return "FALSE"
    sealed, kept = _columns()[table]
    return " AND ".join(
        [
            f'NEW."{GENERATION}" = 0',
            *(f'NEW."{name}" IS NULL' for name in sorted(sealed)),
            *(f'NEW."{name}" IS NOT DISTINCT FROM OLD."{name}"' for name in kept),
        ]
    )
