"""One artefact on the disk: a folder with a manifest and a sealed stream, whole or not there."""

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from kpm.errors import Refused
from kpm.vault import archives
from kpm.vault.keys import OpenedKey

FORMAT: Final = 1
DATA: Final = "data"
KEYS: Final = "keys"
PURPOSES: Final = {DATA: archives.DATA, KEYS: archives.BUNDLE}
PART: Final = ".part"
MANIFEST: Final = "manifest.json"
SEALED: Final = "sealed"
CONTENTS: Final = "contents.json"
# To the microsecond: two that are made one after the other have two names.
STAMP: Final = "%Y%m%dT%H%M%S%fZ"
NAME: Final = re.compile(r"kpm-(\d{8}T\d{12}Z)\.(data|keys)")
PIECE: Final = 1024 * 1024

Heard = Callable[[str, int], None]


@dataclass(frozen=True)
class Manifest:
    """What lies beside a sealed stream in clear: nothing in it is anybody's."""

    kind: str
    id: str
    made_at: str
    engine: str
    size: int = 0
    sha256: str = ""
    # Of a bundle: its key under the root key, and which root key that is.
    key: str = ""
    root_check: str = ""
    format: int = FORMAT

    @property
    def backup_id(self) -> UUID:
        """Bound into the stream."""
        return UUID(self.id)

    @property
    def made(self) -> datetime:
        """When it was begun."""
        return datetime.fromisoformat(self.made_at)

    @property
    def wrapped(self) -> archives.Wrapped:
        """The key of a bundle."""
        return archives.Wrapped(bytes.fromhex(self.key), bytes.fromhex(self.root_check))


def name_of(now: datetime, kind: str) -> str:
    """What an artefact is called: when it was made, and which of the two it is."""
    return f"kpm-{now.astimezone(UTC):{STAMP}}.{kind}"


@contextmanager
def held(*folders: Path) -> Iterator[None]:
    """One backup or restore at a time in each of these; what was cut off there is over."""
    with ExitStack() as stack:
        for folder in sorted({folder.resolve() for folder in folders}):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refused("Another backup or restore is at work there.") from None
        yield


def remove_leftovers(folder: Path) -> None:
    """Take away what was cut off; nobody else is at work here."""
    for each in folder.glob(f"kpm-*{PART}"):
        shutil.rmtree(each)


def older_than(folder: Path, kind: str, moment: datetime) -> list[Path]:
    """The artefacts of a kind that were made before."""
    return [
        path
        for path in sorted(folder.iterdir())
        if (found := NAME.fullmatch(path.name))
        and found[2] == kind
        and datetime.strptime(found[1], STAMP).replace(tzinfo=UTC) < moment
    ]


def remove(path: Path) -> None:
    """Take an artefact away: from the first step on it is none any more."""
    going = path.with_name(path.name + PART)
    path.rename(going)
    keep_names(path.parent)
    shutil.rmtree(going)
    keep_names(path.parent)


class Counted(io.RawIOBase):
    """What is written, counted and hashed on its way."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any, /) -> int:
        self._target.write(piece)
        self._hash.update(piece)
        self.size += len(piece)
        return len(piece)

    @property
    def sha256(self) -> str:
        """Of everything so far."""
        return self._hash.hexdigest()


def said_of(made_at: str, parts: dict[str, int]) -> dict[str, Any]:
    """The last words of an artefact."""
    return {"made_at": made_at, "parts": parts}


class Writer:
    """Puts parts into an artefact that is being made."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._parts: dict[str, int] = {}

    def pieces(self, part: str, pieces: Iterable[bytes]) -> None:
        """A part whose length nobody knows before its end."""
        self._parts[part] = 0
        for number, piece in enumerate(pieces):
            self._add(f"{part}/{number:08}", io.BytesIO(piece), len(piece))
            self._parts[part] += 1

    def file(self, part: str, source: BinaryIO) -> None:
        """A file as it is."""
        self._parts["files"] = self._parts.get("files", 0) + 1
        self._add(part, source, os.fstat(source.fileno()).st_size)

    def finish(self, made_at: str) -> None:
        """Say what there is, and of when: without these last words nothing is whole."""
        words = json.dumps(said_of(made_at, self._parts), sort_keys=True).encode()
        self._add(CONTENTS, io.BytesIO(words), len(words))

    def _add(self, name: str, source: BinaryIO, size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        self._tar.addfile(member, source)


@contextmanager
def written(folder: Path, manifest: Manifest, key: OpenedKey) -> Iterator[Writer]:
    """A new artefact. It has its name only when all of it is on the disk."""
    whole = folder / name_of(manifest.made, manifest.kind)
    if whole.exists():
        raise Refused(f"There is a {whole.name} already.")
    part = whole.with_name(whole.name + PART)
    part.mkdir(mode=0o700)
    try:
        with _new(part / SEALED) as file:
            counted = Counted(file)
            sealer = archives.sealer(cast(BinaryIO, counted), key, manifest.backup_id)
            with tarfile.open(fileobj=sealer, mode="w|", format=tarfile.PAX_FORMAT) as tar:  # type: ignore[call-overload]  # a file that is only written to
                writer = Writer(tar)
                yield writer
                writer.finish(manifest.made_at)
            sealer.finish()
            file.flush()
            os.fsync(file.fileno())
        said = asdict(manifest) | {"size": counted.size, "sha256": counted.sha256}
        with _new(part / MANIFEST) as file:
            file.write(json.dumps(said, indent=1, sort_keys=True).encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
        keep_names(part)
        part.rename(whole)
        keep_names(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _new(path: Path) -> BinaryIO:
    """A file that was not there before, for nobody but us."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@dataclass(frozen=True)
class Artefact:
    """A whole one, to be read."""

    path: Path
    manifest: Manifest

    @classmethod
    def at(cls, path: Path, kind: str) -> "Artefact":
        """The artefact in this folder, if it says that it is one of this kind."""
        try:
            said = json.loads((path / MANIFEST).read_text(encoding="ascii"))
            manifest = Manifest(**said)
            is_ours = manifest.format == FORMAT and manifest.kind == kind
            is_ours = is_ours and bool(manifest.backup_id and manifest.wrapped)
            is_ours = is_ours and manifest.made.tzinfo is not None
        except (OSError, ValueError, TypeError, AttributeError):
            is_ours = False
        if not is_ours:
            raise Refused(f"{path.name} is not the {kind} of a backup.")
        return cls(path, manifest)

    def check_bytes(self, heard: Heard) -> None:
        """Whether the sealed stream is as long as it was, and the same."""
        digest, size = hashlib.sha256(), 0
        with (self.path / SEALED).open("rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                size += len(piece)
                heard(f"{self.path.name} read", size)
        if (size, digest.hexdigest()) != (self.manifest.size, self.manifest.sha256):
            raise Refused(f"{self.path.name} is not as its manifest says: it is damaged.")

    def parts(self, key: OpenedKey) -> Iterator[tuple[str, BinaryIO]]:
        """Every part in its order; nothing of one is given out before it was found right."""
        purpose = PURPOSES[self.manifest.kind]
        with (
            (self.path / SEALED).open("rb", buffering=0) as file,
            archives.opened(cast(BinaryIO, file), key, self.manifest.backup_id, purpose) as source,
            tarfile.open(fileobj=source, mode="r|") as tar,
        ):
            for member in tar:
                content = tar.extractfile(member)
                if content is None:
                    raise Refused(f"{self.path.name} holds something that is no file.")
                yield member.name, cast(BinaryIO, content)
            while source.read(PIECE):
                pass  # what comes after the end of the archive is verified as well

    def check_parts(self, key: OpenedKey, heard: Heard) -> dict[str, int]:
        """Open everything once, and look whether all is there; what there is of each part."""
        found: dict[str, int] = {}
        said = None
        size = 0
        for name, content in self.parts(key):
            if name == CONTENTS:
                said = json.loads(content.read())
                continue
            part = name.partition("/")[0]
            found[part] = found.get(part, 0) + 1
            while piece := content.read(PIECE):
                size += len(piece)
                heard(f"{self.path.name} opened", size)
        # The manifest lies in clear: what counts of it is bound into the stream.
        if said != said_of(self.manifest.made_at, found):
            raise Refused(f"{self.path.name} does not hold what it says.")
        return found


def keep_names(place: Path) -> None:
    """New names are on the disk when their directory is."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
