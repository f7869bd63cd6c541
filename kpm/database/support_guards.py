"""Guards of what is written down about help: needs, incidents, consents, plans, lost contacts."""

from kpm.database.forgetting import only_forgets
from kpm.database.guards import (
    Guard,
    changed,
    in_district,
    kept,
    never_changed,
    never_deleted,
    queueing,
    refuse,
)

CASE_FILE, PLAN, PLAN_ENTRY = "casework_casefile", "casework_plan", "casework_planentry"
NEED, INCIDENT, LOST = "casework_need", "casework_incident", "casework_lostcontact"
REFERRAL, SHARING = "casework_referral", "casework_sharing"
CONSENT, CONSENT_BACK = "casework_consent", "casework_consentwithdrawal"

# A consent that was neither taken back nor given anew.
HOLDS = (
    f'NOT EXISTS (SELECT 1 FROM "{CONSENT_BACK}" AS w WHERE w.consent_id = c.id) '
    f'AND NOT EXISTS (SELECT 1 FROM "{CONSENT}" AS n WHERE n.replaces_id = c.id)'
)

GUARDS: list[Guard] = [
    # --- Needs and strengths -----------------------------------------------------------------
    kept(
        "a_need_stays_what_was_noted",
        NEED,
        *("id", "case_file_id", "district", "kind", "noted_by_id", "noted_on"),
    ),
    refuse(
        "a_need_that_ended_is_frozen",
        NEED,
        before="UPDATE",
        when=f"OLD.state <> 'open' AND NOT ({only_forgets(NEED)})",
    ),
    never_deleted(NEED, "a_need"),
    in_district(NEED, "a_need", CASE_FILE, "case_file_id"),
    # --- Incidents: written once, corrected by another row of the same file -----------------
    refuse(
        "an_incident_is_written_once",
        INCIDENT,
        before="UPDATE",
        when=f"NOT ({only_forgets(INCIDENT)})",
    ),
    refuse(
        "an_incident_corrects_one_of_its_file",
        INCIDENT,
        before="INSERT",
        when=(
            "NEW.corrects_id IS NOT NULL AND NOT EXISTS "
            f'(SELECT 1 FROM "{INCIDENT}" AS i '
            "WHERE i.id = NEW.corrects_id AND i.case_file_id = NEW.case_file_id)"
        ),
    ),
    never_deleted(INCIDENT, "an_incident"),
    in_district(INCIDENT, "an_incident", CASE_FILE, "case_file_id"),
    # --- Consents: a yes and a no are written once ---------------------------------------------
    refuse(
        "a_consent_is_written_once",
        CONSENT,
        before="UPDATE",
        when=f"NOT ({only_forgets(CONSENT)})",
    ),
    refuse(
        "a_consent_takes_the_place_of_one_of_its_file_and_purpose",
        CONSENT,
        before="INSERT",
        when=(
            f'NEW.replaces_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{CONSENT}" AS c '
            "WHERE c.id = NEW.replaces_id AND c.case_file_id = NEW.case_file_id "
            "AND c.purpose = NEW.purpose)"
        ),
    ),
    queueing(
        refuse(
            "one_consent_to_a_purpose_holds",
            CONSENT,
            before="INSERT",
            when=(
                f'EXISTS (SELECT 1 FROM "{CONSENT}" AS c WHERE c.case_file_id = NEW.case_file_id '
                "AND c.purpose = NEW.purpose AND c.id IS DISTINCT FROM NEW.replaces_id "
                f"AND {HOLDS})"
            ),
        ),
        CASE_FILE,
        "case_file_id",
    ),
    never_deleted(CONSENT, "a_consent"),
    in_district(CONSENT, "a_consent", CASE_FILE, "case_file_id"),
    *never_changed(CONSENT_BACK, "a_withdrawal_of_a_consent"),
    never_deleted(CONSENT_BACK, "a_withdrawal_of_a_consent"),
    in_district(CONSENT_BACK, "a_withdrawal_of_a_consent", CONSENT, "consent_id"),
    # --- Referrals: what was told is written once ---------------------------------------------
    refuse(
        "a_sharing_record_is_written_once",
        SHARING,
        before="UPDATE",
        when=f"NOT ({only_forgets(SHARING)})",
    ),
    never_deleted(SHARING, "a_sharing_record"),
    in_district(SHARING, "a_sharing_record", CASE_FILE, "case_file_id"),
    kept(
        "a_referral_stays_what_was_sent",
        REFERRAL,
        *("id", "case_file_id", "district", "sharing_id"),
    ),
    refuse(
        "a_referral_that_is_over_is_frozen",
        REFERRAL,
        before="UPDATE",
        when=f"OLD.state NOT IN ('sent', 'accepted') AND NOT ({only_forgets(REFERRAL)})",
    ),
    refuse(
        "a_referral_keeps_its_answer",
        REFERRAL,
        before="UPDATE",
        when=(
            f"OLD.state <> 'sent' AND ({changed('answered_on', 'answer')}) "
            f"AND NOT ({only_forgets(REFERRAL)})"
        ),
    ),
    queueing(
        refuse(
            "a_sharing_record_rests_on_a_consent_that_holds",
            SHARING,
            before="INSERT",
            when=(
                f'NEW.consent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{CONSENT}" AS c '
                "WHERE c.id = NEW.consent_id AND c.case_file_id = NEW.case_file_id "
                f"AND c.purpose = 'sharing' AND {HOLDS})"
            ),
        ),
        CONSENT,
        "consent_id",
        # So that nobody takes it back meanwhile.
        "UPDATE",
    ),
    refuse(
        "a_referral_goes_with_a_sharing_record_of_its_file",
        REFERRAL,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{SHARING}" AS s '
            "WHERE s.id = NEW.sharing_id AND s.case_file_id = NEW.case_file_id)"
        ),
    ),
    never_deleted(REFERRAL, "a_referral"),
    in_district(REFERRAL, "a_referral", CASE_FILE, "case_file_id"),
    # --- Lost contacts -----------------------------------------------------------------------
    kept("a_search_stays_what_it_was", LOST, "id", "case_file_id", "opened_at"),
    refuse("a_search_that_ended_is_frozen", LOST, before="UPDATE", when="OLD.state = 'met'"),
    never_deleted(LOST, "a_search"),
    in_district(LOST, "a_search", CASE_FILE, "case_file_id"),
    # --- What becomes of a plan: written once -------------------------------------------------
    refuse(
        "an_entry_about_a_plan_is_written_once",
        PLAN_ENTRY,
        before="UPDATE",
        when=f"NOT ({only_forgets(PLAN_ENTRY)})",
    ),
    refuse(
        "an_entry_is_about_a_plan_of_its_file",
        PLAN_ENTRY,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{PLAN}" AS p '
            "WHERE p.id = NEW.plan_id AND p.case_file_id = NEW.case_file_id)"
        ),
    ),
    never_deleted(PLAN_ENTRY, "an_entry_about_a_plan"),
    in_district(PLAN_ENTRY, "an_entry_about_a_plan", CASE_FILE, "case_file_id"),
]
