"""Search by part of a name, initials, last four, phone tail: sealed shards, no token stored."""

import struct
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Final, NamedTuple, Self
from uuid import UUID

from django.db import IntegrityError, connections, models, router, transaction
from pypinyin import Style, pinyin

from kpm.database import shard_rows
from kpm.database.shard_rows import ShardRow
from kpm.vault import envelope
from kpm.vault.ciphers import Forged, suite
from kpm.vault.errors import Cause, KeysUnavailable, UnknownSuite, Unreadable
from kpm.vault.keys import OpenedKey, ring
from kpm.vault.models import SearchShard

RECORDS: Final = 1024
# From here on new records fill shards of their own instead of a delta.
MANY: Final = 256
FOLD_AT: Final = 64
LAYOUT: Final = 1
PAD: Final = 256
SPELLINGS: Final = 16
_COUNT = struct.Struct(">I")
# The dot of names such as 阿卜杜拉·买买提 is typed in many ways, and often left out.
_DOTS = dict.fromkeys(map(ord, "·•・‧⋅∙●.。｡"))


class Record(NamedTuple):
    """What one person can be found by."""

    owner: UUID
    name: str = ""
    initials: str = ""
    last_four: str = ""
    phone_tail: str = ""

    @classmethod
    def of(cls, owner: UUID, *, name: str, id_number: str = "", phone: str = "") -> Self:
        """The record of a person from the opened values."""
        return cls(owner, name, initials(name), id_number[-4:], phone[-4:])

    def line(self) -> bytes:
        """The record without its owner; normalised text holds no tab and no newline."""
        tail = f"{normalised(self.last_four)}\t{normalised(self.phone_tail)}\n"
        # Blanks part the spellings of the initials.
        spellings = " ".join(normalised(part) for part in self.initials.split())
        return f"{normalised(self.name)}\t{spellings}\t{tail}".encode()


def normalised(text: str) -> str:
    """NFKC, one case, no blanks, no control characters, no dots."""
    while (once := _once(text)) != text:
        # Rarely a second round: taking a blank out can change the order of what it parted.
        text = once
    return text


def _once(text: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = folded.translate(_DOTS)
    return "".join(c for c in kept if not c.isspace() and unicodedata.category(c)[0] != "C")


def initials(name: str) -> str:
    """Pinyin initials, one spelling for each reading of the characters, parted by blanks."""
    letters = [found for character in normalised(name) if (found := _letters(character))]
    if not letters:
        return ""
    # The surname varies first: whatever is cut off, all its readings (单 曾 仇 解) stay.
    spellings = ("".join(reversed(s)) for s in product(*reversed(letters)))
    return " ".join(islice(spellings, SPELLINGS))


@lru_cache(maxsize=32_768)
def _letters(character: str) -> str:
    readings = pinyin(character, style=Style.FIRST_LETTER, heteronym=True)[0]
    return "".join(dict.fromkeys(r[:1] for r in readings if r[:1].isascii()))


def add(scope: str, records: Iterable[Record]) -> None:
    """Make new people of a scope findable; who is there already goes through `replace`."""
    kept = {record.owner.bytes: record.line() for record in records}
    _write(scope, kept, is_delta=len(kept) < MANY)


def replace(scope: str, records: Iterable[Record]) -> None:
    """Records that take the place of earlier ones of the same owners."""
    _write(scope, {r.owner.bytes: r.line() for r in records}, is_delta=True)


def remove(scope: str, owners: Iterable[UUID]) -> None:
    """Take people out: not found from now on, gone from the bytes after the next fold."""
    _write(scope, {owner.bytes: Record(owner).line() for owner in owners}, is_delta=True)


def find(scope: str, text: str) -> list[UUID]:
    """The owners that match, whoever may see them: the caller applies row scope."""
    needles = _needles(text)
    if not needles:
        return []
    found: dict[bytes, None] = {}
    newer: set[bytes] = set()
    # Newest first: what an owner's later record says hides the earlier ones.
    for shard in reversed(_shards(scope)):
        hits = [owner for owner in _hits(shard, needles) if owner not in newer]
        found.update(dict.fromkeys(hits))
        if shard.is_delta:
            newer.update(shard.owners())
    return [UUID(bytes=owner) for owner in found]


def fold(scope: str) -> int:
    """Merge the deltas of a scope into full shards; returns how many records there are."""
    with transaction.atomic(using=router.db_for_write(SearchShard)):
        shards = _shards(scope, for_update=True)
        merged: dict[bytes, bytes] = {}
        for shard in shards:
            merged.update(zip(shard.owners(), shard.lines(), strict=True))
        nobody, nothing = UUID(int=0).bytes, Record(UUID(int=0)).line()
        kept = {owner: line for owner, line in merged.items() if line != nothing}
        if shards:
            # Also when nobody is left: what stays says which key the scope uses.
            _write(scope, kept or {nobody: nothing}, is_delta=False)
        # Only what was read: a delta that came meanwhile stays, and stays newer.
        SearchShard.objects.filter(pk__in=[shard.pk for shard in shards]).delete()
    return len(kept)


def lacks_keys(scope: str) -> bool:
    """Whether shards of a scope lie under keys that are not there: an old copy with newer keys."""
    shards = SearchShard.objects.filter(scope=scope)
    used = set(shards.values_list("generation", flat=True))
    return bool(used - ring.generations(scope, "search"))


def empty(scope: str) -> None:
    """Take out everybody: they are added anew."""
    ring.forget_scope(scope, "search")
    SearchShard.objects.filter(scope=scope).delete()


def scopes_to_fold() -> list[str]:
    """Scopes whose deltas have become many."""
    rows = SearchShard.objects.filter(is_delta=True).values("scope")
    return [row["scope"] for row in rows.annotate(n=models.Count("id")).filter(n__gte=FOLD_AT)]


class _Shard(NamedTuple):
    pk: int
    is_delta: bool
    size: int
    plain: bytes

    def owners(self) -> Iterator[bytes]:
        start = _COUNT.size
        for at in range(start, start + 16 * self.size, 16):
            yield self.plain[at : at + 16]

    def lines(self) -> Sequence[bytes]:
        text = self.plain[_COUNT.size + 16 * self.size :]
        return text.splitlines(keepends=True)[: self.size]


def _needles(text: str) -> Collection[bytes]:
    plain = normalised(text)
    if plain.rstrip("x").isdecimal():
        # Four digits, or three and x: a whole field, never a part of one.
        needle = plain.encode()
        return (b"\t%b\t" % needle, b"\t%b\n" % needle) if len(plain) == 4 else ()
    return (plain.encode(),) if plain else ()


def _hits(shard: _Shard, needles: Collection[bytes]) -> Iterator[bytes]:
    plain = shard.plain
    start = _COUNT.size + 16 * shard.size
    for needle in needles:
        counted, number = start, 0
        at = plain.find(needle, start)
        while at >= 0:
            number += plain.count(b"\n", counted, at)
            counted = plain.find(b"\n", at + len(needle) - 1)
            # Letters may also hit the x of a last four: only name and initials count.
            if needle[0] == 9 or plain.count(b"\t", at, counted) >= 2:
                owner = _COUNT.size + 16 * number
                yield plain[owner : owner + 16]
            at = plain.find(needle, counted)


def _write(scope: str, lines: dict[bytes, bytes], *, is_delta: bool) -> None:
    try:
        with transaction.atomic(using=router.db_for_write(SearchShard)):
            SearchShard.objects.bulk_create(_sealed(scope, lines, is_delta=is_delta))
    except IntegrityError:
        # The scope has a newer key than this process knows of: the guard says so.
        ring.forget_scope(scope, "search")
        SearchShard.objects.bulk_create(_sealed(scope, lines, is_delta=is_delta))


def _sealed(scope: str, lines: dict[bytes, bytes], *, is_delta: bool) -> list[SearchShard]:
    key = ring.scope_key(scope, "search")
    code = suite()
    head = envelope.shard_header(code, key.generation, LAYOUT)
    digest = envelope.scope_digest(scope)
    rows = []
    waiting = iter(lines.items())
    while part := list(islice(waiting, RECORDS)):
        row = SearchShard(scope=scope, is_delta=is_delta, generation=key.generation)
        owners, texts = zip(*part, strict=True)
        plain = b"".join((_COUNT.pack(len(part)), *owners, *texts))
        context = _context(row.seal_id.bytes, digest, is_delta=is_delta)
        row.sealed = envelope.seal(key[code], head, context, envelope.padded(plain, PAD))
        rows.append(row)
    return rows


def _shards(scope: str, *, for_update: bool = False) -> list[_Shard]:
    """The opened shards of a scope: full ones first, then the deltas in their order."""
    connection = connections[router.db_for_write(SearchShard)]
    try:
        return _opened(scope, shard_rows.of_scope(connection, scope, for_update=for_update))
    except KeysUnavailable:
        # Between the two queries the scope was sealed anew and its old key destroyed.
        return _opened(scope, shard_rows.of_scope(connection, scope, for_update=for_update))


def _opened(scope: str, rows: Iterable[ShardRow]) -> list[_Shard]:
    digest = envelope.scope_digest(scope)
    # Asked for once in a search, and again in the next one.
    keys: dict[int, OpenedKey] = {}
    shards = []
    for pk, seal_id, is_delta, blob in rows:
        generation = _generation(blob, seal_id)
        key = keys.get(generation)
        if key is None:
            key = keys[generation] = ring.scope_key(scope, "search", generation=generation)
        context = _context(seal_id, digest, is_delta=is_delta)
        try:
            plain = envelope.unseal(key[blob[1]], blob, context)
        except Forged:
            raise Unreadable(0, 0, UUID(bytes=seal_id), Cause.CHANGED) from None
        except UnknownSuite:
            raise Unreadable(0, 0, UUID(bytes=seal_id), Cause.SUITE) from None
        shards.append(_Shard(pk, is_delta, _COUNT.unpack_from(plain)[0], plain))
    return shards


def _generation(blob: bytes, seal_id: bytes) -> int:
    if len(blob) >= envelope.OVERHEAD:
        if blob[0] == envelope.SHARD and blob[3] == LAYOUT:
            return blob[2]
        if blob[0] == envelope.WIDE_SHARD:
            return blob[2] << 8 | blob[3]
    raise Unreadable(0, 0, UUID(bytes=seal_id), Cause.SHAPE)


def _context(seal_id: bytes, digest: bytes, *, is_delta: bool) -> bytes:
    return bytes((is_delta,)) + seal_id + digest
