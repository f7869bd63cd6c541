"""Which tables of the log who writes."""

# Written by the sequencer alone: whoever serves the site adds events, and nothing that says that
# the log was whole.
SEQUENCED = frozenset(
    {
        "audit_leaf",
        "audit_tile",
        "audit_checkpoint",
        "audit_epoch",
        "audit_key",
        "audit_attestation",
    }
)
# All that the sequencer reads.
SEEN_BY_SEQUENCER = SEQUENCED | {"audit_event"}
