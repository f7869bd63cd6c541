"""The pages of casework at a glance."""

from django.urls import path, register_converter

from casework.views import (
    agenda,
    assessments,
    assignments,
    attachments,
    calendar_feeds,
    calendars,
    case_files,
    consents,
    hand_overs,
    harm,
    incidents,
    ledgers,
    levels,
    lost_contacts,
    needs,
    objections,
    people,
    plans,
    queues,
    referrals,
    reports,
    review_tasks,
    rule_sets,
    team_members,
    today,
    transfers,
    unsent_forms,
    visits,
    workers,
)
from kpm.ids import FILE_NUMBER


class NumberConverter:
    """A file number, such as 7K3MQ-9TX2A."""

    regex = FILE_NUMBER

    def to_python(self, value: str) -> str:
        """The number as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The same."""
        return value


class WorkerConverter(NumberConverter):
    """The random name of a worker's account, such as u:Z7CaZz_f-KKXe98vipH3JA."""

    regex = "u:[A-Za-z0-9_-]{1,40}"


register_converter(NumberConverter, "number")
register_converter(WorkerConverter, "worker")

app_name = "casework"
urlpatterns = [
    path("files/", case_files.list_case_files, name="list_case_files"),
    path("files/find/", people.find_person, name="find_person"),
    path("files/new/", people.admit_person, name="admit_person"),
    path("files/search/", case_files.search_case_files, name="search_case_files"),
    path("files/<number:number>/", case_files.show_case_file, name="show_case_file"),
    path("files/<number:number>/purpose/", case_files.state_purpose, name="state_purpose"),
    path("files/<number:number>/history/", case_files.show_history, name="show_history"),
    path(
        "files/<number:number>/reveal/<slug:field>/", case_files.reveal_field, name="reveal_field"
    ),
    path("files/<number:number>/team/", assignments.assign_worker, name="assign_worker"),
    path(
        "files/<number:number>/team/<slug:place>/<worker:worker>/end/",
        assignments.end_assignment,
        name="end_assignment",
    ),
    path(
        "files/<number:number>/attachments/", attachments.list_attachments, name="list_attachments"
    ),
    path(
        "files/<number:number>/attachments/new/", attachments.add_attachment, name="add_attachment"
    ),
    path(
        "files/<number:number>/attachments/<int:place>/",
        attachments.download_attachment,
        name="download_attachment",
    ),
    path(
        "files/<number:number>/attachments/<int:place>/remove/",
        attachments.remove_attachment,
        name="remove_attachment",
    ),
    path("files/<number:number>/summary/", reports.print_summary, name="print_summary"),
    path("files/<number:number>/team/others/", team_members.name_member, name="name_member"),
    path(
        "files/<number:number>/team/others/<int:place>/end/",
        team_members.end_member,
        name="end_member",
    ),
    path("ledgers/", ledgers.list_ledgers, name="list_ledgers"),
    path("ledgers/new/", ledgers.upload_ledger, name="upload_ledger"),
    path("ledgers/<number:number>/", ledgers.show_ledger, name="show_ledger"),
    path("ledgers/<number:number>/confirm/", ledgers.confirm_ledger, name="confirm_ledger"),
    path("ledgers/<number:number>/discard/", ledgers.discard_ledger, name="discard_ledger"),
    path(
        "ledgers/<number:number>/refused/", ledgers.export_refused_rows, name="export_refused_rows"
    ),
    path("files/<number:number>/team/heeded/", assignments.stipulate, name="stipulate"),
    path(
        "files/<number:number>/team/heeded/<int:place>/end/",
        assignments.end_stipulation,
        name="end_stipulation",
    ),
    path("staff/", workers.list_staff, name="list_staff"),
    path("staff/<worker:worker>/", workers.describe_worker, name="describe_worker"),
    path("staff/<worker:worker>/files/", workers.move_files, name="move_files"),
    path("staff/<worker:worker>/away/", workers.record_absence, name="record_absence"),
    path(
        "staff/<worker:worker>/away/<int:place>/end/",
        workers.withdraw_absence,
        name="withdraw_absence",
    ),
    path("staff/<worker:worker>/load/", workers.show_load, name="show_load"),
    path("today/load/", workers.view_own_load, name="view_own_load"),
    path("teams/draft/", assignments.draft_teams, name="draft_teams"),
    path("missing/", assignments.list_missing, name="list_missing"),
    path("today/", today.view_today, name="view_today"),
    path("today/feed/", calendar_feeds.make_feed, name="make_feed"),
    path("today/feed/withdraw/", calendar_feeds.withdraw_feed, name="withdraw_feed"),
    path("calendar-feed/<slug:token>/", calendar_feeds.fetch_feed, name="fetch_feed"),
    path("today/week/", agenda.view_week, name="view_week"),
    path("today/month/", agenda.view_month, name="view_month"),
    path("files/<number:number>/visits/", visits.list_visits, name="list_visits"),
    path("files/<number:number>/visits/new/", visits.record_visit, name="record_visit"),
    path("files/<number:number>/consents/", consents.list_consents, name="list_consents"),
    path("files/<number:number>/consents/new/", consents.record_consent, name="record_consent"),
    path(
        "files/<number:number>/consents/<int:place>/withdraw/",
        consents.withdraw_consent,
        name="withdraw_consent",
    ),
    path("files/<number:number>/referrals/", referrals.list_referrals, name="list_referrals"),
    path("files/<number:number>/referrals/paper/", referrals.print_sharings, name="print_sharings"),
    path("files/<number:number>/referrals/to/<slug:kind>/", referrals.refer, name="refer"),
    path(
        "files/<number:number>/referrals/<int:place>/",
        referrals.answer_referral,
        name="answer_referral",
    ),
    path(
        "files/<number:number>/referrals/<int:place>/letter/",
        referrals.print_referral,
        name="print_referral",
    ),
    path("files/<number:number>/plan/", plans.show_plan, name="show_plan"),
    path("files/<number:number>/plan/new/", plans.draft_plan, name="draft_plan"),
    path("files/<number:number>/plan/approve/", plans.approve_plan, name="approve_plan"),
    path("files/<number:number>/plan/earlier/", plans.list_versions, name="list_versions"),
    path("files/<number:number>/plan/<int:version>/word/", plans.hear_person, name="hear_person"),
    path("files/<number:number>/plan/<int:version>/review/", plans.review_plan, name="review_plan"),
    path("files/<number:number>/plan/<int:version>/end/", plans.end_plan, name="end_plan"),
    path(
        "files/<number:number>/plan/<int:version>/steps/<int:place>/",
        plans.mark_step,
        name="mark_step",
    ),
    path(
        "files/<number:number>/assessments/new/",
        assessments.record_assessment,
        name="record_assessment",
    ),
    path(
        "files/<number:number>/assessments/<int:place>/",
        assessments.show_assessment,
        name="show_assessment",
    ),
    path("files/<number:number>/level/", levels.show_level, name="show_level"),
    path(
        "files/<number:number>/level/provisional/",
        levels.set_provisionally,
        name="set_provisionally",
    ),
    path("files/<number:number>/proposal/", levels.propose_level, name="propose_level"),
    path(
        "files/<number:number>/proposal/withdraw/",
        levels.withdraw_proposal,
        name="withdraw_proposal",
    ),
    path("files/<number:number>/proposal/review/", levels.review_proposal, name="review_proposal"),
    path("reviews/", levels.list_reviews, name="list_reviews"),
    path("reviews/suggested/", review_tasks.list_tasks, name="list_tasks"),
    path("reviews/rules/", review_tasks.list_warnings, name="list_warnings"),
    path(
        "files/<number:number>/reviews/<slug:rule>/",
        review_tasks.close_task,
        name="close_task",
    ),
    path("lost/", lost_contacts.list_lost, name="list_lost"),
    path("files/<number:number>/lost/", lost_contacts.decide_lost, name="decide_lost"),
    path("files/<number:number>/needs/", needs.list_needs, name="list_needs"),
    path("files/<number:number>/needs/new/", needs.note_need, name="note_need"),
    path("files/<number:number>/needs/<int:place>/end/", needs.end_need, name="end_need"),
    path("files/<number:number>/incidents/", incidents.list_incidents, name="list_incidents"),
    path("files/<number:number>/incidents/new/", incidents.note_incident, name="note_incident"),
    path(
        "files/<number:number>/incidents/<int:place>/correct/",
        incidents.correct_incident,
        name="correct_incident",
    ),
    path("reports/", harm.list_reports, name="list_reports"),
    path("files/<number:number>/report/", harm.report_harm, name="report_harm"),
    path("files/<number:number>/report/<slug:mark>/", harm.follow_report, name="follow_report"),
    path(
        "files/<number:number>/report/<slug:mark>/told/",
        harm.tell_authority,
        name="tell_authority",
    ),
    path(
        "files/<number:number>/report/<slug:mark>/receipt/",
        harm.confirm_report,
        name="confirm_report",
    ),
    path(
        "files/<number:number>/report/<slug:mark>/not-due/",
        harm.find_not_due,
        name="find_not_due",
    ),
    path("queues/<slug:queue>/", queues.list_queue, name="list_queue"),
    path("objections/", objections.list_objections, name="list_objections"),
    path(
        "files/<number:number>/objections/new/",
        objections.receive_objection,
        name="receive_objection",
    ),
    path(
        "files/<number:number>/objections/<int:place>/",
        objections.show_objection,
        name="show_objection",
    ),
    path(
        "files/<number:number>/objections/<int:place>/answer/",
        objections.decide_objection,
        name="decide_objection",
    ),
    path(
        "files/<number:number>/objections/<int:place>/acknowledge/",
        objections.acknowledge_objection,
        name="acknowledge_objection",
    ),
    path(
        "files/<number:number>/objections/<int:place>/withdraw/",
        objections.withdraw_objection,
        name="withdraw_objection",
    ),
    path(
        "files/<number:number>/objections/<int:place>/letter/",
        objections.print_letter,
        name="print_letter",
    ),
    path(
        "questionnaires/<slug:code>/<int:version>/",
        assessments.show_instrument,
        name="show_instrument",
    ),
    path(
        "files/<number:number>/unsent/<slug:form>/",
        unsent_forms.keep_form,
        name="keep_form",
    ),
    path(
        "files/<number:number>/unsent/<slug:form>/discard/",
        unsent_forms.discard_form,
        name="discard_form",
    ),
    path("files/<number:number>/hand-over/", hand_overs.offer_file, name="offer_file"),
    path("files/<number:number>/transfer/", transfers.ask_transfer, name="ask_transfer"),
    path("transfers/", transfers.list_transfers, name="list_transfers"),
    path("transfers/<slug:mark>/", transfers.show_transfer, name="show_transfer"),
    path("transfers/<slug:mark>/accept/", transfers.accept_transfer, name="accept_transfer"),
    path("transfers/<slug:mark>/refuse/", transfers.refuse_transfer, name="refuse_transfer"),
    path("transfers/<slug:mark>/withdraw/", transfers.withdraw_transfer, name="withdraw_transfer"),
    path("hand-overs/", hand_overs.list_hand_overs, name="list_hand_overs"),
    path("hand-overs/<slug:mark>/", hand_overs.show_hand_over, name="show_hand_over"),
    path("hand-overs/<slug:mark>/accept/", hand_overs.accept_hand_over, name="accept_hand_over"),
    path(
        "hand-overs/<slug:mark>/withdraw/",
        hand_overs.withdraw_hand_over,
        name="withdraw_hand_over",
    ),
    path("rules/", rule_sets.list_rule_sets, name="list_rule_sets"),
    path("rules/new/", rule_sets.draft_rule_set, name="draft_rule_set"),
    path("rules/<slug:version>/", rule_sets.show_rule_set, name="show_rule_set"),
    path("rules/<slug:version>/start/", rule_sets.start_rule_set, name="start_rule_set"),
    path("rules/<slug:version>/withdraw/", rule_sets.withdraw_rule_set, name="withdraw_rule_set"),
    path("rules/<slug:version>/discard/", rule_sets.discard_rule_set, name="discard_rule_set"),
    path("rules/<slug:version>/general/", rule_sets.change_general, name="change_general"),
    path(
        "rules/<slug:version>/duties/<slug:population>/",
        rule_sets.change_duties,
        name="change_duties",
    ),
    path("calendar/", calendars.correct_calendar, name="correct_calendar"),
    path("legal-bases/", levels.list_legal_bases, name="list_legal_bases"),
]
