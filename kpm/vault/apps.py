"""The vault as a Django app."""

from django.apps import AppConfig
from django.core.checks import register


class VaultConfig(AppConfig):
    """Keys live on the alias `keys`, search shards on `default`."""

    name = "kpm.vault"
    label = "vault"

    def ready(self) -> None:
        from kpm.vault.ciphers import check_suite
        from kpm.vault.providers import check_place

        register(check_place, "vault", deploy=True)
        # At every start and before every command: what cannot seal must not serve.
        register(check_suite, "vault")
