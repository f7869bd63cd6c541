"""The site itself as an app: its templates, tags, commands and checks."""

from django.apps import AppConfig


class SiteConfig(AppConfig):
    """The roof."""

    name = "kpm"

    def ready(self) -> None:
        """Register the checks."""
        from kpm import checks  # noqa: F401 the registration is its effect
