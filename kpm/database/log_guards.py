"""Guards of the log: it only grows, and who an event is about is read from the event itself."""

from kpm.database.guards import (
    Guard,
    append_only,
    kept,
    never_changed,
    never_deleted,
    never_emptied,
    never_replaced,
)

NAMES_EVERYBODY = "an_event_names_everybody_it_is_about"

GUARDS: list[Guard] = [
    *append_only("audit_event", "an_event"),
    *append_only(
        "audit_subject",
        "a_subject_of_an_event",
        ("subject", "event_id"),
        has_rowid=False,
    ),
    *append_only("audit_leaf", "a_leaf", ("event_id",)),
    *append_only("audit_tile", "a_tile", ("level", "idx")),
    *append_only("audit_checkpoint", "a_checkpoint"),
    *append_only("audit_key", "a_key_of_the_log", ("vkey",)),
    *append_only("audit_attestation", "an_attestation", ("size", "witness")),
    *append_only("audit_epoch", "an_epoch"),
    # Details go when erasure asks for it; what stands is what was written.
    *never_changed("audit_detail", "a_detail"),
    never_replaced("audit_detail", "a_detail", ("rowid",), ("ev",)),
    # What was noticed stays noticed, whatever is made of it.
    never_deleted("audit_alert", "an_alert"),
    never_emptied("audit_alert", "an_alert_is_never_emptied"),
    kept("an_alert_stays_what_it_was", "audit_alert", "id", "number", "rule", "about", "first_on"),
    never_deleted("audit_finding", "a_finding"),
    never_emptied("audit_finding", "a_finding_is_never_emptied"),
    kept(
        "a_finding_stays_what_was_asked",
        "audit_finding",
        *("id", "number", "kind", "about", "asked_by", "person", "asked_at"),
    ),
    # What the lot fell on stays drawn.
    never_deleted("audit_sample", "a_sample"),
    never_emptied("audit_sample", "a_sample_is_never_emptied"),
    kept("a_sample_stays_what_was_drawn", "audit_sample", "id", "number", "place", "week_on"),
    Guard(
        name=NAMES_EVERYBODY,
        table="audit_event",
        sqlite=(
            f'CREATE TRIGGER "{NAMES_EVERYBODY}" AFTER INSERT ON "audit_event" FOR EACH ROW '
            "WHEN json_extract(NEW.body, '$.os') IS NOT NULL BEGIN "
            "INSERT INTO audit_subject (subject, event_id) "
            "SELECT value, NEW.id FROM json_each(NEW.body, '$.os'); END"
        ),
        # Runs as the owner, so that nobody else needs the right to write there.
        postgresql=(
            f'CREATE FUNCTION "{NAMES_EVERYBODY}"() RETURNS trigger LANGUAGE plpgsql '
            "SECURITY DEFINER AS $$ BEGIN IF (NEW.body::json -> 'os') IS NOT NULL THEN "
            "INSERT INTO audit_subject (subject, event_id) "
            "SELECT value, NEW.id FROM json_array_elements_text(NEW.body::json -> 'os'); "
            "END IF; RETURN NULL; END $$;"
            f'CREATE TRIGGER "{NAMES_EVERYBODY}" AFTER INSERT ON "audit_event" FOR EACH ROW '
            f'EXECUTE FUNCTION "{NAMES_EVERYBODY}"()'
        ),
    ),
]
