"""Codes that are bound into every sealed byte: closed lists, never reused, never renumbered."""

from typing import Final

# Model codes (u16). Codes and not names, so that a class or table may be renamed.
# Numbers from 0xF000 belong to the tests.
MODELS: Final[dict[int, str]] = {
    1: "casework.Person",
    2: "casework.CaseFile",
    3: "casework.Visit",
    4: "casework.Plan",
    5: "casework.TeamMember",
    6: "risk_levels.Decision",
    7: "risk_levels.Proposal",
    8: "risk_levels.Assessment",
    9: "casework.Contact",
    10: "casework.Assignment",
    11: "casework.Ledger",
    12: "casework.LedgerRow",
    13: "casework.Attachment",
    14: "risk_levels.Objection",
    15: "casework.UnsentForm",
    16: "casework.HandOver",
    17: "casework.HarmStep",
    18: "casework.Transfer",
    19: "casework.Consent",
    20: "casework.Sharing",
    21: "casework.Need",
    22: "casework.Referral",
    23: "casework.Incident",
    25: "casework.PlanEntry",
}
TEST_MODELS: Final = 0xF000

# Purposes of whole sealed payloads and files (u8).
PAYLOADS: Final[dict[str, int]] = {
    "ledger.rows": 1,
    "ledger.workbook": 2,
    "ledger.result": 3,
    "ledger.error_sheet": 4,
    "report.document": 5,
    "backup.key": 6,
    "totp.seed": 7,
    "audit.detail": 8,
    "attachment.file": 9,
    "upload.file": 10,
    "backup.data": 11,
}

# Purposes of the keys of a scope (u8).
SCOPE_PURPOSES: Final[dict[str, int]] = {
    "search": 1,
    "blind_index": 2,
    "signing": 3,
    "backup": 4,
}

# Kinds of blind indexes (u8).
INDEX_KINDS: Final[dict[str, int]] = {"id_number": 1, "phone": 2}
