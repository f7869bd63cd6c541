"""The rows of the log, and what the auditor makes of them."""

from audit.models.reviews import (
    Alert,
    AlertState,
    Finding,
    FindingState,
    Sample,
    SampleState,
)
from audit.models.rows import (
    Attestation,
    Checkpoint,
    Detail,
    Leaf,
    LoggedEvent,
    LogKey,
    Subject,
    Tile,
)

__all__ = [
    "Alert",
    "AlertState",
    "Attestation",
    "Checkpoint",
    "Detail",
    "Finding",
    "FindingState",
    "Leaf",
    "LogKey",
    "LoggedEvent",
    "Sample",
    "SampleState",
    "Subject",
    "Tile",
]
