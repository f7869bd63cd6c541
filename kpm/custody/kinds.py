"""Which keys can be changed."""

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """Keys that take over from keys, from the top down."""

    ROOT = "root", _("Root key")
    VAULT = "vault", _("Vault key")
    SEARCH = "search", _("Search keys")
    INDEX = "index", _("Index keys")

    @property
    def job(self) -> str:
        """The kind of the job that changes them."""
        return f"keys.{self.value}"


@dataclass(frozen=True)
class Keys:
    """The keys of one kind, as the log names them."""

    kind: str
    log_type: ClassVar[str] = "key"

    @property
    def log_reference(self) -> str:
        """Such as k:vault."""
        return f"k:{self.kind}"
