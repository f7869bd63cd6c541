"""The keys with which this log signs: one after the other, each vouched for by the one before."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from audit import notes
from audit.models import LogKey
from audit.notes import Note, VerifierKey
from audit.tree_heads import TreeHead
from kpm.vault import seeds, signatures
from kpm.vault.errors import KeysUnavailable

DATABASE = "default"
SCOPE = "audit-log"


@dataclass(frozen=True)
class KeyOfTheLog:
    """A key as the log names it: with all of its public half, so that the event says which."""

    vkey: VerifierKey
    log_type: str = "log_key"

    @property
    def log_reference(self) -> str:
        """The whole public key."""
        text = urlsafe_b64encode(self.vkey.public).decode("ascii").rstrip("=")
        return f"ed25519:{text}"


def rows(using: str = DATABASE) -> list[LogKey]:
    """Every key so far, oldest first."""
    return list(LogKey.objects.using(using).order_by("generation"))


def problems() -> list[str]:
    """What keeps this site from signing its log; the demo may go without."""
    if settings.KPM_DEMO or rows():
        return []
    return [
        "The log has no key, so nothing that it says can be verified outside. "
        "Run: manage.py create_keys"
    ]


def refuse_without_key() -> None:
    """Stop the start, in words, of a site whose log nobody could verify."""
    if found := problems():
        raise ImproperlyConfigured(found[0])


def known(using: str = DATABASE) -> list[VerifierKey]:
    """The public halves of all keys so far."""
    return [VerifierKey.parse(row.vkey) for row in rows(using)]


def new_origin(deployment: UUID) -> str:
    """The name of a log that begins now. It is kept for ever, whatever the site is called later."""
    origin = f"audit.{settings.KPM_SITE_NAME}/{deployment}"
    if not notes.is_name(origin):
        raise ImproperlyConfigured("KPM_SITE_NAME names the log: no blanks and no plus in it.")
    return origin


def next_key(origin: str, before: Sequence[LogKey]) -> tuple[VerifierKey, Note]:
    """Make the next key; the note about it is signed by the key before it and by itself."""
    generation = len(before) + 1
    seed = seeds.make(SCOPE, generation)
    key = VerifierKey(origin, signatures.public_key(seed))
    older = [_seed(row) for row in before[-1:]]
    return key, notes.sign(key_text(key, generation), origin, *older, seed)


def key_text(key: VerifierKey, generation: int) -> str:
    """What is said of a key. Its second line is no number, so it never passes for a checkpoint."""
    return f"{key.name}\nkey {generation}\n{key}\n"


def note(size: int, root: bytes, last_note: str, *, using: str = DATABASE) -> str:
    """The signed checkpoint of a tree, or nothing while the log has no key.

    The first one under a new key is signed by the old key as well: whoever knows only that one
    still sees an unbroken row.
    """
    keys = rows(using)
    if not keys:
        return ""
    origin = VerifierKey.parse(keys[-1].vkey).name
    is_new = len(keys) > 1 and not _is_signed_by(keys[-1], last_note)
    signing = keys[-2:] if is_new else keys[-1:]
    text = str(TreeHead(origin, size, root))
    return str(notes.sign(text, origin, *(_seed(row) for row in signing)))


def _is_signed_by(row: LogKey, text: str) -> bool:
    key = VerifierKey.parse(row.vkey)
    return bool(text) and any(each.id == key.id for each in notes.parse(text).signatures)


def _seed(row: LogKey) -> bytes:
    """The seed behind a public key on record; somebody else's key on record is not used."""
    seed = seeds.seed(SCOPE, row.generation)
    if signatures.public_key(seed) != VerifierKey.parse(row.vkey).public:
        raise KeysUnavailable(f"The log's key {row.generation} on record is not ours.")
    return seed
