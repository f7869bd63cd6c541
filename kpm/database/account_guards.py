"""Guards of accounts: one role at a time, duties kept apart, units that nest, ends that stay."""

from kpm.database.guards import Guard, kept, never_deleted, refuse

UNIT, USER, GRANT = "accounts_unit", "accounts_user", "accounts_rolegrant"

# How many digits of a unit's code are its own, by level.
DIGITS = "CASE {0}.level WHEN 1 THEN 4 WHEN 2 THEN 6 WHEN 3 THEN 9 ELSE 12 END"

# The code is twelve digits, zero after the unit's own; the district is its first six; it lies
# below the unit above it. Scopes are ranges of codes, so all rests on this.
MISPLACED = (
    "{digits_only} OR length(NEW.code) <> 12 OR NEW.district <> substr(NEW.code, 1, 6) "
    f"OR substr(NEW.code, {DIGITS.format('NEW')} + 1) "
    f"<> substr('000000000000', {DIGITS.format('NEW')} + 1) "
    f'OR (NEW.parent_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "{UNIT}" AS p '
    "WHERE p.id = NEW.parent_id AND p.level < NEW.level "
    f"AND substr(NEW.code, 1, {DIGITS.format('p')}) = substr(p.code, 1, {DIGITS.format('p')})))"
)

# The auditor and the two administrators keep watch on the others and on each other.
SEPARATED = "('auditor', 'security_administrator', 'system_administrator')"
OVERLAP = (
    f'EXISTS (SELECT 1 FROM "{GRANT}" AS g WHERE g.user_id = NEW.user_id '
    "AND (g.until_on IS NULL OR (g.until_on > NEW.start_on AND g.until_on > g.start_on)) "
    "AND (NEW.until_on IS NULL OR NEW.until_on > g.start_on) AND {which})"
)
APART = f"g.role <> NEW.role AND (g.role IN {SEPARATED} OR NEW.role IN {SEPARATED})"

# No day here (UTC+8) begins later than the same day in UTC: what is past by this clock is past
# everywhere in the site, also while midnight passes between the form and the row.
TODAY_SQLITE = "date('now')"
TODAY_POSTGRESQL = "(now() AT TIME ZONE 'UTC')::date"


def never_in_the_past(name: str, condition: str) -> Guard:
    """Refuse to change the end of a grant where this holds; {today} is the day."""
    when = f"NEW.until_on IS DISTINCT FROM OLD.until_on AND {condition}"
    return refuse(
        name,
        GRANT,
        before="UPDATE",
        when=when.format(today=TODAY_SQLITE),
        postgresql=when.format(today=TODAY_POSTGRESQL),
    )


def refuse_overlap(name: str, which: str) -> Guard:
    """Refuse a grant that overlaps another of the same person of which this holds."""
    when = OVERLAP.format(which=which)
    alike = refuse(name, GRANT, before="INSERT", when=when)
    return Guard(
        name=name,
        table=GRANT,
        sqlite=alike.sqlite,
        # Two grants made at the same moment do not see each other: they queue for the person.
        postgresql=alike.postgresql.replace(
            "AS $$ BEGIN ",
            f'AS $$ BEGIN PERFORM 1 FROM "{USER}" WHERE id = NEW.user_id FOR NO KEY UPDATE; ',
        ),
    )


GUARDS: list[Guard] = [
    refuse(
        "a_unit_has_a_code_of_its_level_inside_its_parent",
        UNIT,
        before="INSERT",
        when=MISPLACED.format(digits_only="NEW.code GLOB '*[^0-9]*'"),
        postgresql=MISPLACED.format(digits_only="NEW.code ~ '[^0-9]'"),
    ),
    refuse(
        "a_unit_keeps_its_code_and_its_place",
        UNIT,
        before="UPDATE",
        when=(
            "NEW.code <> OLD.code OR NEW.level <> OLD.level OR NEW.district <> OLD.district "
            "OR NEW.parent_id IS DISTINCT FROM OLD.parent_id"
        ),
    ),
    never_deleted(UNIT, "a_unit"),
    # The log and every history name accounts by these.
    kept("an_account_keeps_its_reference_and_its_kind", USER, "id", "log_reference", "is_system"),
    never_deleted(USER, "an_account"),
    refuse_overlap("separated_duties_never_overlap", APART),
    refuse_overlap("a_person_holds_one_grant_at_a_time", f"NOT ({APART})"),
    refuse(
        "a_system_account_holds_no_role",
        GRANT,
        before="INSERT",
        when=f'EXISTS (SELECT 1 FROM "{USER}" AS u WHERE u.id = NEW.user_id AND u.is_system)',
    ),
    refuse(
        "a_grant_changes_only_by_ending_sooner",
        GRANT,
        before="UPDATE",
        when=(
            "NEW.id <> OLD.id OR NEW.user_id <> OLD.user_id OR NEW.role <> OLD.role "
            "OR NEW.unit_id <> OLD.unit_id OR NEW.start_on <> OLD.start_on "
            "OR NEW.log_reference <> OLD.log_reference "
            "OR NEW.populations IS DISTINCT FROM OLD.populations "
            "OR NEW.granted_by_id IS DISTINCT FROM OLD.granted_by_id "
            "OR (OLD.until_on IS NOT NULL "
            "AND (NEW.until_on IS NULL OR NEW.until_on > OLD.until_on))"
        ),
    ),
    # Who could do what on which day is history: it is not written again afterwards.
    never_in_the_past("a_grant_that_has_ended_keeps_its_end", "OLD.until_on <= {today}"),
    never_in_the_past("a_grant_never_ends_in_the_past", "NEW.until_on < {today}"),
    never_deleted(GRANT, "a_grant"),
]
