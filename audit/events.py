"""What can happen: the closed registries of events and purposes."""

from enum import StrEnum


class Event(StrEnum):
    """Everything that the log may hold, `noun.verbed`, sorted by noun. Names are kept for ever."""

    ACCOUNT_CLAIMED = "account.claimed"
    ACCOUNT_OPENED = "account.opened"
    ACCOUNT_LISTED = "account.listed"
    ALERT_JUDGED = "alert.judged"
    ALERT_RAISED = "alert.raised"
    ALERT_READ = "alert.read"
    ASSESSMENT_RECORDED = "assessment.recorded"
    ASSIGNMENT_ENDED = "assignment.ended"
    ASSIGNMENT_STARTED = "assignment.started"
    ATTACHMENT_ADDED = "attachment.added"
    ATTACHMENT_DOWNLOADED = "attachment.downloaded"
    ATTACHMENT_REMOVED = "attachment.removed"
    AUDIT_EXPLAINED = "audit.explained"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_PROVED = "audit.proved"
    AUDIT_READ = "audit.read"
    AUDIT_SEARCHED = "audit.searched"
    AUDIT_VERIFIED = "audit.verified"
    CASE_FILE_CHANGED = "case_file.changed"
    CASE_FILE_DESTROYED = "case_file.destroyed"
    CASE_FILE_LISTED = "case_file.listed"
    CASE_FILE_OPENED = "case_file.opened"
    CASE_FILE_READ = "case_file.read"
    CASE_FILE_REFUSED = "case_file.refused"
    CASE_FILE_REVEALED = "case_file.revealed"
    CASE_FILE_PRINTED = "case_file.printed"
    DESTRUCTION_APPROVED = "destruction.approved"
    DESTRUCTION_FINISHED = "destruction.finished"
    DESTRUCTION_PROPOSED = "destruction.proposed"
    DESTRUCTION_REHEARSED = "destruction.rehearsed"
    DESTRUCTION_REJECTED = "destruction.rejected"
    DUE_DATE_CORRECTED = "due_date.corrected"
    EVIDENCE_FINISHED = "evidence.finished"
    EVIDENCE_STARTED = "evidence.started"
    FINDING_ANSWERED = "finding.answered"
    FINDING_ASKED = "finding.asked"
    FINDING_CLOSED = "finding.closed"
    FINDING_READ = "finding.read"
    FINDING_REFUSED = "finding.refused"
    FORM_REFUSED = "form.refused"
    GRANT_ENDED = "grant.ended"
    GRANT_STARTED = "grant.started"
    LEDGER_APPLIED = "ledger.applied"
    LEDGER_CHECKED = "ledger.checked"
    LEDGER_CONFIRMED = "ledger.confirmed"
    LEDGER_DISCARDED = "ledger.discarded"
    LEDGER_EXPORTED = "ledger.exported"
    LEDGER_READ = "ledger.read"
    LEDGER_REFUSED = "ledger.refused"
    LEDGER_UPLOADED = "ledger.uploaded"
    LOG_KEY_STARTED = "log_key.started"
    LOG_ROOT_CONFIRMED = "log_root.confirmed"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 a name, not a secret
    PASSWORD_ISSUED = "password.issued"  # noqa: S105 a name, not a secret
    PASSWORD_REFUSED = "password.refused"  # noqa: S105 a name, not a secret
    PERMISSION_REFUSED = "permission.refused"
    PERSON_CHANGED = "person.changed"
    PERSON_INDEXED = "person.indexed"
    PERSON_MATCHED = "person.matched"
    PERSON_REFUSED = "person.refused"
    PERSON_SOUGHT = "person.sought"
    PLAN_APPROVED = "plan.approved"
    PLAN_DRAFTED = "plan.drafted"
    RISK_LEVEL_APPROVED = "risk_level.approved"
    RISK_LEVEL_DRAFTED = "risk_level.drafted"
    RISK_LEVEL_EXPIRED = "risk_level.expired"
    RISK_LEVEL_LAPSED = "risk_level.lapsed"
    RISK_LEVEL_PROPOSED = "risk_level.proposed"
    RISK_LEVEL_REFUSED = "risk_level.refused"
    RISK_LEVEL_REJECTED = "risk_level.rejected"
    RISK_LEVEL_RETURNED = "risk_level.returned"
    RISK_LEVEL_WITHDRAWN = "risk_level.withdrawn"
    ROTATION_FINISHED = "rotation.finished"
    ROTATION_STARTED = "rotation.started"
    RULE_SET_ENDED = "rule_set.ended"
    RULE_SET_STARTED = "rule_set.started"
    SEARCH_RUN = "search.run"
    SESSION_ENDED = "session.ended"
    SESSION_REFUSED = "session.refused"
    SESSION_STARTED = "session.started"
    UNIT_OPENED = "unit.opened"
    VAULT_REFUSED = "vault.refused"
    VISIT_PLANNED = "visit.planned"
    VISIT_RECORDED = "visit.recorded"

    @property
    def shows_address(self) -> bool:
        """Whether the (erasable) network address of the reader belongs to it."""
        return self.value.startswith("session.")


class Purpose(StrEnum):
    """Why somebody reads."""

    SERVICE = "service"
    COVER = "cover"
    SUPERVISION = "supervision"
    INTAKE = "intake"
    LEGAL = "legal"
    QUALITY = "quality"
    SUBJECT_REQUEST = "subject-request"
    EMERGENCY = "emergency"
    SYSTEM = "system"


class Outcome(StrEnum):
    """How it ended."""

    OK = "ok"
    DENIED = "denied"
    ERROR = "error"
    PARTIAL = "partial"


class Direction(StrEnum):
    """Which way a level went; never the level itself."""

    UP = "up"
    DOWN = "down"
    SET = "set"
