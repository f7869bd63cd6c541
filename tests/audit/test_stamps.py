"""Time stamps are believed exactly where the authority stamped what it was asked."""

import base64
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from audit import actions, log, stamps
from audit.models import Attestation, Checkpoint
from audit.posts import Unwilling
from tests.audit.known import unpacked, vectors
from tests.audit.things import NOW, sequence_all, write_events
from tests.conftest import RealCommits

VECTORS = vectors("rfc3161/rfc3161")
BY = log.System("verify")
# An authority that lasts as long as its test.
CONFIG = """
[tsa]
serial = {place}/serial
signer_cert = {place}/tsa.pem
certs = {place}/tsa.pem
signer_key = {place}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
[signer]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


@pytest.mark.parametrize(
    ("request_name", "response_name", "is_good"),
    [
        ("request", "response", True),
        # Certificates that somebody put beside the stamp are not trusted for that.
        ("request", "response-injected-certs", True),
        ("request", "other_response", False),
        ("other_request", "response", False),
        ("other_request", "response-injected-certs", False),
        ("other_request", "other_response", False),
    ],
)
def test_stamps_of_others_are_judged_as_they_should_be(
    tmp_path: Path, request_name: str, response_name: str, is_good: bool
) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_text(VECTORS["chain"], encoding="ascii")
    asked, response = unpacked(VECTORS[request_name]), unpacked(VECTORS[response_name])
    assert stamps.is_stamped(asked, response, chain) == is_good


def openssl(*arguments: object) -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True)
    return done.stdout


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """An authority on this machine, which this site is told to ask."""
    config, key, chain = tmp_path / "config", tmp_path / "tsa.key", tmp_path / "tsa.pem"
    config.write_text(CONFIG.format(place=tmp_path), encoding="ascii")
    (tmp_path / "serial").write_text("01\n", encoding="ascii")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key]
    openssl(
        *("req", "-x509", "-config", config, "-extensions", "signer", "-subj", "/CN=tsa"),
        *(*curve, "-out", chain),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = tmp_path / "query"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            reply = ["ts", "-reply", "-config", config, "-section", "tsa", "-queryfile", query]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(openssl(*reply))

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        settings.KPM_TIMESTAMP_ADDRESS = f"http://127.0.0.1:{server.server_port}"
        settings.KPM_TIMESTAMP_CHAIN = str(chain)
        yield chain
        server.shutdown()
        thread.join()


def test_the_newest_root_is_stamped_once_a_day(
    real_commits: RealCommits, authority: Path, tmp_path: Path
) -> None:
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    assert actions.show_root(by=BY, now=NOW) == 1
    row = Attestation.objects.get()
    assert (row.size, row.witness) == (1, "stamp")
    (tmp_path / "stamp").write_bytes(base64.b64decode(row.evidence))
    (tmp_path / "note").write_text(Checkpoint.objects.get().note, encoding="utf-8")
    # As anybody checks it who has the note and the authority's certificate.
    openssl(
        *("ts", "-verify", "-data", tmp_path / "note", "-in", tmp_path / "stamp"),
        *("-CAfile", authority),
    )
    write_events(1)
    sequence_all()
    assert actions.show_root(by=BY, now=NOW) == 0
    assert actions.show_root(by=BY, now=NOW + actions.A_DAY) == 1
    assert Attestation.objects.count() == 2


def test_a_stamp_of_somebody_else_is_none(
    real_commits: RealCommits, authority: Path, settings: Any, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(VECTORS["chain"], encoding="ascii")
    settings.KPM_TIMESTAMP_CHAIN = str(other)
    actions.start_key(by=BY, now=NOW)
    sequence_all()
    with pytest.raises(Unwilling, match="did not stamp"):
        actions.show_root(by=BY, now=NOW)
    assert Attestation.objects.count() == 0
