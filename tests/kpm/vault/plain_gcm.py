"""AES-256-GCM from FIPS 197 and SP 800-38D in plain Python: an independent reader for tests."""

import hmac


def _multiply(a: int, b: int) -> int:
    """In the field of AES."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        a = a << 1 ^ (0x11B if a & 0x80 else 0)
        b >>= 1
    return product


def _box(value: int) -> int:
    inverse = next((i for i in range(256) if _multiply(value, i) == 1), 0)
    result = 0x63
    for shift in range(5):
        result ^= (inverse << shift | inverse >> 8 - shift) & 0xFF
    return result


BOX = bytes(_box(value) for value in range(256))


def _column(value: int) -> int:
    """What one byte of a column becomes: SubBytes and MixColumns in one."""
    box = BOX[value]
    return int.from_bytes((_multiply(box, 2), box, box, _multiply(box, 3)))


def _turned(word: int, by: int) -> int:
    return (word >> by | word << 32 - by) & 0xFFFFFFFF


# Looked up and not reckoned each time: a backup is megabytes.
FIRST = [_column(value) for value in range(256)]
SECOND, THIRD, FOURTH = ([_turned(word, by) for word in FIRST] for by in (8, 16, 24))
Words = tuple[int, int, int, int]


def _words(block: bytes) -> Words:
    a, b, c, d = (int.from_bytes(block[start : start + 4]) for start in range(0, 16, 4))
    return a, b, c, d


def _round_keys(key: bytes) -> list[Words]:
    words = [list(key[i : i + 4]) for i in range(0, 32, 4)]
    round_constant = 1
    for i in range(8, 60):
        word = words[-1][:]
        if i % 8 == 0:
            word = [BOX[b] for b in (*word[1:], word[0])]
            word[0] ^= round_constant
            round_constant = _multiply(round_constant, 2)
        elif i % 8 == 4:
            word = [BOX[b] for b in word]
        words.append([a ^ b for a, b in zip(word, words[i - 8], strict=True)])
    flat = bytes(byte for word in words for byte in word)
    return [_words(flat[start : start + 16]) for start in range(0, 240, 16)]


def _block(keys: list[Words], block: bytes) -> int:
    a, b, c, d = (word ^ key for word, key in zip(_words(block), keys[0], strict=True))
    for one, two, three, four in keys[1:-1]:
        a, b, c, d = (
            FIRST[a >> 24] ^ SECOND[b >> 16 & 255] ^ THIRD[c >> 8 & 255] ^ FOURTH[d & 255] ^ one,
            FIRST[b >> 24] ^ SECOND[c >> 16 & 255] ^ THIRD[d >> 8 & 255] ^ FOURTH[a & 255] ^ two,
            FIRST[c >> 24] ^ SECOND[d >> 16 & 255] ^ THIRD[a >> 8 & 255] ^ FOURTH[b & 255] ^ three,
            FIRST[d >> 24] ^ SECOND[a >> 16 & 255] ^ THIRD[b >> 8 & 255] ^ FOURTH[c & 255] ^ four,
        )
    state = 0
    # The last round mixes no columns.
    for rows, key in zip(
        ((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c)), keys[-1], strict=True
    ):
        column = bytes(BOX[word >> 24 - 8 * row & 255] for row, word in enumerate(rows))
        state = state << 32 | int.from_bytes(column) ^ key
    return state


def _hash(subkey: int, data: bytes) -> int:
    factors = [subkey]
    while len(factors) < 128:
        factor = factors[-1]
        factors.append(factor >> 1 ^ (0xE1 << 120 if factor & 1 else 0))
    tables = [_products(factors[start : start + 8]) for start in range(0, 128, 8)]
    result = 0
    for start in range(0, len(data), 16):
        block = (result ^ int.from_bytes(data[start : start + 16])).to_bytes(16)
        result = 0
        for table, byte in zip(tables, block, strict=True):
            result ^= table[byte]
    return result


def _products(factors: list[int]) -> list[int]:
    """What each value of one byte gives, the first factor belonging to its highest bit."""
    products = [0]
    for factor in reversed(factors):
        products += [product ^ factor for product in products]
    return products


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def decrypt(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext, or a ValueError."""
    keys = _round_keys(key)
    data, tag = sealed[:-16], sealed[-16:]
    lengths = (len(aad) * 8).to_bytes(8) + (len(data) * 8).to_bytes(8)
    hashed = _hash(_block(keys, bytes(16)), _filled(aad) + _filled(data) + lengths)
    mask = _block(keys, nonce + (1).to_bytes(4))
    if not hmac.compare_digest((hashed ^ mask).to_bytes(16), tag):
        raise ValueError("the tag does not match")
    stream = b"".join(
        _block(keys, nonce + number.to_bytes(4)).to_bytes(16)
        for number in range(2, 3 + len(data) // 16)
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
