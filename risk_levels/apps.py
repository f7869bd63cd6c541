"""The app of levels."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RiskLevelsConfig(AppConfig):
    """Levels and the decisions about them; knows no people."""

    name = "risk_levels"
    verbose_name = _("levels")

    def ready(self) -> None:
        """Tell the accounts, which lie below, what a grant may be limited to."""
        from kpm.accounts import scoping
        from risk_levels.populations import POPULATIONS

        scoping.POPULATIONS.update({code: each.label for code, each in POPULATIONS.items()})
