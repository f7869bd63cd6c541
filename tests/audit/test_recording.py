"""What happens is written down in the transaction in which it happens, or does not happen."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from audit import details, log
from audit.bodies import NotLoggable
from audit.events import Direction, Event, Outcome, Purpose
from audit.models import Detail, LoggedEvent, Subject
from kpm.vault.errors import Sealed
from tests.audit.things import FILE, WORKER, File, ends_in
from tests.conftest import RealCommits

pytestmark = pytest.mark.django_db


def logged() -> list[dict[str, Any]]:
    """Everything in the log, oldest first."""
    return [
        json.loads(body)
        for body in LoggedEvent.objects.order_by("id").values_list("body", flat=True)
    ]


def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the database refuses every event: none of them would be JSON."""
    monkeypatch.setattr("audit.entries.spell", lambda _body: "{")


def test_an_event_says_who_did_what_to_what_and_why() -> None:
    context = log.Context(channel="web", request="r" * 32, session="s" * 22)
    with log.entered(context), transaction.atomic():
        ev = log.record(
            Event.CASE_FILE_REVEALED,
            by=WORKER,
            target=FILE,
            groups=["person.body", "person.body", "case_file.head"],
            purpose=Purpose.SERVICE,
            rule="on_the_team",
            grant="g:7",
            direction=Direction.UP,
            count=1,
        )
    (body,) = logged()
    at = body.pop("at")
    assert len(at) == 27
    assert body == {
        "v": 1,
        "ev": str(ev),
        "a": WORKER.log_reference,
        "role": "social_worker",
        "act": "case_file.revealed",
        "ot": "case_file",
        "o": FILE.log_reference,
        "f": ["case_file.head", "person.body"],
        "p": "service",
        "dec": {"ok": True, "rule": "on_the_team", "grant": "g:7"},
        "out": "ok",
        "dir": "up",
        "n": 1,
        "ch": "web",
        "rq": "r" * 32,
        "ss": "s" * 22,
    }
    row = LoggedEvent.objects.get()
    assert (row.event, row.at, row.actor) == ("case_file.revealed", at, WORKER.log_reference)
    assert (row.subject_type, row.subject) == ("case_file", FILE.log_reference)
    assert (row.purpose, row.outcome, row.request) == ("service", "ok", "r" * 32)
    assert str(row) == f"{at} case_file.revealed"


def test_what_is_rolled_back_was_never_recorded() -> None:
    with ends_in(ZeroDivisionError), transaction.atomic():
        log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
        _ = 1 / 0
    assert logged() == []


def test_nothing_is_recorded_apart_from_what_it_records() -> None:
    with pytest.raises(log.OutsideTransaction, match=r"case_file\.opened"):
        log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)


def test_a_broken_log_stops_the_change_it_was_to_record(monkeypatch: pytest.MonkeyPatch) -> None:
    breaking(monkeypatch)
    with ends_in(log.NotWritten), transaction.atomic():
        Detail.objects.create(ev=uuid4(), salt=bytes(32), body=b"{}")
        log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
    assert not Detail.objects.exists()


def test_one_insert_is_all_it_takes(django_assert_num_queries: Any) -> None:
    with transaction.atomic(), django_assert_num_queries(1):
        log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)


def test_an_event_about_many_is_found_by_each_of_them() -> None:
    files = [File(f"7K3MQ-{number:05}") for number in range(3)]
    with transaction.atomic():
        log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=reversed(files), count=3)
    (body,) = logged()
    assert body["os"] == [file.log_reference for file in files]
    assert "o" not in body
    row = LoggedEvent.objects.get()
    subjects = Subject.objects.order_by("subject")
    assert [(one.subject, one.event_id) for one in subjects] == [
        (file.log_reference, row.id) for file in files
    ]
    assert str(subjects[0]) == f"{row.id} {files[0].log_reference}"


def test_an_event_about_very_many_comes_in_parts() -> None:
    files = [File(f"7K3MQ-{number:05}") for number in range(250)]
    with transaction.atomic():
        ev = log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=files, count=250)
    bodies = logged()
    assert [body["pt"] for body in bodies] == [[1, 3], [2, 3], [3, 3]]
    assert bodies[0]["ev"] == str(ev)
    assert len({body["ev"] for body in bodies}) == 3
    assert {body["at"] for body in bodies} == {bodies[0]["at"]}
    assert Subject.objects.count() == 250


def test_an_event_is_about_things_of_one_kind() -> None:
    with pytest.raises(NotLoggable, match="one kind"), transaction.atomic():
        log.record(Event.CASE_FILE_LISTED, by=WORKER, targets=[FILE, File("x", log_type="person")])


def test_nobody_signed_in_and_the_system_itself_can_act() -> None:
    with transaction.atomic():
        log.record(Event.SESSION_REFUSED, by=log.ANONYMOUS, outcome=Outcome.DENIED)
        log.record(Event.AUDIT_VERIFIED, by=log.System("verify"), outcome="ok")
    anonymous, system = logged()
    assert (anonymous["a"], anonymous["dec"], "role" in anonymous) == (
        "x:anon",
        {"ok": False},
        False,
    )
    assert (system["a"], system["role"], system["ch"]) == ("s:verify", "system", "cli")


def test_words_of_a_detail_are_sealed_and_committed_to() -> None:
    file = File(log_owners=(uuid4(),))
    with transaction.atomic():
        ev = log.record(
            Event.CASE_FILE_REVEALED, by=WORKER, target=file, detail={"reason": "核对电话"}
        )
    detail = Detail.objects.get(ev=ev)
    assert detail.owner == file.log_owners[0]
    assert "核对".encode() not in bytes(detail.body)
    (body,) = logged()
    assert body["h"] == details.commitment(bytes(detail.salt), '{"reason":"核对电话"}'.encode())
    assert str(detail) == str(ev)


def test_addresses_are_kept_with_sign_ins_and_refusals_only() -> None:
    context = log.Context(channel="web", address="10.0.0.7", agent="Browser é" + "x" * 400)
    with log.entered(context):
        with transaction.atomic():
            log.record(Event.SESSION_STARTED, by=WORKER)
            log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
        log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
    assert ["h" in body for body in logged()] == [True, False, True]
    kept = [json.loads(bytes(detail.body)) for detail in Detail.objects.all()]
    assert [one["address"] for one in kept] == ["10.0.0.7", "10.0.0.7"]
    assert kept[0]["agent"] == ("Browser ?" + "x" * 400)[:200]


def test_a_refusal_is_written_at_once_where_nothing_can_take_it_back() -> None:
    ev = log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
    (body,) = logged()
    assert body["ev"] == str(ev)
    assert body["dec"] == {"ok": False, "rule": "not_visible"}
    assert body["out"] == "denied"


def test_an_event_whose_detail_cannot_be_kept_is_not_there_either(
    real_commits: RealCommits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OperationalError

    monkeypatch.setattr(details, "write", fail)
    about = {"by": WORKER, "target": FILE, "rule": "not_visible"}
    with pytest.raises(log.NotWritten):
        log.refused(Event.CASE_FILE_REFUSED, **about, detail={"count": 3})
    assert logged() == []
    log.refused(Event.CASE_FILE_REFUSED, **about)
    assert len(logged()) == 1


def test_a_refusal_survives_the_rollback_it_causes() -> None:
    with log.entered(log.Context(channel="web")):
        with ends_in(PermissionError), transaction.atomic():
            log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
            log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
            raise PermissionError
        assert logged() == []
    assert [body["act"] for body in logged()] == ["case_file.refused"]


def test_a_refusal_that_nobody_would_write_is_an_error() -> None:
    with pytest.raises(log.OutsideTransaction, match="no context"), transaction.atomic():
        log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
    with log.entered(log.Context()) as context:
        context.settle()
        with pytest.raises(log.OutsideTransaction), transaction.atomic():
            log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")


def test_what_waits_is_written_even_if_the_work_fails() -> None:
    with ends_in(KeyError), log.entered(log.Context()):
        with transaction.atomic():
            log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
        raise KeyError
    assert len(logged()) == 1
    assert log.current() is None


OWNER = uuid4()
MINE = File(log_owners=(OWNER,))
PERSON = File("p:1", log_type="person", log_owners=(uuid4(),))


def reading(**more: Any) -> log.Reading:
    return log.reading(
        WORKER, event=Event.CASE_FILE_READ, purpose=Purpose.SERVICE, about=[MINE], **more
    )


def test_a_reading_in_a_request_is_written_when_the_request_ends() -> None:
    with log.entered(log.Context(channel="web")):
        opened = reading(rule="caseload")
        opened.note(group="person.head", owner=OWNER)
        assert logged() == []
    (body,) = logged()
    assert (body["o"], body["f"], body["n"], body["p"]) == (
        MINE.log_reference,
        ["person.head"],
        1,
        "service",
    )
    assert body["dec"] == {"ok": True, "rule": "caseload", "grant": "g:1"}


def test_a_reading_of_a_list_names_every_file() -> None:
    other = File("4M2PX-00000", log_owners=(uuid4(), uuid4()))
    with log.entered(log.Context(channel="web")):
        opened = reading().about(other)
        opened.note(group="person.head", owner=other.log_owners[1])
    (body,) = logged()
    assert (body["os"], body["n"]) == (["4M2PX-00000", MINE.log_reference], 2)


def test_nothing_is_opened_that_the_reading_does_not_declare() -> None:
    with log.entered(log.Context()), pytest.raises(log.NotDeclared) as refusal:
        reading().note(group="person.head", owner=UUID(int=7))
    assert str(UUID(int=7)) not in str(refusal.value)


def test_nothing_is_opened_before_or_after_somebody_writes_it_down() -> None:
    with pytest.raises(log.ReadingClosed):
        reading().note(group="person.head", owner=OWNER)
    with log.entered(log.Context()):
        opened = reading()
    with pytest.raises(log.ReadingClosed):
        opened.note(group="person.head", owner=OWNER)


def test_outside_a_request_a_reading_is_written_when_it_is_left() -> None:
    with reading() as opened:
        opened.note(group="person.head", owner=OWNER)
        assert logged() == []
    (body,) = logged()
    assert (body["f"], body["out"]) == (["person.head"], "ok")
    with pytest.raises(log.ReadingClosed):
        opened.note(group="person.head", owner=OWNER)


def test_a_reading_that_ends_in_an_error_was_a_reading_all_the_same() -> None:
    with ends_in(KeyError), reading() as opened:
        opened.note(group="person.head", owner=OWNER)
        raise KeyError
    (body,) = logged()
    assert (body["f"], body["out"]) == (["person.head"], "error")


def test_inside_work_that_may_fail_a_reading_waits_for_its_context() -> None:
    with log.entered(log.Context(channel="job")):
        with ends_in(KeyError), transaction.atomic(), reading() as opened:
            opened.note(group="person.head", owner=OWNER)
            raise KeyError
        assert logged() == []
    (body,) = logged()
    assert (body["f"], body["out"], body["ch"]) == (["person.head"], "error", "job")


def test_inside_a_context_a_reading_can_be_written_early() -> None:
    with log.entered(log.Context(channel="job")):
        with reading() as opened:
            opened.note(group="person.head", owner=OWNER)
        assert len(logged()) == 1
    assert len(logged()) == 1


def test_without_a_context_a_reading_goes_with_the_open_transaction() -> None:
    with transaction.atomic(), reading() as opened:
        opened.note(group="person.head", owner=OWNER)
    assert len(logged()) == 1


def test_the_vault_opens_nothing_without_a_reading() -> None:
    from kpm.vault.blobs import open_bytes, seal_bytes

    sealed = seal_bytes(OWNER, details.PURPOSE, b"text", row=OWNER)
    with pytest.raises(Sealed):
        open_bytes(OWNER, details.PURPOSE, sealed, None, row=OWNER)
    with log.entered(log.Context()):
        assert open_bytes(OWNER, details.PURPOSE, sealed, reading(), row=OWNER) == b"text"
    (body,) = logged()
    assert len(body["f"]) == 1


def test_work_is_kept_with_what_it_read_or_not_at_all() -> None:
    with log.entered(log.Context(channel="job")) as context, transaction.atomic():
        with reading() as opened:
            opened.note(group="person.head", owner=OWNER)
        context.write()
    (body,) = logged()
    assert (body["f"], body["out"]) == (["person.head"], "ok")


def test_what_was_written_with_work_that_failed_is_written_after_it() -> None:
    with ends_in(KeyError), log.entered(log.Context()) as context, transaction.atomic():
        with reading() as opened:
            opened.note(group="person.head", owner=OWNER)
        log.refused(Event.PERSON_REFUSED, by=WORKER, rule="known_elsewhere")
        context.write()
        raise KeyError
    assert sorted(body["act"] for body in logged()) == ["case_file.read", "person.refused"]


def test_work_that_the_log_refuses_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unloggable(_reading: log.Reading) -> None:
        raise NotLoggable("An event is about things of one kind.")

    monkeypatch.setattr(log.Reading, "close", unloggable)
    with ends_in(NotLoggable), log.entered(log.Context()) as context, transaction.atomic():
        log.record(Event.CASE_FILE_OPENED, by=WORKER, target=FILE)
        reading()
        context.write()
    assert logged() == []


def test_a_database_that_begins_nothing_is_a_broken_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(**_options: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(log.transaction, "atomic", locked)
    with pytest.raises(log.NotWritten):
        log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")


def test_a_broken_log_is_said_when_the_context_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    context = log.Context(channel="web")
    with ends_in(log.NotWritten), log.entered(context):
        reading().note(group="person.head", owner=OWNER)
        breaking(monkeypatch)
    assert log.current() is None
    assert logged() == []
    # The connection is fit for what comes next.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_a_connection_that_is_gone_is_an_event_that_is_not_written(
    monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    class Gone:
        atomic_blocks: tuple[()] = ()
        vendor = "sqlite"

        def cursor(self) -> None:
            raise fault("connection already closed")

    monkeypatch.setattr(log, "connections", {"default": Gone()})
    with pytest.raises(log.NotWritten):
        log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="test")


def test_a_reading_is_about_things_of_one_kind_from_the_start() -> None:
    with log.entered(log.Context(channel="web")):
        opened = reading()
        with pytest.raises(NotLoggable):
            opened.about(PERSON)
        with pytest.raises(log.NotDeclared):
            opened.note(group="person.head", owner=PERSON.log_owners[0])
        with pytest.raises(NotLoggable):
            log.reading(WORKER, event=Event.CASE_FILE_READ, purpose=None, about=[MINE, PERSON])
        opened.note(group="person.head", owner=OWNER)
    # What was declared before stands, what was never begun leaves nothing.
    (body,) = logged()
    assert (body["o"], body["f"]) == (MINE.log_reference, ["person.head"])


def test_an_entry_that_cannot_be_made_takes_no_other_with_it() -> None:
    context = log.Context(channel="web")
    with ends_in(NotLoggable), log.entered(context):
        with transaction.atomic():
            log.refused(Event.CASE_FILE_REFUSED, by=WORKER, target=FILE, rule="not_visible")
        reading().note(group="No group of ours", owner=OWNER)
        reading().note(group="person.head", owner=OWNER)
    acts = [(body["act"], body.get("f")) for body in logged()]
    assert acts == [("case_file.refused", None), ("case_file.read", ["person.head"])]


def test_a_reading_that_a_step_took_with_it_is_written_once() -> None:
    context = log.Context(channel="job")
    with log.entered(context), reading() as opened:
        opened.note(group="person.head", owner=OWNER)
        with transaction.atomic():
            context.write()
        assert len(logged()) == 1
    assert len(logged()) == 1
