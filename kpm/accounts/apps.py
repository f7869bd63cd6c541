"""The app of accounts, units, grants and sessions."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who, where, which rows."""

    name = "kpm.accounts"
    label = "accounts"
