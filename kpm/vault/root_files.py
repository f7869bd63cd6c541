"""Files that hold a root key: for their owner only, written whole, replaced in one step."""

import os
import stat
from pathlib import Path

from kpm.vault.errors import KeysUnavailable


def beside(path: Path) -> Path:
    """Where the successor of a root key waits."""
    return path.with_name(path.name + ".next")


def is_open_to_others(path: Path) -> bool:
    """Whether anybody but its owner can read it."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def write(path: Path, text: str, *, again: bool = False) -> None:
    """Write a key with mode 0400, on the disk when this returns.

    What exists is never touched, unless it is what a change that was cut off had left.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if again:
        path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    _settle(path.parent)


def replace(path: Path) -> None:
    """The successor takes the place of the file."""
    os.replace(beside(path), path)
    _settle(path.parent)


def read(path: Path) -> str:
    """The text of a file that only its owner can read."""
    try:
        text = path.read_text(encoding="ascii")
        is_open = is_open_to_others(path)
    except (OSError, UnicodeDecodeError):
        raise KeysUnavailable(
            f"The root key file {path.name} cannot be read. Put it back from its own "
            "backup; for a new site make it with: manage.py create_keys"
        ) from None
    if is_open:
        raise KeysUnavailable(
            f"The root key file {path.name} can be read by others: chmod 0400 it."
        )
    return text


def _settle(directory: Path) -> None:
    # The name of a file is on the disk only when its directory is.
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
