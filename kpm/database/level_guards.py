"""Guards of levels, proposals, decisions and assessments."""

from kpm.database.forgetting import only_forgets
from kpm.database.guards import (
    Guard,
    append_only,
    changed,
    in_district,
    kept,
    never_deleted,
    refuse,
)

LEVEL, DECISION, PROPOSAL, ASSESSMENT, OBJECTION = (
    "risk_levels_risklevel",
    "risk_levels_decision",
    "risk_levels_proposal",
    "risk_levels_assessment",
    "risk_levels_objection",
)
ASSIGNMENT, CASE_FILE, USER = "casework_assignment", "casework_casefile", "accounts_user"

STEP_DOWN = "CASE {0} WHEN 'red' THEN 'yellow' WHEN 'yellow' THEN 'green' ELSE {0} END"
RANK = "CASE {0} WHEN 'red' THEN 3 WHEN 'yellow' THEN 2 WHEN 'green' THEN 1 ELSE 0 END"

# What a decision sets, and what therefore changes by nothing else.
FOLLOWED = (
    "level",
    "rhythm_level",
    "since_on",
    "until_on",
    "until_at",
    "review_on",
    "revision",
    "decision_id",
)
MOVED = changed(*FOLLOWED)

FOLLOWS_A_DECISION = (
    f'EXISTS (SELECT 1 FROM "{DECISION}" AS d WHERE d.id = NEW.decision_id '
    "AND d.risk_level_id = OLD.id AND d.base_revision = OLD.revision "
    "AND d.from_level = OLD.level AND d.to_level = NEW.level "
    "AND d.rhythm_level = NEW.rhythm_level AND NEW.revision = OLD.revision + 1 "
    # What a kind of decision leaves open stays open.
    "AND d.until_on IS NOT DISTINCT FROM NEW.until_on "
    "AND d.until_at IS NOT DISTINCT FROM NEW.until_at "
    "AND d.review_on IS NOT DISTINCT FROM NEW.review_on "
    "AND NEW.since_on = CASE WHEN d.from_level = d.to_level THEN OLD.since_on "
    "ELSE d.starts_on END)"
)

# Whoever works on a file on that day decides nothing about it.
IN_TEAM = (
    f'EXISTS (SELECT 1 FROM "{ASSIGNMENT}" AS a JOIN "{CASE_FILE}" AS f '
    "ON f.id = a.case_file_id WHERE f.risk_level_id = NEW.risk_level_id "
    "AND a.worker_id = {decider} AND a.until_on IS NULL)"
)

LEVEL_FOUND = (
    f'EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
    "AND l.key_owner = NEW.key_owner AND l.level = NEW.from_level "
    "AND l.revision = NEW.base_revision)"
)

# Each kind of decision has conditions of its own; a kind without any is none.
ENDS_ON_A_DAY = "NEW.until_on IS NOT NULL AND NEW.until_at IS NULL AND NEW.review_on IS NOT NULL"
GRADES = "NEW.to_level IN ('green', 'yellow', 'red')"
APPROVAL = (
    f"(NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM \"{PROPOSAL}\" AS p "
    "WHERE p.id = NEW.proposal_id AND p.risk_level_id = NEW.risk_level_id "
    "AND p.state = 'approved' AND p.from_level = NEW.from_level AND p.to_level = NEW.to_level "
    "AND p.base_revision = NEW.base_revision AND p.decider_id = NEW.decided_by_id "
    "AND p.proposer_id <> NEW.decided_by_id "
    "AND (p.entered_by_id IS NULL OR p.entered_by_id <> NEW.decided_by_id)) "
    f"AND NEW.rhythm_level = NEW.to_level AND {GRADES} AND {ENDS_ON_A_DAY})"
)
EXPIRY = (
    f"(NEW.kind = 'expired' AND NEW.proposal_id IS NULL "
    f"AND NEW.from_level IN ('red', 'yellow') "
    f"AND NEW.to_level = {STEP_DOWN.format('NEW.from_level')} AND {ENDS_ON_A_DAY} "
    f'AND EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
    "AND l.until_on <= NEW.starts_on AND l.rhythm_level = NEW.rhythm_level) "
    # Time runs out by itself: nobody says that it has.
    f'AND EXISTS (SELECT 1 FROM "{USER}" AS u WHERE u.id = NEW.decided_by_id AND u.is_system))'
)

# Nobody's yes: a step down that was left undecided until its day, or that an official class brings.
BY_ITSELF = (
    "(NEW.kind IN ('undecided_down', 'imported_down') "
    f"AND NEW.from_level IN ('red', 'yellow') "
    f"AND NEW.to_level = {STEP_DOWN.format('NEW.from_level')} AND {ENDS_ON_A_DAY} "
    f'AND EXISTS (SELECT 1 FROM "{PROPOSAL}" AS p '
    "WHERE p.id = NEW.proposal_id AND p.risk_level_id = NEW.risk_level_id "
    "AND p.state = 'approved' AND p.from_level = NEW.from_level AND p.to_level = NEW.to_level "
    "AND p.base_revision = NEW.base_revision AND p.decider_id = NEW.decided_by_id "
    "AND CASE NEW.kind WHEN 'imported_down' THEN p.is_official "
    "ELSE p.effect_on <= NEW.starts_on END) "
    f'AND EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
    "AND l.rhythm_level = NEW.rhythm_level "
    # Of a child somebody says so.
    "AND l.population <> 'left_behind_child') "
    f'AND EXISTS (SELECT 1 FROM "{USER}" AS u WHERE u.id = NEW.decided_by_id AND u.is_system))'
)
# Red for safety: set by a person, for three days at most.
PROVISIONAL = (
    "(NEW.kind = 'provisional' AND NEW.proposal_id IS NULL AND NEW.from_level <> 'red' "
    "AND NEW.to_level = 'red' AND NEW.rhythm_level = 'red' "
    "AND NEW.until_on IS NULL AND NEW.until_at IS NOT NULL AND {soon} "
    f'AND NOT EXISTS (SELECT 1 FROM "{USER}" AS u WHERE u.id = NEW.decided_by_id '
    "AND u.is_system))"
)
# What was provisional goes back to where it began: when its hours are over, when somebody says
# no, or when whoever set it takes it back. A term that was left is left again, and not longer.
LAPSE = (
    "(NEW.kind = 'lapsed' AND NEW.until_at IS NULL "
    f'AND EXISTS (SELECT 1 FROM "{LEVEL}" AS l '
    f"JOIN \"{DECISION}\" AS held ON held.id = l.decision_id AND held.kind = 'provisional' "
    f'LEFT JOIN "{DECISION}" AS former ON former.risk_level_id = l.id '
    "AND former.base_revision = held.base_revision - 1 "
    "WHERE l.id = NEW.risk_level_id AND held.from_level = NEW.to_level "
    "AND l.rhythm_level = NEW.rhythm_level "
    "AND (NEW.to_level = 'ungraded' AND NEW.until_on IS NULL "
    "OR NEW.to_level <> 'ungraded' "
    "AND (NEW.until_on <= former.until_on OR NEW.until_on = {tomorrow})) "
    "AND (NEW.proposal_id IS NULL AND {over} "
    f'AND EXISTS (SELECT 1 FROM "{USER}" AS u WHERE u.id = NEW.decided_by_id AND u.is_system) '
    f'OR EXISTS (SELECT 1 FROM "{PROPOSAL}" AS p WHERE p.id = NEW.proposal_id '
    "AND p.risk_level_id = NEW.risk_level_id AND p.is_for_safety "
    "AND (p.state = 'rejected' AND p.decider_id = NEW.decided_by_id "
    "OR p.state = 'withdrawn' AND p.proposer_id = NEW.decided_by_id)))))"
)


# Somebody uninvolved found that the person was right about the decision that holds.
UPHELD = (
    "(NEW.kind = 'objection_upheld' AND NEW.proposal_id IS NULL AND NEW.until_at IS NULL "
    "AND (NEW.until_on IS NULL) = (NEW.to_level = 'ungraded') "
    f'AND EXISTS (SELECT 1 FROM "{LEVEL}" AS l '
    f'JOIN "{DECISION}" AS wrong ON wrong.id = l.decision_id '
    f'JOIN "{OBJECTION}" AS o ON o.decision_id = wrong.id AND o.risk_level_id = l.id '
    "WHERE l.id = NEW.risk_level_id AND o.state = 'upheld' "
    "AND o.decider_id = NEW.decided_by_id AND NEW.to_level = "
    "CASE WHEN wrong.from_level <> wrong.to_level THEN wrong.from_level "
    f"ELSE {STEP_DOWN.format('wrong.to_level')} END))"
)


def conditions(*, soon: str, tomorrow: str, over: str) -> str:
    """A decision meets those of none of the kinds; moments and days are each engine's own."""
    provisional = PROVISIONAL.format(soon=soon)
    lapse = LAPSE.format(tomorrow=tomorrow, over=over)
    kinds = (APPROVAL, EXPIRY, BY_ITSELF, UPHELD, provisional, lapse)
    return f"NOT ({' OR '.join(kinds)})"


# Terms of red that were approved one after the other, with nothing else between.
RED_TERMS = (
    f'(SELECT count(*) FROM "{DECISION}" AS d WHERE d.risk_level_id = NEW.risk_level_id '
    "AND d.kind = 'approved' AND d.to_level = 'red' AND d.base_revision > COALESCE("
    f'(SELECT max(o.base_revision) FROM "{DECISION}" AS o '
    "WHERE o.risk_level_id = NEW.risk_level_id AND o.to_level <> 'red'), -1))"
)

# What a proposal says; fixed once it has been handed in.
SAID = (
    "body",
    "to_level",
    "assessment_id",
    "is_official",
    "submitted_at",
    "effect_on",
)
SAID_ANEW = changed(*SAID)


def too_long(days: str) -> str:
    """Red beyond its ninety days."""
    return f"NEW.to_level = 'red' AND NEW.until_on > {days}"


GUARDS: list[Guard] = [
    # --- Levels -------------------------------------------------------------------------------
    refuse(
        "a_level_starts_ungraded",
        LEVEL,
        before="INSERT",
        when=(
            "NEW.level <> 'ungraded' OR NEW.rhythm_level <> 'ungraded' OR NEW.revision <> 0 "
            "OR NEW.until_on IS NOT NULL OR NEW.until_at IS NOT NULL OR NEW.review_on IS NOT NULL "
            "OR NEW.decision_id IS NOT NULL"
        ),
    ),
    refuse(
        "a_level_changes_only_by_a_decision",
        LEVEL,
        before="UPDATE",
        when=f"({MOVED}) AND NOT {FOLLOWS_A_DECISION}",
    ),
    kept("a_level_stays_with_its_file", LEVEL, "id", "key_owner", "population", "district"),
    never_deleted(LEVEL, "a_level"),
    # --- Decisions ----------------------------------------------------------------------------
    *append_only(
        DECISION, "a_decision", ("id",), ("proposal_id",), ("risk_level_id", "base_revision")
    ),
    refuse(
        "a_decision_follows_the_level_that_it_finds",
        DECISION,
        before="INSERT",
        when=f"NOT {LEVEL_FOUND}",
    ),
    refuse(
        "a_decision_meets_the_conditions_of_its_kind",
        DECISION,
        before="INSERT",
        when=conditions(
            soon="datetime(NEW.until_at) <= datetime(NEW.decided_at, '+72 hours')",
            tomorrow="date(NEW.starts_on, '+1 day')",
            over="datetime(l.until_at) <= datetime(NEW.decided_at)",
        ),
        postgresql=conditions(
            soon="NEW.until_at <= NEW.decided_at + interval '72 hours'",
            tomorrow="NEW.starts_on + 1",
            over="l.until_at <= NEW.decided_at",
        ),
    ),
    # Terms are counted from the day here. SQLite keeps moments in UTC, and China is eight hours
    # ahead of it the whole year.
    refuse(
        "a_decision_starts_on_the_day_on_which_it_is_made",
        DECISION,
        before="INSERT",
        when="NEW.starts_on <> date(NEW.decided_at, '+8 hours')",
        postgresql="NEW.starts_on <> (NEW.decided_at AT TIME ZONE 'Asia/Shanghai')::date",
    ),
    # No term ends before its time. The clocks of two machines differ a little.
    refuse(
        "a_decision_is_not_made_in_the_future",
        DECISION,
        before="INSERT",
        when="NEW.decided_at > datetime('now', '+60 seconds')",
        postgresql="NEW.decided_at > clock_timestamp() + interval '60 seconds'",
    ),
    refuse(
        "a_decision_steps_down_one_level_at_a_time",
        DECISION,
        before="INSERT",
        # What only takes an earlier step back goes to where that began, however far it is.
        when=(
            "NEW.kind NOT IN ('lapsed', 'objection_upheld') "
            f"AND {RANK.format('NEW.to_level')} < {RANK.format('NEW.from_level')} - 1"
        ),
    ),
    refuse(
        "red_lasts_at_most_ninety_days",
        DECISION,
        before="INSERT",
        when=too_long("date(NEW.starts_on, '+90 days')"),
        postgresql=too_long("NEW.starts_on + 90"),
    ),
    refuse(
        "a_decision_is_made_by_nobody_of_the_team",
        DECISION,
        before="INSERT",
        when=(
            "NEW.kind IN ('approved', 'objection_upheld') "
            f"AND {IN_TEAM.format(decider='NEW.decided_by_id')}"
        ),
    ),
    refuse(
        "what_was_provisional_is_decided_in_time",
        DECISION,
        before="INSERT",
        when=(
            f"NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM \"{LEVEL}\" AS l "
            "WHERE l.id = NEW.risk_level_id "
            "AND datetime(l.until_at) <= datetime(NEW.decided_at))"
        ),
        postgresql=(
            f"NEW.kind = 'approved' AND EXISTS (SELECT 1 FROM \"{LEVEL}\" AS l "
            "WHERE l.id = NEW.risk_level_id AND l.until_at <= NEW.decided_at)"
        ),
    ),
    refuse(
        "a_third_red_in_a_row_has_two_approvers",
        DECISION,
        before="INSERT",
        when=(
            "NEW.kind = 'approved' AND NEW.from_level = 'red' AND NEW.to_level = 'red' "
            f'AND {RED_TERMS} >= 2 AND NOT EXISTS (SELECT 1 FROM "{PROPOSAL}" AS p '
            "WHERE p.id = NEW.proposal_id AND p.first_approver_id IS NOT NULL "
            "AND p.first_approver_id <> NEW.decided_by_id)"
        ),
    ),
    # --- Proposals ----------------------------------------------------------------------------
    refuse(
        "a_proposal_starts_as_a_draft",
        PROPOSAL,
        before="INSERT",
        when=(
            "NEW.state <> 'draft' OR NEW.decider_id IS NOT NULL OR NEW.decided_at IS NOT NULL "
            "OR NEW.submitted_at IS NOT NULL OR NEW.first_approver_id IS NOT NULL"
        ),
    ),
    refuse(
        "a_proposal_is_about_the_level_that_it_finds",
        PROPOSAL,
        before="INSERT",
        when=f"NOT {LEVEL_FOUND}",
    ),
    refuse(
        "a_decided_proposal_is_frozen",
        PROPOSAL,
        before="UPDATE",
        when=f"OLD.state NOT IN ('draft', 'submitted') AND NOT ({only_forgets(PROPOSAL)})",
    ),
    refuse(
        "a_proposal_keeps_what_it_said_when_handed_in",
        PROPOSAL,
        before="UPDATE",
        when=f"OLD.state = 'submitted' AND ({SAID_ANEW}) AND NOT ({only_forgets(PROPOSAL)})",
    ),
    kept(
        "a_proposal_stays_its_proposers",
        PROPOSAL,
        *("id", "key_owner", "risk_level_id", "district", "proposer_id", "entered_by_id"),
        *("from_level", "base_revision", "drafted_at", "is_for_safety"),
    ),
    refuse(
        "a_first_approval_stays",
        PROPOSAL,
        before="UPDATE",
        when=(
            "OLD.first_approver_id IS NOT NULL "
            "AND (NEW.first_approver_id IS DISTINCT FROM OLD.first_approver_id "
            "OR NEW.first_approved_at IS DISTINCT FROM OLD.first_approved_at "
            "OR NEW.conference IS DISTINCT FROM OLD.conference) "
            f"AND NOT ({only_forgets(PROPOSAL)})"
        ),
    ),
    refuse(
        "a_first_approval_comes_from_nobody_of_the_team",
        PROPOSAL,
        before="UPDATE",
        when=(
            "OLD.first_approver_id IS NULL AND NEW.first_approver_id IS NOT NULL "
            f"AND {IN_TEAM.format(decider='NEW.first_approver_id')}"
        ),
    ),
    refuse(
        "a_proposal_is_decided_by_nobody_of_the_team",
        PROPOSAL,
        before="UPDATE",
        when=f"NEW.decider_id IS NOT NULL AND {IN_TEAM.format(decider='NEW.decider_id')}",
    ),
    never_deleted(PROPOSAL, "a_proposal"),
    # --- Assessments and rule sets --------------------------------------------------------------
    *append_only(ASSESSMENT, "an_assessment", ("id",)),
    refuse(
        "an_assessment_is_sealed_under_its_file",
        ASSESSMENT,
        before="INSERT",
        when=(
            f'NOT EXISTS (SELECT 1 FROM "{LEVEL}" AS l WHERE l.id = NEW.risk_level_id '
            "AND l.key_owner = NEW.key_owner)"
        ),
    ),
    # At both moments: a draft may still be given another assessment.
    *(
        refuse(
            f"a_proposal_rests_on_an_assessment_of_its_file_{before.lower()}",
            PROPOSAL,
            before=before,
            when=(
                f'NEW.assessment_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{ASSESSMENT}" AS s '
                "WHERE s.id = NEW.assessment_id AND s.risk_level_id = NEW.risk_level_id)"
            ),
        )
        for before in ("INSERT", "UPDATE")
    ),
    # --- Districts ------------------------------------------------------------------------------
    in_district(DECISION, "a_decision", LEVEL, "risk_level_id"),
    in_district(PROPOSAL, "a_proposal", LEVEL, "risk_level_id"),
    in_district(ASSESSMENT, "an_assessment", LEVEL, "risk_level_id"),
]
