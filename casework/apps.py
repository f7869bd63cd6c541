"""The app of people, case files, support, visits, plans, ledgers and reports."""

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    """Everything about the people that this is for."""

    name = "casework"
    label = "casework"
