"""Guards of people, case files, assignments, visits, plans and attachments."""

from kpm.database.forgetting import only_forgets
from kpm.database.guards import (
    Guard,
    append_only,
    changed,
    in_district,
    kept,
    never_deleted,
    queueing,
    refuse,
)

PERSON, CASE_FILE, LEVEL, UNIT = (
    "casework_person",
    "casework_casefile",
    "risk_levels_risklevel",
    "accounts_unit",
)
ASSIGNMENT, ATTACHMENT, VISIT, PLAN, TEAM_MEMBER, LEDGER = (
    "casework_assignment",
    "casework_attachment",
    "casework_visit",
    "casework_plan",
    "casework_teammember",
    "casework_ledger",
)
LEDGER_ROW, PROPOSAL = "casework_ledgerrow", "risk_levels_proposal"
REVIEW_TASK, UNSENT_FORM = "casework_reviewtask", "casework_unsentform"
HAND_OVER = "casework_handover"
HARM, HARM_STEP = "casework_harmreport", "casework_harmstep"
DECISION, TRANSFER = "risk_levels_decision", "casework_transfer"
TEAM_CHECK = "casework_teamcheck"
STIPULATION, PROFILE, ABSENCE = (
    "casework_stipulation",
    "casework_workerprofile",
    "casework_absence",
)

RANK = "CASE {} WHEN 'ungraded' THEN 0 WHEN 'green' THEN 1 WHEN 'yellow' THEN 2 ELSE 3 END"
# A level goes down while a mandatory report about its file waits for the receipt.
EASED = (
    f"{RANK.format('NEW.to_level')} < {RANK.format('NEW.from_level')} "
    f'AND EXISTS (SELECT 1 FROM "{HARM}" AS r JOIN "{CASE_FILE}" AS f ON f.id = r.case_file_id '
    "WHERE f.risk_level_id = NEW.risk_level_id AND r.state IN ('opened', 'told'))"
)
# Days are half open: who hands over and who takes over on one day do not overlap.
OVERLAP = (
    f'EXISTS (SELECT 1 FROM "{ASSIGNMENT}" AS a WHERE a.case_file_id = NEW.case_file_id '
    "AND a.id <> NEW.id AND (a.worker_id = NEW.worker_id "
    "OR (a.role = NEW.role AND NEW.role <> 'member')) "
    "AND (a.until_on IS NULL OR (a.until_on > NEW.start_on AND a.until_on > a.start_on)) "
    "AND (NEW.until_on IS NULL OR (NEW.until_on > a.start_on AND NEW.until_on > NEW.start_on)))"
)


GUARDS: list[Guard] = [
    # --- Hand-overs: what was offered stays what it was --------------------------------------
    kept(
        "a_hand_over_stays_what_was_offered",
        HAND_OVER,
        *("id", "case_file_id", "from_worker_id", "to_worker_id", "offered_by_id", "offered_at"),
    ),
    refuse(
        "an_answered_hand_over_is_frozen",
        HAND_OVER,
        before="UPDATE",
        when=f"OLD.state <> 'offered' AND NOT ({only_forgets(HAND_OVER)})",
    ),
    never_deleted(HAND_OVER, "a_hand_over"),
    in_district(HAND_OVER, "a_hand_over", CASE_FILE, "case_file_id"),
    # --- Unsent forms: they come and go, and stay whose they are -----------------------------
    kept(
        "an_unsent_form_stays_whose_it_is",
        UNSENT_FORM,
        *("id", "case_file_id", "worker_id", "form", "place"),
    ),
    in_district(UNSENT_FORM, "an_unsent_form", CASE_FILE, "case_file_id"),
    # --- Who helps --------------------------------------------------------------------------
    refuse(
        "nobody_helps_who_has_a_conflict_of_interest",
        ASSIGNMENT,
        before="INSERT",
        when=(
            f'EXISTS (SELECT 1 FROM "{STIPULATION}" AS s WHERE s.case_file_id = NEW.case_file_id '
            "AND s.worker_id = NEW.worker_id AND s.kind = 'conflict' AND s.until_on IS NULL)"
        ),
    ),
    refuse(
        "a_stipulation_changes_only_by_ending",
        STIPULATION,
        before="UPDATE",
        when=(
            f"{changed('id', 'case_file_id', 'district', 'kind', 'worker_id', 'start_on')} "
            "OR OLD.until_on IS NOT NULL"
        ),
    ),
    in_district(STIPULATION, "a_stipulation", CASE_FILE, "case_file_id"),
    never_deleted(STIPULATION, "a_stipulation"),
    kept("a_profile_stays_its_workers", PROFILE, "id", "worker_id"),
    never_deleted(PROFILE, "a_profile"),
    refuse(
        "an_absence_changes_only_by_being_taken_back",
        ABSENCE,
        before="UPDATE",
        when=(
            f"{changed('id', 'worker_id', 'kind', 'start_on', 'until_on')} "
            "OR OLD.withdrawn_at IS NOT NULL"
        ),
    ),
    never_deleted(ABSENCE, "an_absence"),
    # --- Weekly loads: what was carried stays what it was ------------------------------------
    *append_only("casework_weeklyload", "a_weekly_load", ("id",), ("worker_id", "week_on")),
    # --- Mandatory reports: written once, and nothing gets less as long as one waits ----------
    kept(
        "a_report_stays_what_it_was", HARM, "id", "number", "case_file_id", "district", "opened_at"
    ),
    refuse(
        "a_report_that_ended_is_frozen",
        HARM,
        before="UPDATE",
        when="OLD.state IN ('confirmed', 'not_due')",
    ),
    never_deleted(HARM, "a_report"),
    in_district(HARM, "a_report", CASE_FILE, "case_file_id"),
    refuse(
        "a_step_of_a_report_is_written_once",
        HARM_STEP,
        before="UPDATE",
        when=f"NOT ({only_forgets(HARM_STEP)})",
    ),
    never_deleted(HARM_STEP, "a_step_of_a_report"),
    in_district(HARM_STEP, "a_step_of_a_report", HARM, "report_id"),
    refuse("no_level_goes_down_while_a_report_waits", DECISION, before="INSERT", when=EASED),
    refuse(
        "no_file_is_closed_while_a_report_waits",
        CASE_FILE,
        before="UPDATE",
        when=(
            "OLD.status = 'open' AND NEW.status <> 'open' AND EXISTS (SELECT 1 "
            f'FROM "{HARM}" AS r WHERE r.case_file_id = NEW.id '
            "AND r.state IN ('opened', 'told'))"
        ),
    ),
    # --- Transfers ---------------------------------------------------------------------------
    kept(
        "a_transfer_stays_what_was_asked",
        TRANSFER,
        *("id", "number", "case_file_id", "district", "from_unit_id", "to_unit_id"),
        *("asked_by_id", "asked_at"),
    ),
    refuse(
        "an_answered_transfer_is_frozen",
        TRANSFER,
        before="UPDATE",
        when=f"OLD.state <> 'asked' AND NOT ({only_forgets(TRANSFER)})",
    ),
    never_deleted(TRANSFER, "a_transfer"),
    in_district(TRANSFER, "a_transfer", CASE_FILE, "case_file_id"),
    # --- Teams of red files ------------------------------------------------------------------
    kept("a_team_check_stays_with_its_file", TEAM_CHECK, "id", "case_file_id"),
    # --- Review tasks -----------------------------------------------------------------------
    kept("a_review_task_stays_what_it_was", REVIEW_TASK, "id", "case_file_id", "rule", "opened_at"),
    refuse(
        "an_answered_review_task_is_frozen",
        REVIEW_TASK,
        before="UPDATE",
        when="OLD.state <> 'open'",
    ),
    never_deleted(REVIEW_TASK, "a_review_task"),
    in_district(REVIEW_TASK, "a_review_task", CASE_FILE, "case_file_id"),
    refuse(
        "a_file_has_the_level_that_was_opened_for_it",
        CASE_FILE,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
            "AND l.key_owner = NEW.id AND l.population = NEW.population "
            "AND l.district = NEW.district)"
        ),
    ),
    *(
        refuse(
            f"a_file_lies_in_the_district_of_its_unit_and_person_{before.lower()}",
            CASE_FILE,
            before=before,
            when=(
                f'NOT EXISTS (SELECT 1 FROM "{UNIT}" AS u '
                "WHERE u.id = NEW.unit_id AND u.district = NEW.district) "
                f'OR NOT EXISTS (SELECT 1 FROM "{PERSON}" AS p '
                "WHERE p.id = NEW.person_id AND p.district = NEW.district)"
            ),
        )
        for before in ("INSERT", "UPDATE")
    ),
    kept(
        "a_file_keeps_its_number_person_and_population",
        CASE_FILE,
        *("id", "number", "person_id", "population", "risk_level_id", "opened_on"),
    ),
    kept("a_person_keeps_their_district_and_reference", PERSON, "id", "district", "log_reference"),
    # Nobody has two places in one team on one day, and no place is held by two.
    queueing(
        refuse(
            "an_assignment_never_overlaps_another_in_its_team",
            ASSIGNMENT,
            before="INSERT",
            when=OVERLAP,
        ),
        CASE_FILE,
        "case_file_id",
    ),
    refuse(
        "an_assignment_changes_only_by_ending",
        ASSIGNMENT,
        before="UPDATE",
        when=(
            "NEW.id <> OLD.id OR NEW.case_file_id <> OLD.case_file_id "
            "OR NEW.district <> OLD.district "
            "OR NEW.worker_id <> OLD.worker_id OR NEW.role <> OLD.role "
            "OR NEW.start_on <> OLD.start_on OR OLD.until_on IS NOT NULL"
        ),
    ),
    kept(
        "a_visit_stays_in_its_file",
        VISIT,
        *("id", "case_file_id", "district", "worker_id", "recorded_at"),
    ),
    kept(
        "a_plan_stays_in_its_file",
        PLAN,
        *("id", "case_file_id", "district", "drafted_by_id", "drafted_on"),
    ),
    # What is approved is what was drafted, and stays it.
    refuse(
        "a_plan_keeps_what_it_said_when_approved",
        PLAN,
        before="UPDATE",
        when=(
            f"NOT (OLD.state = 'draft' AND NEW.state = 'draft') AND ({changed('body')}) "
            f"AND NOT ({only_forgets(PLAN)})"
        ),
    ),
    refuse(
        "a_plan_keeps_who_approved_it_and_when",
        PLAN,
        before="UPDATE",
        when=f"OLD.state <> 'draft' AND ({changed('approved_by_id', 'approved_on')})",
    ),
    refuse(
        "a_plan_keeps_when_it_ended",
        PLAN,
        before="UPDATE",
        when=f"OLD.state = 'ended' AND ({changed('ended_on')})",
    ),
    refuse(
        "a_plan_is_approved_by_nobody_of_the_team",
        PLAN,
        before="UPDATE",
        when=(
            "OLD.state = 'draft' AND NEW.state = 'approved' "
            f'AND EXISTS (SELECT 1 FROM "{ASSIGNMENT}" AS a WHERE a.until_on IS NULL '
            "AND a.case_file_id = NEW.case_file_id AND a.worker_id = NEW.approved_by_id)"
        ),
    ),
    *(
        refuse(
            f"a_plan_goes_with_a_proposal_of_its_file_{before.lower()}",
            PLAN,
            before=before,
            when=(
                "NEW.proposal_id IS NOT NULL AND NOT EXISTS "
                f'(SELECT 1 FROM "{PROPOSAL}" AS p JOIN "{CASE_FILE}" AS f '
                "ON f.risk_level_id = p.risk_level_id "
                "WHERE p.id = NEW.proposal_id AND f.id = NEW.case_file_id)"
            ),
        )
        for before in ("INSERT", "UPDATE")
    ),
    kept(
        "a_team_member_stays_in_their_file",
        TEAM_MEMBER,
        *("id", "case_file_id", "district", "place", "is_woman", "is_nobody", "start_on"),
    ),
    kept("a_ledger_stays_in_its_district", LEDGER, "id", "number", "district", "population"),
    kept("a_ledger_stays_its_uploaders", LEDGER, "uploaded_by_id", "uploaded_at"),
    kept("a_row_stays_in_its_ledger", LEDGER_ROW, "id", "ledger_id", "district", "number"),
    in_district(ASSIGNMENT, "an_assignment", CASE_FILE, "case_file_id"),
    in_district(VISIT, "a_visit", CASE_FILE, "case_file_id"),
    in_district(PLAN, "a_plan", CASE_FILE, "case_file_id"),
    in_district(TEAM_MEMBER, "a_team_member", CASE_FILE, "case_file_id"),
    in_district(LEDGER_ROW, "a_row", LEDGER, "ledger_id"),
    kept(
        "an_attachment_stays_in_its_file",
        ATTACHMENT,
        *("id", "case_file_id", "district", "number", "file_id", "kind", "size_class"),
        *("attached_by_id", "attached_at"),
    ),
    refuse(
        "a_removed_attachment_stays_removed",
        ATTACHMENT,
        before="UPDATE",
        when="OLD.removed_at IS NOT NULL AND (NEW.removed_at IS DISTINCT FROM OLD.removed_at "
        "OR NEW.removed_by_id IS DISTINCT FROM OLD.removed_by_id)",
    ),
    in_district(ATTACHMENT, "an_attachment", CASE_FILE, "case_file_id"),
    never_deleted(ATTACHMENT, "an_attachment"),
    never_deleted(PERSON, "a_person"),
    never_deleted(CASE_FILE, "a_case_file"),
    never_deleted(ASSIGNMENT, "an_assignment"),
    never_deleted(VISIT, "a_visit"),
    never_deleted(PLAN, "a_plan"),
]
