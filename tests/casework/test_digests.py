"""Once a day everybody is told how much waits for them: numbers, and nothing of whom."""

from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from audit.models import LoggedEvent
from casework import handlers
from casework.actions import digests
from casework.dashboards.digests import digest_of
from casework.models import Digest
from casework.models.assignments import Place
from kpm.jobs.registers import SWEEPS
from kpm.permissions import Role
from risk_levels.populations import POPULATIONS
from tests.factories import assign, client_for, make_case_file, make_user

pytestmark = pytest.mark.django_db
FIRST_VISIT = 7
DAY = timedelta(days=1)
DOMAIN = "office.example.org"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _domain(settings):
    settings.KPM_MAIL_DOMAIN = DOMAIN


@pytest.fixture
def worker():
    return make_user(username="zhoumin", name="周敏")


def due(days_ago, lead=None, **more):
    """A file whose first visit was due so many days ago, led by somebody."""
    day = timezone.localdate() - DAY * (FIRST_VISIT + days_ago)
    case_file = make_case_file(today=day, **more)
    if lead is not None:
        # Given by somebody who gets no mail.
        by = make_user(Role.SUPERVISOR, must_change_password=True)
        assign(case_file, lead, by=by, today=day)
    return case_file


def send(now=None):
    return handlers.send_digests(now or timezone.localtime())


def noon():
    """Of today, so that what comes minutes later is still on this day."""
    return timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)


def events():
    return list(LoggedEvent.objects.filter(event="digest.sent").order_by("id"))


def said(user):
    return {str(each.label): each.count for each in digest_of(user, timezone.localtime())}


# --- What it says


def test_a_worker_is_told_what_is_overdue_due_and_coming(worker):
    for days_ago in (14, 8, 1, 0, -3):
        due(days_ago, lead=worker)
    assert said(worker) == {
        "overdue": 3,
        "of these with the supervisor": 1,
        "of these with the unit above": 1,
        "due today": 1,
        "in the next seven days": 1,
    }


def test_a_supervisor_is_told_the_numbers_of_their_start_page(worker):
    supervisor = make_user(Role.SUPERVISOR)
    due(8, lead=worker)
    due(8, lead=worker, population="drug")
    found = said(supervisor)
    assert found["overdue and passed to you"] == 2
    assert found["files overdue"] == 2
    assert "files without a lead worker" not in found


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SOCIAL_WORKER, Role.SUPERVISOR}))
def test_nobody_else_is_told_anything(role):
    user = make_user(role)
    due(8)
    assert digest_of(user, timezone.localtime()) == []
    assert send() == 0


def test_the_start_page_of_a_worker_says_what_others_help_with(worker):
    for days_ago in (14, 8, 1):
        due(days_ago, lead=worker)
    page = client_for(worker).get("/today/").content.decode()
    before = page[: page.index("of these with the supervisor or the unit above")]
    assert before.endswith("<strong>2</strong><span>")


def test_a_mail_holds_numbers_and_no_person_file_group_or_level(worker):
    files = [due(8, lead=worker, population=code, name="欧阳秀英") for code in POPULATIONS]
    assert send() == 1
    (message,) = mail.outbox
    text = f"{message.subject}\n{message.body}"
    assert message.to == [f"zhoumin@{DOMAIN}"]
    assert "6" in message.body
    with translation.override("zh-hans"):
        groups = [str(each.label) for each in POPULATIONS.values()]
    for secret in ("欧阳", "周敏", "zhoumin", *groups, *(each.number for each in files)):
        assert secret not in text
    assert not message.attachments


# --- Once a day


def test_two_runs_on_one_day_send_once_and_the_next_day_again(worker):
    due(8, lead=worker)
    assert send() == 1
    assert send() == 0
    assert len(mail.outbox) == 1
    assert send(timezone.localtime() + DAY) == 1
    assert len(events()) == 2


def test_whoever_has_nothing_waiting_gets_no_mail(worker):
    due(-30, lead=worker)
    assert send() == 0
    assert not Digest.objects.exists()


def test_each_mail_stands_in_the_log_with_its_count_alone(worker):
    case_file = due(8, lead=worker)
    send()
    (event,) = events()
    assert worker.log_reference in event.body
    assert case_file.number not in event.body
    assert DOMAIN not in event.body


class Killed(BaseException):
    """The process ends here."""


def test_a_run_that_is_killed_before_the_mail_went_loses_none(worker):
    due(8, lead=worker)
    now = noon()
    with mock.patch.object(EmailMessage, "send", side_effect=Killed), pytest.raises(Killed):
        send(now)
    assert send(now + timedelta(minutes=1)) == 0
    assert send(now + digests.LEASE) == 1
    assert len(mail.outbox) == 1


def test_a_run_that_is_killed_after_the_mail_went_costs_one_more_and_no_others(worker):
    other = make_user(username="another")
    for each in (worker, other):
        due(8, lead=each)
    now = noon()
    with mock.patch.object(digests, "note_sent", side_effect=Killed), pytest.raises(Killed):
        send(now)
    assert len(mail.outbox) == 1
    assert send(now + digests.LEASE) == 2
    assert send(now + digests.LEASE * 2) == 0
    # The one that was on its way came twice, the other once.
    assert sorted(each.to[0] for each in mail.outbox) == [
        f"another@{DOMAIN}",
        f"another@{DOMAIN}",
        f"zhoumin@{DOMAIN}",
    ]


def test_of_two_runs_at_once_one_sends(worker):
    now = timezone.localtime()
    assert digests.claim(worker, now) is not None
    assert digests.claim(worker, now) is None
    with mock.patch.object(Digest, "save", side_effect=IntegrityError):
        assert digests.claim(worker, now + DAY) is None


def test_the_database_keeps_one_digest_for_each_person_and_day(worker):
    now = timezone.now()
    Digest(to=worker, day_on=timezone.localdate(), claimed_at=now).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Digest(to=worker, day_on=timezone.localdate(), claimed_at=now).save()


def test_rows_of_long_ago_are_not_kept(worker):
    due(8, lead=worker)
    send()
    send(timezone.localtime() + digests.KEPT + DAY)
    assert Digest.objects.count() == 1
    assert len(events()) == 2


def test_no_mail_server_is_asked_where_nobody_is_to_be_told(worker):
    due(8, lead=worker)
    send()
    with mock.patch.object(digests, "get_connection", side_effect=ConnectionRefusedError):
        assert send() == 0


# --- Where it goes, and what goes wrong


def test_without_a_domain_nobody_is_sent_anything(worker, settings):
    settings.KPM_MAIL_DOMAIN = ""
    due(8, lead=worker)
    assert digests.address_of(worker) == ""
    assert send() == 0
    assert not mail.outbox


def test_a_user_name_that_makes_no_address_is_passed_over(settings):
    strange = make_user(username="周 敏")
    due(8, lead=strange)
    assert digests.address_of(strange) == ""
    assert send() == 0


@pytest.mark.parametrize("change", [{"is_active": False}, {"must_change_password": True}])
def test_whoever_does_not_sign_in_gets_no_mail(worker, change):
    due(8, lead=worker)
    for name, value in change.items():
        setattr(worker, name, value)
    worker.save_as(by=None)
    assert send() == 0


def test_what_the_mail_server_refuses_keeps_no_other_from_theirs_and_is_told(worker, caplog):
    other = make_user(username="another")
    for each in (worker, other):
        due(8, lead=each)
    really_send = EmailMessage.send

    def refuse_one(message, *args, **kwargs):
        if message.to == [f"another@{DOMAIN}"]:
            raise SMTPRecipientsRefused({"another": (550, b"no such user")})
        return really_send(message, *args, **kwargs)

    now = noon()
    with (
        mock.patch.object(EmailMessage, "send", refuse_one),
        pytest.raises(digests.NotAllSent),
    ):
        send(now)
    assert [each.to for each in mail.outbox] == [[f"zhoumin@{DOMAIN}"]]
    assert "another" not in caplog.text
    assert send(now + digests.LEASE) == 1


def test_the_command_sends_once_and_says_how_many(worker, capsys):
    due(8, lead=worker)
    call_command("send_digests")
    call_command("send_digests")
    assert capsys.readouterr().out.splitlines() == ["1 sent.", "0 sent."]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (digests.NotAllSent(2), "2 of the digests"),
        (ConnectionRefusedError(), "ConnectionRefusedError"),
    ],
)
def test_the_command_says_what_went_wrong_and_names_nobody(problem, words):
    with (
        mock.patch.object(handlers.digests, "send_all", side_effect=problem),
        pytest.raises(CommandError, match=words),
    ):
        call_command("send_digests")


def test_the_worker_sends_each_morning_and_not_by_night(worker):
    due(8, lead=worker)
    here = ZoneInfo("Asia/Shanghai")
    today = timezone.localdate()
    work = SWEEPS["send_digests"].work
    assert work(datetime(today.year, today.month, today.day, 6, 59, tzinfo=here)) == 0
    assert not mail.outbox
    assert work(datetime(today.year, today.month, today.day, 7, 0, tzinfo=here)) == 1


def test_a_deputy_and_a_lead_are_both_told_as_their_start_pages_say(worker):
    deputy = make_user()
    case_file = due(8, lead=worker)
    assign(case_file, deputy, Place.DEPUTY)
    assert said(worker)["overdue"] == 1
    assert said(deputy)["overdue"] == 1
