"""Background work as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    """Knows what can be done by the registers that other apps fill."""

    name = "kpm.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Import what registers itself: the modules `sweeps` and `handlers` of every app."""
        autodiscover_modules("sweeps", "handlers")
