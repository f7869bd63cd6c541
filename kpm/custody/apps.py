"""The custody of keys as a Django app."""

from django.apps import AppConfig


class CustodyConfig(AppConfig):
    """Has no tables: what it looks after is the vault's."""

    name = "kpm.custody"
    label = "custody"
