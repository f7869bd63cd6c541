"""Time stamps (RFC 3161): an authority says when it saw the newest root. Read by OpenSSL."""

import secrets
import subprocess
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.posts import Unwilling, post

# The name under which a stamp goes on record.
STAMP = "stamp"
OPENSSL = "/usr/bin/openssl"
WORKS = 200
SECONDS = 20
# A TimeStampReq in DER: version 1, SHA-256 of the note, a nonce, and the wish for certificates.
HEAD = bytes.fromhex("30430201013031300d060960864801650304020105000420")


def query(text: bytes, nonce: bytes) -> bytes:
    """Ask for a stamp under this; the nonce has eight bytes and no leading bit."""
    return HEAD + sha256(text).digest() + b"\x02\x08" + nonce + b"\x01\x01\xff"


def is_stamped(asked: bytes, response: bytes, chain: Path) -> bool:
    """Whether somebody in this chain of certificates answers this query with a stamp."""
    return _agree("-queryfile", asked, response, chain)


def is_stamp_of(text: bytes, response: bytes, chain: Path, at: datetime) -> bool:
    """Whether this is a stamp under the text, by certificates that were good at that moment."""
    return _agree("-data", text, response, chain, "-attime", str(int(at.timestamp())))


def _agree(option: str, asked: bytes, response: bytes, chain: Path, *more: str) -> bool:
    with TemporaryDirectory(prefix="kpm-stamp-") as name:
        place = Path(name)
        (place / "asked").write_bytes(asked)
        (place / "response").write_bytes(response)
        files = [option, str(place / "asked"), "-in", str(place / "response")]
        trusted = ["-CAfile", str(chain), "-untrusted", str(chain), *more]
        done = subprocess.run(  # noqa: S603 its arguments are files of our own naming
            [OPENSSL, "ts", "-verify", *files, *trusted],
            capture_output=True,
            check=False,
            env={},
            timeout=SECONDS,
        )
    return done.returncode == 0


def stamp(address: str, chain: Path, text: bytes) -> bytes:
    """Have a note stamped, and look whether it was."""
    nonce = bytearray(secrets.token_bytes(8))
    nonce[0] = nonce[0] & 0x3F | 0x40
    asked = query(text, bytes(nonce))
    status, response = post(address, asked, "application/timestamp-query")
    if status != WORKS or not is_stamped(asked, response, chain):
        raise Unwilling("The authority for time stamps did not stamp what it was asked to.")
    return response
