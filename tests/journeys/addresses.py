"""Where the walk over every page goes: one row for each address of the site."""

from collections.abc import Iterator
from typing import Final

from django.urls import URLPattern, URLResolver, get_resolver

from casework.dashboards.queues import QUEUES
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS, Group
from tests.architecture.permission_matrix import VISITOR


def in_each_group(path: str) -> tuple[str, ...]:
    """A list is another page for each group of populations."""
    return tuple(f"{path}?group={group}" for group in Group)


# Which pages of an address are looked at; {names} are those of the scene.
PATHS: Final[dict[str, tuple[str, ...]]] = {
    "accounts:sign_in": ("/sign-in/",),
    "accounts:change_password": ("/password/",),
    "accounts:view_own_record": ("/me/",),
    "accounts:list_accounts": ("/accounts/",),
    "accounts:open_account": ("/accounts/new/",),
    "accounts:issue_password": ("/accounts/{account}/password/",),
    "accounts:close_account": ("/accounts/{account}/close/",),
    "accounts:reopen_account": ("/accounts/{account}/reopen/",),
    "accounts:list_units": ("/units/",),
    "accounts:open_unit": ("/units/new/",),
    "accounts:list_grants": ("/grants/",),
    "accounts:grant_role": ("/grants/new/",),
    "accounts:end_grant": ("/grants/{grant}/end/",),
    "audit:list_events": ("/log/",),
    "audit:show_event": ("/log/events/{event}/",),
    "audit:show_account": ("/log/accounts/{reader}/",),
    "audit:show_thing": ("/log/things/{number}/",),
    "audit:list_openings": ("/log/things/{number}/openings/",),
    "audit:print_statement": ("/log/things/{number}/statement/",),
    "audit:show_session": ("/log/sessions/{session}/",),
    "audit:list_alerts": ("/log/unusual/",),
    "audit:judge_alert": ("/log/unusual/{alert}/",),
    "audit:list_findings": ("/log/findings/",),
    "audit:ask": ("/log/findings/new/?event={event}", "/log/findings/new/?alert={alert}"),
    "audit:decide_finding": ("/log/findings/{finding}/",),
    "audit:list_samples": ("/log/samples/",),
    "audit:list_my_findings": ("/me/findings/",),
    "audit:export_evidence": ("/log/evidence/?subject={number}",),
    "audit:show_digest": ("/log/week/",),
    "audit:verify_log": ("/log/verification/",),
    "audit:erase_detail": ("/log/details/",),
    "casework:view_today": in_each_group("/today/"),
    "casework:view_week": in_each_group("/today/week/"),
    "casework:make_feed": ("/today/feed/",),
    "casework:view_month": in_each_group("/today/month/"),
    "casework:list_case_files": in_each_group("/files/"),
    "casework:find_person": tuple(f"/files/find/?population={code}" for code in POPULATIONS),
    # Its form comes after the question whether somebody is known.
    "casework:admit_person": ("/files/new/",),
    "casework:show_case_file": ("{red}", "{waiting}"),
    "casework:state_purpose": ("{red}purpose/",),
    "casework:show_history": ("{red}history/",),
    "casework:reveal_field": ("{red}reveal/phone/",),
    "casework:show_level": ("{red}level/", "{waiting}level/"),
    "casework:show_assessment": ("{red}assessments/1/",),
    "casework:record_assessment": ("{red}assessments/new/", "{left_behind_child}assessments/new/"),
    "casework:show_instrument": (
        *(f"/questionnaires/{code}/1/" for code in POPULATIONS),
        "/questionnaires/support_needs/1/",
    ),
    "casework:offer_file": ("{waiting}hand-over/", "{left_behind_child}hand-over/"),
    "casework:list_hand_overs": ("/hand-overs/",),
    "casework:show_hand_over": ("/hand-overs/{offer}/",),
    "casework:list_rule_sets": ("/rules/",),
    "casework:draft_rule_set": ("/rules/new/",),
    "casework:show_rule_set": ("/rules/2026-01-cn-default/", "/rules/{draft}/"),
    "casework:change_duties": ("/rules/{draft}/duties/empty_nest_elder/",),
    "casework:change_general": ("/rules/{draft}/general/",),
    "casework:start_rule_set": ("/rules/{draft}/start/",),
    "casework:set_provisionally": ("{left_behind_child}level/provisional/",),
    "casework:propose_level": ("{red}proposal/",),
    "casework:review_proposal": ("{waiting}proposal/review/",),
    "casework:list_reviews": in_each_group("/reviews/"),
    "casework:list_tasks": in_each_group("/reviews/suggested/"),
    "casework:list_warnings": ("/reviews/rules/",),
    "casework:close_task": ("{red}reviews/assessment_provisional/",),
    "casework:list_queue": tuple(f"/queues/{name}/" for name in QUEUES),
    "casework:list_objections": in_each_group("/objections/"),
    "casework:receive_objection": ("{left_behind_child}objections/new/",),
    "casework:show_objection": ("{red}objections/1/",),
    "casework:decide_objection": ("{red}objections/1/answer/",),
    "casework:list_visits": ("{red}visits/",),
    "casework:record_visit": ("{red}visits/new/",),
    "casework:list_attachments": ("{red}attachments/",),
    "casework:add_attachment": ("{red}attachments/new/",),
    "casework:show_plan": ("{red}plan/", "{left_behind_child}plan/"),
    "casework:draft_plan": ("{left_behind_child}plan/new/",),
    "casework:list_versions": ("{red}plan/earlier/",),
    "casework:hear_person": ("{red}plan/1/word/",),
    "casework:mark_step": ("{red}plan/1/steps/1/",),
    "casework:review_plan": ("{red}plan/1/review/",),
    "casework:end_plan": ("{red}plan/1/end/",),
    "casework:assign_worker": ("{red}team/",),
    "casework:list_consents": ("{red}consents/",),
    "casework:record_consent": ("{red}consents/new/",),
    "casework:list_referrals": ("{red}referrals/",),
    "casework:refer": ("{red}referrals/to/civil_affairs/",),
    "casework:answer_referral": ("{red}referrals/1/",),
    "casework:list_needs": ("{red}needs/",),
    "casework:note_need": ("{red}needs/new/",),
    "casework:end_need": ("{red}needs/1/end/",),
    "casework:list_incidents": ("{red}incidents/",),
    "casework:note_incident": ("{red}incidents/new/",),
    "casework:correct_incident": ("{red}incidents/1/correct/",),
    "casework:report_harm": ("{red}report/",),
    "casework:list_reports": in_each_group("/reports/"),
    "casework:follow_report": ("{report}",),
    "casework:ask_transfer": ("{left_behind_child}transfer/",),
    "casework:list_transfers": ("/transfers/",),
    "casework:show_transfer": ("/transfers/{transfer}/",),
    "casework:list_lost": in_each_group("/lost/"),
    "casework:decide_lost": ("{waiting}lost/",),
    "casework:list_missing": in_each_group("/missing/"),
    "casework:name_member": ("{red}team/others/",),
    "casework:stipulate": ("{red}team/heeded/",),
    "casework:list_staff": ("/staff/",),
    "casework:show_load": ("/staff/{worker}/load/",),
    "casework:view_own_load": ("/today/load/",),
    "casework:describe_worker": ("/staff/{worker}/",),
    "casework:move_files": ("/staff/{worker}/files/",),
    "casework:record_absence": ("/staff/{worker}/away/",),
    "casework:draft_teams": (*in_each_group("/teams/draft/"), "/teams/draft/?of=over"),
    "casework:print_summary": ("{red}summary/",),
    "casework:list_ledgers": ("/ledgers/",),
    "casework:upload_ledger": ("/ledgers/new/",),
    "casework:show_ledger": ("{ledger}", "{ledger}?outcome=new"),
    "casework:list_legal_bases": ("/legal-bases/",),
    "custody:show_keys": ("/keys/",),
    "jobs:list_jobs": ("/jobs/",),
    "casework:correct_calendar": ("/calendar/",),
}
# What a role sees of an address beside that; every population words its files in its own way.
MORE: Final[dict[str, tuple[str, ...]]] = {
    Role.SOCIAL_WORKER: (
        *(f"{{{code}}}" for code in POPULATIONS),
        "/me/findings/{finding}/",
    ),
    Role.AUDITOR: ("{red}",),
    VISITOR: ("/nowhere/",),
}
# Why there is nothing to look at.
LEADS_ON = "it leads on to another page at once"
BUTTON = "it is a button on another page and answers no GET"
NO_PAGES: Final[dict[str, str]] = {
    "home": LEADS_ON,
    "health": "it answers machines, in one word",
    "set_language": BUTTON,
    "accounts:sign_out": BUTTON,
    "audit:judge_sample": BUTTON,
    "audit:answer_finding": "only whoever was asked finds it: the walk of the social worker has it",
    "casework:search_case_files": "it answers with the list, and is handed in there",
    "casework:end_assignment": BUTTON,
    "casework:withdraw_feed": BUTTON,
    "casework:fetch_feed": "it answers programs, with a calendar",
    "casework:end_stipulation": BUTTON,
    "casework:end_member": BUTTON,
    "casework:accept_transfer": BUTTON,
    "casework:refuse_transfer": BUTTON,
    "casework:withdraw_transfer": BUTTON,
    "casework:tell_authority": BUTTON,
    "casework:confirm_report": BUTTON,
    "casework:find_not_due": BUTTON,
    "casework:withdraw_consent": BUTTON,
    "casework:withdraw_absence": BUTTON,
    "casework:withdraw_proposal": BUTTON,
    "casework:acknowledge_objection": BUTTON,
    "casework:withdraw_objection": BUTTON,
    "casework:keep_form": BUTTON,
    "casework:accept_hand_over": BUTTON,
    "casework:withdraw_hand_over": BUTTON,
    "casework:discard_form": BUTTON,
    "casework:withdraw_rule_set": BUTTON,
    "casework:discard_rule_set": BUTTON,
    "casework:print_letter": "it answers with a paper",
    "casework:print_referral": "it answers with a paper",
    "casework:print_sharings": "it answers with a paper",
    "casework:approve_plan": BUTTON,
    "casework:confirm_ledger": BUTTON,
    "casework:discard_ledger": BUTTON,
    "casework:download_attachment": "it answers with a file",
    "casework:remove_attachment": BUTTON,
    "casework:export_refused_rows": "it answers with a workbook",
}
# Handed in as they are, these forms say what is missing.
INCOMPLETE: Final = frozenset(
    {
        "accounts:sign_in",
        "accounts:change_password",
        "accounts:open_account",
        "accounts:open_unit",
        "accounts:grant_role",
        "audit:ask",
        "audit:decide_finding",
        "audit:judge_alert",
        "audit:erase_detail",
        "casework:correct_calendar",
        "casework:draft_rule_set",
        "casework:offer_file",
        "casework:close_task",
        "casework:find_person",
        "casework:add_attachment",
        "casework:list_case_files",
        "casework:state_purpose",
        "casework:record_assessment",
        "casework:draft_plan",
        "casework:hear_person",
        "casework:mark_step",
        "casework:review_plan",
        "casework:end_plan",
        "casework:propose_level",
        "casework:set_provisionally",
        "casework:review_proposal",
        "casework:decide_objection",
        "casework:assign_worker",
        "casework:stipulate",
        "casework:decide_lost",
        "casework:ask_transfer",
        "casework:show_transfer",
        "casework:note_incident",
        "casework:correct_incident",
        "casework:report_harm",
        "casework:follow_report",
        "casework:note_need",
        "casework:refer",
        "casework:answer_referral",
        "casework:record_consent",
        "casework:end_need",
        "casework:name_member",
        "casework:record_absence",
        "casework:print_summary",
        "casework:upload_ledger",
    }
)
# Whoever has signed in is led on from here.
FOR_VISITORS: Final = frozenset({"accounts:sign_in"})


def all_names(
    patterns: list[URLPattern | URLResolver] | None = None, space: str = ""
) -> Iterator[str]:
    """The names of everything that the site answers."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from all_names(each.url_patterns, inner)
        else:
            yield f"{space}{each.name}"
