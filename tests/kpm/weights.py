"""What children of tests do to say how much memory they took."""

import re
from pathlib import Path

from kpm import excel, pdf


def weight() -> bytes:
    """The most memory that this program has had, in kilobytes.

    Not from getrusage: that counts what the parent had before this program started.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"VmHWM:\s+([0-9]+)", status)
    assert found
    return found.group(1).encode()


def read_and_weigh(request: bytes) -> bytes:
    """Read a workbook."""
    excel.read_in_child(request)
    return weight()


def render_and_weigh(request: bytes) -> bytes:
    """Render a document."""
    pdf.render_in_child(request)
    return weight()
