"""The vault as a Django app."""

from django.apps import AppConfig
from django.core.checks import register


class VaultConfig(AppConfig):
    """Keys live on the alias `keys`, search shards on `default`."""

    name = "kpm.vault"
    label = "vault"

    def ready(self) -> None:
        from kpm.vault import ciphers, providers, storage

        for check in (providers.check_place, storage.check_place):
            register(check, "vault", deploy=True)
        # At every start and before every command: what cannot seal must not serve.
        register(ciphers.check_suite, "vault")
