"""Blind indexes: equality of ID numbers and phones without storing either."""

import re
import unicodedata
from hashlib import blake2b
from typing import Any

from django.db import models

from kpm.vault.keys import ring
from kpm.vault.registry import INDEX_KINDS


class BlindIndexField(models.BigIntegerField):  # type: ignore[type-arg]
    """64 bits of a keyed hash. What it finds is verified after opening. Stays out of history."""

    stays_out_of_history = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"null": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, "django.db.models.BigIntegerField", args, kwargs


def blind_index(scope: str, kind: str, normalised: str) -> int | None:
    """The index of a value in a scope such as "district:321102"; nothing for an empty value."""
    if not normalised:
        return None
    key = ring.scope_key(scope, "blind_index")
    digest = blake2b(
        normalised.encode(),
        digest_size=8,
        key=key.material,
        person=b"kpm index" + bytes((INDEX_KINDS[kind],)),
    ).digest()
    return int.from_bytes(digest, signed=True)


def normalised(kind: str, text: str) -> str:
    """One spelling for one value: full-width digits, blanks, dashes, a small x, +86."""
    if kind not in INDEX_KINDS:
        raise KeyError(kind)
    plain = re.sub(r"[^0-9A-Z+]", "", unicodedata.normalize("NFKC", text).upper())
    return re.sub(r"^(\+86|0086)(?=1\d{10}$)", "", plain) if kind == "phone" else plain
