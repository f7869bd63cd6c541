"""Asking others over HTTP: no proxies, no redirects, no cookies, and an end to every answer."""

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

SECONDS = 10.0
LONGEST_ANSWER = 64 * 1024


class Unwilling(Exception):
    """Somebody did not answer, or not with what was asked for."""


def post(address: str, body: bytes, kind: str) -> tuple[int, bytes]:
    """Status and body of the answer."""
    place = urlsplit(address)
    connecting = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = connecting(place.hostname or "", place.port, timeout=SECONDS)
    try:
        connection.request("POST", place.path or "/", body, {"Content-Type": kind})
        response = connection.getresponse()
        return response.status, response.read(LONGEST_ANSWER)
    except (OSError, HTTPException) as error:
        raise Unwilling(f"{place.hostname}: {type(error).__name__}") from None
    finally:
        connection.close()
