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
# What would be multiplied a million times is looked up: a backup is a megabyte.
TWICE = bytes(_multiply(value, 2) for value in range(256))
THRICE = bytes(_multiply(value, 3) for value in range(256))
Word = list[int]


def _round_keys(key: bytes) -> list[Word]:
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
    return [[byte for word in words[i : i + 4] for byte in word] for i in range(0, 60, 4)]


def _mixed(state: Word) -> Word:
    mixed = []
    for column in range(0, 16, 4):
        a, b, c, d = state[column : column + 4]
        for one, two, three, four in ((a, b, c, d), (b, c, d, a), (c, d, a, b), (d, a, b, c)):
            mixed.append(TWICE[one] ^ THRICE[two] ^ three ^ four)
    return mixed


def _block(keys: list[Word], block: bytes) -> bytes:
    state = [a ^ b for a, b in zip(block, keys[0], strict=True)]
    for number, key in enumerate(keys[1:], 1):
        state = [BOX[b] for b in state]
        state = [state[(i + 4 * (i % 4)) % 16] for i in range(16)]
        if number < 14:
            state = _mixed(state)
        state = [a ^ b for a, b in zip(state, key, strict=True)]
    return bytes(state)


def _hash(subkey: int, data: bytes) -> int:
    factors = [subkey]
    while len(factors) < 128:
        factor = factors[-1]
        factors.append(factor >> 1 ^ (0xE1 << 120 if factor & 1 else 0))
    result = 0
    for start in range(0, len(data), 16):
        bits = f"{result ^ int.from_bytes(data[start : start + 16]):0128b}"
        result = 0
        for bit, factor in zip(bits, factors, strict=True):
            if bit == "1":
                result ^= factor
    return result


def _filled(data: bytes) -> bytes:
    return data + bytes(-len(data) % 16)


def decrypt(key: bytes, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
    """The plaintext, or a ValueError."""
    keys = _round_keys(key)
    data, tag = sealed[:-16], sealed[-16:]
    lengths = (len(aad) * 8).to_bytes(8) + (len(data) * 8).to_bytes(8)
    subkey = int.from_bytes(_block(keys, bytes(16)))
    hashed = _hash(subkey, _filled(aad) + _filled(data) + lengths)
    mask = int.from_bytes(_block(keys, nonce + (1).to_bytes(4)))
    if not hmac.compare_digest((hashed ^ mask).to_bytes(16), tag):
        raise ValueError("the tag does not match")
    stream = b"".join(
        _block(keys, nonce + number.to_bytes(4)) for number in range(2, 3 + len(data) // 16)
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))
