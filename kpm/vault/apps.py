"""The vault as a Django app."""

from django.apps import AppConfig
from django.core.checks import register


class VaultConfig(AppConfig):
    """Keys live on the alias `keys`, search shards on `default`."""

    name = "kpm.vault"
    label = "vault"

    def ready(self) -> None:
        from kpm.vault import providers, storage

        for check in (providers.check_place, storage.check_place):
            register(check, "vault", deploy=True)
