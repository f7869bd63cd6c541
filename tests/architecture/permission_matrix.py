"""Who may use which address: one row each, written by hand and not read from the code.

A row says who is let in; for everybody else the address must answer 403, and visitors are asked
to sign in. Whether a *row of the database* is theirs is another question, answered with 404.
"""

from typing import Final

from kpm.permissions import Role

WORKER, SUPERVISOR = Role.SOCIAL_WORKER, Role.SUPERVISOR
AUDITOR, PRIVACY = Role.AUDITOR, Role.PRIVACY_OFFICER
SYSTEM, SECURITY = Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR

ROLES: Final = frozenset(Role)
NOBODY: Final = "without a role"
VISITOR: Final = "visitor"

SIGNED_IN: Final = ROLES | {NOBODY}
PUBLIC: Final = SIGNED_IN | {VISITOR}
CASE_ROLES: Final = frozenset({WORKER, SUPERVISOR})


def only(*roles: Role) -> frozenset[str]:
    """These and nobody else."""
    return frozenset(roles)


MATRIX: Final[dict[str, frozenset[str]]] = {
    "home": SIGNED_IN,
    "health": PUBLIC,
    "set_language": PUBLIC,
    # --- one's own account
    "accounts:sign_in": PUBLIC,
    "accounts:sign_out": PUBLIC,
    "accounts:change_password": SIGNED_IN,
    "accounts:view_own_record": SIGNED_IN,
    # --- accounts, units and roles: opening an account and granting a role are two people's work
    "accounts:list_accounts": only(SYSTEM, SECURITY),
    "accounts:open_account": only(SYSTEM),
    "accounts:issue_password": only(SYSTEM, SECURITY),
    "accounts:close_account": only(SECURITY),
    "accounts:reopen_account": only(SECURITY),
    "accounts:list_units": only(SYSTEM),
    "accounts:open_unit": only(SYSTEM),
    "accounts:list_grants": only(SECURITY),
    "accounts:grant_role": only(SECURITY),
    "accounts:end_grant": only(SECURITY),
    # --- the log
    "audit:list_events": only(AUDITOR),
    "audit:show_event": only(AUDITOR),
    "audit:show_account": only(AUDITOR),
    "audit:show_thing": only(AUDITOR),
    "audit:show_session": only(AUDITOR),
    "audit:list_openings": only(AUDITOR),
    "audit:print_statement": only(AUDITOR),
    "audit:list_alerts": only(AUDITOR),
    "audit:judge_alert": only(AUDITOR),
    "audit:list_findings": only(AUDITOR),
    "audit:ask": only(AUDITOR),
    "audit:decide_finding": only(AUDITOR),
    "audit:list_samples": only(AUDITOR),
    "audit:judge_sample": only(AUDITOR),
    # Anybody may be asked.
    "audit:list_my_findings": SIGNED_IN,
    "audit:answer_finding": SIGNED_IN,
    "audit:export_evidence": only(AUDITOR),
    "audit:show_digest": only(AUDITOR),
    "audit:verify_log": only(AUDITOR),
    # Whoever watches takes nothing away; whoever takes it away sees no log.
    "audit:erase_detail": only(PRIVACY),
    # --- case files
    "casework:view_today": CASE_ROLES,
    # One's own days: a supervisor has queues instead.
    "casework:view_week": only(WORKER),
    "casework:view_month": only(WORKER),
    "casework:make_feed": only(WORKER),
    "casework:withdraw_feed": only(WORKER),
    # A program asks, and shows the address instead of a sign-in.
    "casework:fetch_feed": PUBLIC,
    "casework:list_case_files": CASE_ROLES,
    # The one question of intake: a worker is told yes or no, and nothing else.
    "casework:find_person": CASE_ROLES,
    "casework:admit_person": only(SUPERVISOR),
    "casework:search_case_files": CASE_ROLES,
    "casework:show_case_file": CASE_ROLES,
    "casework:state_purpose": CASE_ROLES,
    "casework:show_history": CASE_ROLES,
    "casework:reveal_field": CASE_ROLES,
    # --- levels: one proposes, another decides
    "casework:show_level": CASE_ROLES,
    "casework:show_assessment": CASE_ROLES,
    "casework:record_assessment": only(WORKER),
    "casework:set_provisionally": only(WORKER),
    "casework:propose_level": only(WORKER),
    "casework:withdraw_proposal": only(WORKER),
    "casework:review_proposal": only(SUPERVISOR),
    "casework:list_reviews": only(SUPERVISOR),
    "casework:list_queue": only(SUPERVISOR),
    "casework:list_tasks": CASE_ROLES,
    "casework:list_warnings": CASE_ROLES,
    "casework:show_instrument": CASE_ROLES,
    "casework:keep_form": CASE_ROLES,
    # --- hand-overs: the lead or a supervisor offers, whoever is asked answers
    "casework:offer_file": CASE_ROLES,
    "casework:list_hand_overs": CASE_ROLES,
    "casework:show_hand_over": CASE_ROLES,
    "casework:accept_hand_over": CASE_ROLES,
    "casework:withdraw_hand_over": CASE_ROLES,
    "casework:discard_form": CASE_ROLES,
    # --- rule sets: a supervisor drafts, the privacy officer brings into force
    "casework:list_rule_sets": {Role.SUPERVISOR, Role.AUDITOR, Role.PRIVACY_OFFICER},
    "casework:show_rule_set": {Role.SUPERVISOR, Role.AUDITOR, Role.PRIVACY_OFFICER},
    "casework:draft_rule_set": {Role.SUPERVISOR},
    "casework:change_duties": {Role.SUPERVISOR},
    "casework:change_general": {Role.SUPERVISOR},
    "casework:discard_rule_set": {Role.SUPERVISOR},
    "casework:start_rule_set": {Role.PRIVACY_OFFICER},
    "casework:withdraw_rule_set": {Role.PRIVACY_OFFICER},
    "casework:close_task": CASE_ROLES,
    # --- objections: whoever is told writes it down, a supervisor answers
    "casework:receive_objection": CASE_ROLES,
    "casework:show_objection": CASE_ROLES,
    "casework:withdraw_objection": CASE_ROLES,
    "casework:print_letter": CASE_ROLES,
    "casework:print_sharings": CASE_ROLES,
    "casework:acknowledge_objection": only(SUPERVISOR),
    "casework:decide_objection": only(SUPERVISOR),
    "casework:list_objections": only(SUPERVISOR),
    # --- support: the worker does the work, the supervisor decides who does it
    "casework:list_visits": CASE_ROLES,
    "casework:record_visit": only(WORKER),
    "casework:show_plan": CASE_ROLES,
    "casework:draft_plan": only(WORKER),
    "casework:approve_plan": only(SUPERVISOR),
    "casework:list_versions": CASE_ROLES,
    "casework:hear_person": only(WORKER),
    "casework:mark_step": only(WORKER),
    "casework:review_plan": only(WORKER),
    "casework:end_plan": only(WORKER, SUPERVISOR),
    "casework:assign_worker": only(SUPERVISOR),
    "casework:end_assignment": only(SUPERVISOR),
    "casework:list_missing": only(SUPERVISOR),
    "casework:draft_teams": only(SUPERVISOR),
    "casework:name_member": only(WORKER, SUPERVISOR),
    "casework:end_member": only(WORKER, SUPERVISOR),
    "casework:move_files": only(SUPERVISOR),
    "casework:list_consents": only(WORKER, SUPERVISOR),
    "casework:record_consent": only(WORKER),
    "casework:withdraw_consent": only(WORKER, SUPERVISOR),
    "casework:list_referrals": only(WORKER, SUPERVISOR),
    "casework:refer": only(WORKER),
    "casework:answer_referral": only(WORKER),
    "casework:print_referral": CASE_ROLES,
    "casework:list_needs": only(WORKER, SUPERVISOR),
    "casework:note_need": only(WORKER),
    "casework:end_need": only(WORKER),
    "casework:list_incidents": only(WORKER, SUPERVISOR),
    "casework:note_incident": only(WORKER),
    "casework:correct_incident": only(WORKER),
    "casework:report_harm": only(WORKER, SUPERVISOR),
    "casework:list_reports": only(SUPERVISOR),
    "casework:follow_report": only(SUPERVISOR),
    "casework:tell_authority": only(SUPERVISOR),
    "casework:confirm_report": only(SUPERVISOR),
    "casework:find_not_due": only(SUPERVISOR),
    "casework:ask_transfer": only(SUPERVISOR),
    "casework:list_transfers": only(SUPERVISOR),
    "casework:show_transfer": only(SUPERVISOR),
    "casework:accept_transfer": only(SUPERVISOR),
    "casework:refuse_transfer": only(SUPERVISOR),
    "casework:withdraw_transfer": only(SUPERVISOR),
    "casework:list_lost": only(SUPERVISOR),
    "casework:decide_lost": only(SUPERVISOR),
    "casework:stipulate": only(SUPERVISOR),
    "casework:end_stipulation": only(SUPERVISOR),
    "casework:list_staff": only(SUPERVISOR),
    "casework:show_load": only(SUPERVISOR),
    # One's own; nobody sees a colleague's.
    "casework:view_own_load": only(WORKER),
    "casework:describe_worker": only(SUPERVISOR),
    "casework:record_absence": only(SUPERVISOR),
    "casework:withdraw_absence": only(SUPERVISOR),
    # --- attachments: whoever has part in a file adds and takes out; both are on record
    "casework:list_attachments": CASE_ROLES,
    "casework:add_attachment": CASE_ROLES,
    "casework:download_attachment": CASE_ROLES,
    "casework:remove_attachment": CASE_ROLES,
    "casework:print_summary": only(SUPERVISOR),
    # --- ledgers and the register
    "casework:list_ledgers": only(SUPERVISOR),
    "casework:upload_ledger": only(SUPERVISOR),
    "casework:show_ledger": only(SUPERVISOR),
    "casework:confirm_ledger": only(SUPERVISOR),
    "casework:discard_ledger": only(SUPERVISOR),
    "casework:export_refused_rows": only(SUPERVISOR),
    "casework:list_legal_bases": only(PRIVACY),
    # --- background work
    "jobs:list_jobs": only(SYSTEM),
    "casework:correct_calendar": only(SYSTEM),
    "custody:show_keys": only(SYSTEM),
}
