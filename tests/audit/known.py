"""Test vectors of other people's implementations; where they come from stands beside them."""

import base64
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> Any:
    """One file of them."""
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def unpacked(text: str | None) -> bytes:
    """Base64, or nothing."""
    return base64.b64decode(text or "")
