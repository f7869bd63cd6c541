"""A small witness (C2SP tlog-witness), as strict as the protocol lets it be."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from audit import merkle, notes, tree_heads
from audit.notes import COSIGNATURE, Malformed, Note, NotSigned, Signature, VerifierKey
from kpm.vault import signatures

SEED = b"w" * 32
SECONDS = 1_700_000_000


@dataclass
class Witness:
    """What it has seen of the logs that it knows."""

    logs: list[VerifierKey]
    name: str = "example.com/witness"
    seen: dict[str, tree_heads.TreeHead] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)

    @property
    def key(self) -> VerifierKey:
        return VerifierKey(self.name, signatures.public_key(SEED), COSIGNATURE)

    def add_checkpoint(self, body: bytes) -> tuple[int, str]:
        """Answer one request with a status and a text."""
        self.asked.append(body)
        try:
            top, gap, text = body.decode().partition("\n\n")
            old, *proof = top.split("\n")
            note = notes.parse(text)
            head = tree_heads.parse(note.text)
            size = tree_heads.parse_size(old.removeprefix("old "))
            hashes = [notes.decoded(line) for line in proof]
            if not gap or not old.startswith("old ") or len(hashes) > 63:
                raise Malformed("no request")
        except ValueError:
            return 400, "malformed\n"
        keys = [key for key in self.logs if key.name == head.origin]
        if not keys:
            return 404, "unknown log\n"
        try:
            note.verified(keys)
        except NotSigned:
            return 403, "invalid signature\n"
        return self._judged(note, head, size, hashes)

    def _judged(
        self, note: Note, head: tree_heads.TreeHead, old: int, proof: list[bytes]
    ) -> tuple[int, str]:
        if old > head.size:
            return 400, "old is larger than new\n"
        known = self.seen.get(head.origin)
        if old != (known.size if known else 0):
            return 409, f"{known.size if known else 0}\n"
        if known and old == head.size and known.root != head.root:
            return 409, f"{known.size}\n"
        try:
            if known and known.size:
                merkle.verify_consistency(old, head.size, known.root, head.root, proof)
            elif proof:
                raise merkle.ProofFailed("From nothing there is nothing to prove.")
        except merkle.ProofFailed:
            return 422, "consistency proof\n"
        self.seen[head.origin] = head
        stamped = SECONDS.to_bytes(8) + signatures.sign(SEED, notes.cosigned(note.text, SECONDS))
        return 200, str(Signature(self.name, self.key.id, stamped))


@contextmanager
def served(witness: Witness) -> Iterator[str]:
    """The address at which a witness answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/add-checkpoint"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, text = witness.add_checkpoint(body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
