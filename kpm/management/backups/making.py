"""Makes a backup: the data first, then the keys, so that no row is without its key."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.db import transaction

from audit import log
from audit.events import Event, Outcome
from casework.actions import replays as destroyed
from kpm import replay_log
from kpm.accounts import replays as ended
from kpm.database import dumps, readiness
from kpm.errors import Refused
from kpm.ids import uuid7
from kpm.management.backups import artefacts
from kpm.management.backups.artefacts import DATA, KEYS, Heard, Manifest, Writer
from kpm.vault import archives, storage

BY: Final = log.System("operator")
KEYS_OF_DATA: Final = "backup_keys"


@dataclass(frozen=True)
class Backup:
    """A backup as the log names it."""

    name: str
    log_type: str = "backup"

    @property
    def log_reference(self) -> str:
        """Its name without an ending, which both artefacts share."""
        return self.name.partition(".")[0]


@dataclass(frozen=True)
class Made:
    """What there is now, and what went."""

    data: Path
    bundle: Path
    files: int
    removed: list[Path]


def make(folder: Path, keys_folder: Path, *, keep: timedelta, now: datetime, heard: Heard) -> Made:
    """Both artefacts, each whole or not there; bundles that are too old go."""
    if readiness.is_half_restored():
        raise Refused("A restore has begun and not ended: there is nothing to keep yet.")
    if keep > timedelta(days=settings.KPM_KEY_BUNDLE_DAYS):
        raise Refused(
            f"Bundles of keys are kept for KPM_KEY_BUNDLE_DAYS ({settings.KPM_KEY_BUNDLE_DAYS}) "
            "at most: certificates of destruction say so."
        )
    with artefacts.held(folder, keys_folder, Path(settings.DATA_DIR)):
        for place in {folder, keys_folder}:
            artefacts.remove_leftovers(place)
        dumps.remove_leftovers()
        # Before anything is copied: what ended until now is on record from now on.
        replay_log.begin()
        ended.note_missing()
        destroyed.note_missing()
        backup = Backup(artefacts.name_of(now, DATA))
        try:
            data, files = _data(folder, now, heard)
            bundle = _bundle(keys_folder, now, heard)
        except Exception:
            _record(Event.BACKUP_CREATED, backup, count=0, outcome=Outcome.ERROR)
            raise
        _record(Event.BACKUP_CREATED, backup, count=files)
        removed = artefacts.older_than(keys_folder, KEYS, now - keep)
        for path in removed:
            _record(Event.BACKUP_REMOVED, Backup(path.name), rule="keys")
            artefacts.remove(path)
    return Made(data, bundle, files, removed)


def _record(event: Event, backup: Backup, **more: object) -> None:
    with transaction.atomic():
        log.record(event, by=BY, target=backup, **more)  # type: ignore[arg-type]  # keywords of record


def _data(folder: Path, now: datetime, heard: Heard) -> tuple[Path, int]:
    """The database and, after it, the files: each that a row names was there before the row."""
    backup_id = uuid7()
    key = archives.key_of_data(backup_id)
    manifest = Manifest(DATA, str(backup_id), now.isoformat(), dumps.engine())
    files = 0
    try:
        with artefacts.written(folder, manifest, key) as writer:
            writer.pieces("default", dumps.taken("default", lambda n: heard("data", n)))
            for file in _files():
                with file:
                    writer.file(f"files/{os.path.basename(file.name)}", file)
                files += 1
                heard("files", files)
    except Exception:
        archives.forget_key_of_data(backup_id)
        raise
    return folder / artefacts.name_of(now, DATA), files


def _files() -> Iterator[BinaryIO]:
    for name in sorted(os.listdir(storage.directory())):
        if name.endswith(storage.WHOLE):
            try:
                yield cast(BinaryIO, (storage.directory() / name).open("rb"))
            except FileNotFoundError:
                # Destroyed while we looked: nobody opens it any more.
                continue


def _bundle(folder: Path, now: datetime, heard: Heard) -> Path:
    """The keys database, and the keys of every backup of the data."""
    key, wrapped = archives.key_of_bundle()
    manifest = Manifest(
        KEYS,
        str(uuid7()),
        now.isoformat(),
        dumps.engine(),
        key=wrapped.key.hex(),
        root_check=wrapped.root_check.hex(),
    )
    with artefacts.written(folder, manifest, key) as writer:
        writer.pieces("keys", dumps.taken("keys", lambda n: heard("keys", n)))
        _add_keys_of_data(writer)
    return folder / artefacts.name_of(now, KEYS)


def _add_keys_of_data(writer: Writer) -> None:
    found = {str(backup): key.hex() for backup, key in archives.keys_of_data().items()}
    writer.pieces(KEYS_OF_DATA, [json.dumps(found).encode()])
