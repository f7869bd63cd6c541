"""The vault as a Django app."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Keys live on the alias `keys`, search shards on `default`."""

    name = "kpm.vault"
    label = "vault"
