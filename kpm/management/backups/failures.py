"""What may go wrong on the way, in words for the operator."""

from typing import Final

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as DatabaseFault

from audit.log import NotWritten
from kpm.database.dumps import Failed
from kpm.vault.errors import VaultError

FAILURES: Final = (
    Failed,
    ImproperlyConfigured,
    VaultError,
    NotWritten,
    DatabaseFault,
    OSError,
)


def words_of(failed: BaseException) -> str:
    """One line: what a database says below its first may be about rows."""
    return str(failed).partition("\n")[0]
