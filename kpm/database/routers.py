"""Which table lives in which database."""

from typing import Any

from django.db import models

# Wrapped keys are kept and backed up apart from what they open.
KEYS_MODELS = frozenset({"vault.vaultkey", "vault.datakey", "vault.scopekey"})
# Other doors to `default`, behind which less is allowed; nothing lives there.
DOORS = frozenset({"sequencer", "auditor"})


class KeysRouter:
    """Keys on `keys`, everything else on `default`."""

    def _place(self, model: type[models.Model] | models.Model) -> str:
        return "keys" if model._meta.label_lower in KEYS_MODELS else "default"

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str:
        """Where a model is read when nobody says otherwise."""
        return self._place(model)

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str:
        """Where a model is written."""
        return self._place(model)

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        """Relations stay inside one database."""
        # Not type(): the signed-in user of a request comes wrapped.
        return self._place(one) == self._place(other)

    def allow_migrate(
        self, db: str, app_label: str, model_name: str | None = None, **hints: Any
    ) -> bool | None:
        """Only its own tables are made in a database."""
        if db in DOORS:
            return False
        if model_name is None:
            # Hand-written steps say with `tables="keys"` that they are about keys.
            return bool(hints.get("tables", "default") == db)
        is_key = f"{app_label}.{model_name}".lower() in KEYS_MODELS
        return is_key == (db == "keys")
