"""The tamper-evident log."""

from django.apps import AppConfig

from kpm.database import migrations


class AuditConfig(AppConfig):
    """Also the app through which guards and roles hear of migrations."""

    name = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have guards dropped before and made after each migration."""
        migrations.listen(self)
