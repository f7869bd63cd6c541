"""Puts a backup back: all of it is verified before anything is touched, and ended at the end.

From the first change to the last there is a mark that keeps the site from starting. Whoever was cut
off in between begins again with the same command.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone

from audit import checkpoints, log
from audit.actions import verify_log
from audit.events import Event
from audit.verifications import Result
from casework.actions import replays as destroyed
from kpm import replay_log
from kpm.accounts import replays as ended
from kpm.accounts.actions import Opened, system_account
from kpm.database import commit_orders, dumps, readiness
from kpm.errors import Refused
from kpm.management.backups import artefacts
from kpm.management.backups.artefacts import DATA, KEYS, Artefact, Heard
from kpm.management.backups.making import BY, KEYS_OF_DATA, Backup
from kpm.vault import archives, rehearsals, storage
from kpm.vault.keys import OpenedKey, ring

ALIASES: Final = ("default", "keys")
RUNNING: Final = "The site is running: stop the server and the worker first."
SAMPLE: Final = 1_000


@dataclass(frozen=True)
class Restored:
    """What was done besides putting everything back."""

    made: datetime
    files: int
    sessions: int
    destroyed: int
    grants: int
    accounts: int
    passwords: int
    opened: list[Opened]
    # How many sealed values were tried, and how many of them opened.
    tried: int
    readable: int
    log: Result

    @property
    def is_good(self) -> bool:
        """Whether everything can be read, and the log is whole."""
        return self.readable == self.tried and self.log.is_good


@dataclass(frozen=True)
class Pair:
    """Both artefacts with their keys, after every byte of them was found right."""

    data: Artefact
    data_key: OpenedKey
    bundle: Artefact
    bundle_key: OpenedKey
    files: int


def restore(
    folder: Path,
    bundle: Path,
    *,
    replaces: bool,
    without_replay_log: bool,
    now: datetime,
    heard: Heard,
) -> Restored:
    """Verify, put back, end again what had ended; what stands afterwards may be served."""
    if not (replay_log.path().exists() or without_replay_log):
        raise Refused(
            f"The replay log {replay_log.path().name} is not there. It says which roles ended and "
            "which files were destroyed since the backup: put it back first."
        )
    if replay_log.path().exists() and not replay_log.is_usable():
        raise Refused(
            f"The replay log {replay_log.path().name} is empty or was changed: put back the one "
            "that was written here."
        )
    readiness.refuse_without_sequencer()
    with artefacts.held(Path(settings.DATA_DIR)), _nobody_serving():
        pair = verified(folder, bundle, heard)
        with dumps.as_owner():
            _check_place(replaces=replaces)
            _put_back(pair, heard)
        ring.forget()
        done = _end_again(pair, now)
        _unmark()
    return done


@contextmanager
def _nobody_serving() -> Iterator[None]:
    lock = readiness.hold(alone=True)
    if lock is None:
        raise Refused(RUNNING)
    try:
        yield
    finally:
        os.close(lock)


def verified(folder: Path, bundle: Path, heard: Heard) -> Pair:
    """Open both artefacts from their first byte to their last."""
    data, keys = Artefact.at(folder, DATA), Artefact.at(bundle, KEYS)
    for each in (data, keys):
        if each.manifest.engine != dumps.engine():
            raise Refused(f"{each.path.name} was made on {each.manifest.engine}.")
        each.check_bytes(heard)
    bundle_key = archives.opened_key_of_bundle(keys.manifest.wrapped)
    keys.check_parts(bundle_key, heard)
    known = _keys_of_data(keys, bundle_key)
    if data.manifest.backup_id not in known:
        raise Refused(
            f"{bundle.name} does not open {folder.name}: take the bundle that was made with it, or "
            "a later one."
        )
    data_key = archives.given(known[data.manifest.backup_id])
    found = data.check_parts(data_key, heard)
    return Pair(data, data_key, keys, bundle_key, found.get("files", 0))


def _keys_of_data(bundle: Artefact, key: OpenedKey) -> dict[UUID, bytes]:
    (said,) = (
        json.loads(content.read())
        for name, content in bundle.parts(key)
        if name.startswith(KEYS_OF_DATA)
    )
    return {UUID(backup): bytes.fromhex(key) for backup, key in said.items()}


def _check_place(*, replaces: bool) -> None:
    is_empty = all(dumps.is_empty(alias) for alias in ALIASES) and not any(_files())
    if not (is_empty or replaces or readiness.is_half_restored()):
        raise Refused("This site is not empty. To lose what it holds, say --replace.")
    if any(dumps.is_used(alias) for alias in ALIASES):
        raise Refused(RUNNING)


def _files() -> Iterator[Path]:
    for ending in (storage.WHOLE, storage.PART):
        yield from storage.directory().glob(f"*{ending}")


def _put_back(pair: Pair, heard: Heard) -> None:
    _mark()
    for alias in ALIASES:
        dumps.clear(alias)
    for path in list(_files()):
        path.unlink()
    for alias, artefact, key in (
        ("keys", pair.bundle, pair.bundle_key),
        ("default", pair.data, pair.data_key),
    ):
        _fill(alias, artefact, key, heard)
    dumps.forget_connections()
    for alias in ALIASES:
        # An older copy learns what is new, and every guard and right is put in its place.
        call_command("migrate", database=alias, verbosity=0)


def _fill(alias: str, artefact: Artefact, key: OpenedKey, heard: Heard) -> None:
    """The database, and the files that follow it in the same stream."""
    for part, members in groupby(artefact.parts(key), _part):
        if part == alias:
            dumps.put_back(alias, _pieces(alias, members, heard))
        elif part == "files":
            for number, (name, content) in enumerate(members, start=1):
                _put_file(name, content)
                heard("files", number)


def _part(member: tuple[str, BinaryIO]) -> str:
    return member[0].partition("/")[0]


def _pieces(alias: str, members: Iterator[tuple[str, BinaryIO]], heard: Heard) -> Iterator[bytes]:
    size = 0
    for _name, content in members:
        piece = content.read()
        size += len(piece)
        heard(f"{alias} put back", size)
        yield piece


def _put_file(name: str, content: BinaryIO) -> None:
    file_id = UUID(Path(name).name.removesuffix(storage.WHOLE))
    with storage.written(file_id) as target:
        while piece := content.read(artefacts.PIECE):
            target.write(piece)


def _end_again(pair: Pair, now: datetime) -> Restored:
    """Nothing that had ended comes back, and the log goes on."""
    ring.active_vault_key()
    commit_orders.begin_epoch(connections[checkpoints.DATABASE])
    since, by = pair.data.manifest.made, system_account("work")
    sessions = ended.end_all_sessions()
    accounts = ended.replay(since=since, by=by, today=timezone.localdate(now))
    files = destroyed.replay(now=now)
    with transaction.atomic():
        log.record(
            Event.BACKUP_RESTORED,
            by=BY,
            target=Backup(artefacts.name_of(since, DATA)),
            count=pair.files,
        )
    while checkpoints.sequence_once(now):
        pass
    tried, readable = rehearsals.sample("default", SAMPLE)
    return Restored(
        made=since,
        files=pair.files,
        sessions=sessions,
        destroyed=files,
        grants=accounts.grants,
        accounts=accounts.accounts,
        passwords=accounts.passwords,
        opened=accounts.opened,
        tried=tried,
        readable=readable,
        log=verify_log(by=BY),
    )


# --- the mark


def _mark() -> None:
    place = readiness.half_restored()
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fsync(descriptor)
    os.close(descriptor)
    artefacts.keep_names(place.parent)


def _unmark() -> None:
    readiness.half_restored().unlink()
    artefacts.keep_names(readiness.half_restored().parent)
