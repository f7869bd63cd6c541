"""Where sealed files lie: one directory, names that say nothing, each whole or not there."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from django.conf import settings
from django.core.checks import CheckMessage, Error

WHOLE: Final = ".cvf"
PART: Final = ".part"
BATCH: Final = 500


def directory() -> Path:
    """The directory; made when it is not there, for nobody but us."""
    place = Path(settings.KPM_FILES_DIR)
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def path_of(file_id: UUID) -> Path:
    """The place of one file."""
    return directory() / f"{file_id.hex}{WHOLE}"


@contextmanager
def written(file_id: UUID) -> Iterator[BinaryIO]:
    """A new file. It has its name only when all of it is on the disk, whenever the power goes."""
    whole = path_of(file_id)
    part = whole.with_suffix(PART)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.rename(whole)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _keep_names(whole.parent)


def _keep_names(place: Path) -> None:
    """A new name is on the disk when its directory is."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(file_id: UUID) -> None:
    """Take a file away."""
    path_of(file_id).unlink(missing_ok=True)


def settled(before: datetime) -> Iterator[set[UUID]]:
    """The files that have been there since before this moment, some at a time.

    What was half written then is half written for ever, and goes.
    """
    names = [entry.name for entry in os.scandir(directory()) if _is_older(entry, before)]
    for name in names:
        if name.endswith(PART):
            (directory() / name).unlink(missing_ok=True)
    found = [UUID(name.removesuffix(WHOLE)) for name in names if name.endswith(WHOLE)]
    for start in range(0, len(found), BATCH):
        yield set(found[start : start + BATCH])


def _is_older(entry: "os.DirEntry[str]", before: datetime) -> bool:
    with suppress(FileNotFoundError):
        return entry.stat().st_mtime < before.timestamp()
    # It got its name, or went, while we looked.
    return False


def check_place(**_options: Any) -> list[CheckMessage]:
    """Sealed or not, the files are for this program alone."""
    place = Path(settings.KPM_FILES_DIR)
    if place.exists() and stat.S_IMODE(place.stat().st_mode) & 0o077:
        return [Error(f"The directory {place.name} can be read by others.", id="vault.E003")]
    return []
