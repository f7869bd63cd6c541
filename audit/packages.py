"""Events as evidence: a zip with each event, its proof, the signed root, keys, a verifier."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from audit import notes, offline, signers
from audit.models import Checkpoint, Leaf, LoggedEvent, LogKey
from audit.notes import VerifierKey
from audit.proofs import (
    NothingToProve,
    Proof,
    signed_checkpoint,
    stored,
    with_cosignatures,
)
from audit.searches import Filters, matching
from kpm.errors import Refused

DATABASE = "auditor"
# A case is told by few events; the whole log is exported by a command.
MOST = 1_000
README = "audit/reports/evidence.txt"
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True)
class Chosen:
    """Events that fit some filters, newest first, as far as they are in the tree."""

    events: list[tuple[int, LoggedEvent]]
    # Not taken into the tree yet: nothing proves them.
    waiting: int
    is_cut: bool


def choose(filters: Filters) -> Chosen:
    """The newest events that fit, with their places in the tree."""
    found = list(matching(filters).order_by("-id")[: MOST + 1])
    events = {event.id: event for event in found[:MOST]}
    leaves = Leaf.objects.using(DATABASE).filter(event_id__in=list(events))
    placed = [(leaf.leaf_index, events[leaf.event_id]) for leaf in leaves.order_by("-leaf_index")]
    return Chosen(placed, waiting=len(events) - len(placed), is_cut=len(found) > MOST)


@dataclass(frozen=True)
class Packed:
    """A package as the log names it: by the hash of its bytes."""

    digest: bytes
    log_type: str = "evidence"

    @property
    def log_reference(self) -> str:
        """All of the hash, in characters that a reference may have."""
        return "sha256:" + urlsafe_b64encode(self.digest).decode("ascii").rstrip("=")


class Package:
    """A zip on its way out, and the hash of what has left."""

    def __init__(self, chosen: Chosen, now: datetime) -> None:
        if not chosen.events:
            raise Refused(_("No event fits that is in the tree already."))
        self.chosen, self.now = chosen, now
        self._checkpoint = _checkpoint(chosen.events[0][0])
        self._hash = hashlib.sha256()

    @property
    def packed(self) -> Packed:
        """What the log calls it, once all of it has left."""
        return Packed(self._hash.digest())

    def chunks(self) -> Iterator[bytes]:
        """The zip, piece by piece; no more than one file of it lies in memory."""
        out = _Outlet()
        stamp = timezone.localtime(self.now).timetuple()[:6]
        with ZipFile(out, "w", ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # a file that is only written to
            for name, data in self._files():
                info = ZipInfo(name, date_time=stamp)
                info.compress_type = ZIP_DEFLATED
                archive.writestr(info, data)
                yield self._sent(out)
        yield self._sent(out)

    def _sent(self, out: "_Outlet") -> bytes:
        data = out.take()
        self._hash.update(data)
        return data

    def _files(self) -> Iterator[tuple[str, bytes]]:
        keys = signers.rows(DATABASE)
        vkey = _signed_by(self._checkpoint, keys)
        note = str(with_cosignatures(self._checkpoint))
        yield "README.txt", self._readme(vkey).encode()
        yield "offline.py", Path(offline.__file__).read_bytes()
        yield "vkey", f"{vkey}\n".encode()
        yield "checkpoint", note.encode()
        for row in keys:
            yield f"keys/{row.generation}", row.note.encode()
        tree = stored(DATABASE, self._checkpoint.size)
        for index, event in self.chosen.events:
            proof = Proof(index, tuple(tree.inclusion(index)), note)
            yield f"events/{index}.json", event.body.encode()
            yield f"events/{index}.tlog-proof", str(proof).encode()

    def _readme(self, vkey: VerifierKey) -> str:
        around = {
            "size": self._checkpoint.size,
            "count": len(self.chosen.events),
            "first": self.chosen.events[0][0],
            "vkey": str(vkey),
            "made_at": self.now,
        }
        parts = []
        for language in LANGUAGES:
            with translation.override(language):
                parts.append(render_to_string(README, around).strip())
        return "\n\n\n".join(parts) + "\n"


class _Outlet:
    """What a zip is written into; it takes no step back, so the zip needs none."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep it until it is taken."""
        self._waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        """Everything since the last time."""
        data = b"".join(self._waiting)
        self._waiting.clear()
        return data


def _checkpoint(index: int) -> Checkpoint:
    """A signed root with this event in it; rather one that somebody else saw."""
    try:
        return signed_checkpoint(index, witnessed=True)
    except NothingToProve:
        pass
    try:
        return signed_checkpoint(index, witnessed=False)
    except NothingToProve:
        raise Refused(_("The log has no signed root yet that holds all of these.")) from None


def _signed_by(checkpoint: Checkpoint, keys: list[LogKey]) -> VerifierKey:
    """The newest key that signed the root."""
    known = [VerifierKey.parse(row.vkey) for row in keys]
    return notes.parse(checkpoint.note).verified(known)[-1]
