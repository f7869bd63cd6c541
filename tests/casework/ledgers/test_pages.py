"""Pages of ledgers: who may, whose they are, what they show and what they never repeat."""

import html
import io
import re
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from audit.models import LoggedEvent
from casework.actions import ledgers
from casework.models import Ledger
from casework.models.ledgers import LedgerState
from casework.sweeps import discard_forgotten_ledgers
from kpm.accounts.models import RoleGrant, User
from kpm.errors import Refused
from kpm.excel import write_rows
from kpm.jobs.workers import Worker
from kpm.management.commands.work import in_the_log
from kpm.permissions import Role
from tests.casework.ledgers import large
from tests.casework.ledgers.test_ledgers import (  # noqa: F401 the fixture is used by name
    NOW,
    supervisor,
    taken_in,
    uploaded,
    workbook,
)
from tests.factories import client_for, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(supervisor: User) -> Client:  # noqa: F811 pytest hands it in
    """The browser of the supervisor."""
    return client_for(supervisor)


def work() -> None:
    """Let the worker do what waits by the clock of the pages."""
    Worker(around=in_the_log).work_off()


def upload(client: Client, **fields: Any) -> Any:
    """Send the form."""
    return client.post("/ledgers/new/", {"population": "empty_nest_elder", **fields})


def test_a_ledger_goes_all_the_way_in_the_browser(client: Client) -> None:
    answer = upload(client, workbook=workbook())
    ledger = Ledger.objects.get()
    assert answer["Location"] == f"/ledgers/{ledger.number}/"
    busy = client.get(answer["Location"])
    assert busy["Refresh"] == "5"
    assert b"Waiting for its turn" in busy.content
    work()
    page = client.get(answer["Location"]).content.decode()
    assert "113 rows would be taken in" in page
    assert "Take in as “Empty-nest elders” (113 rows)" in page
    assert "the check digit is wrong" in page
    client.post(f"{answer['Location']}confirm/")
    work()
    page = client.get(answer["Location"]).content.decode()
    assert "Taken in: 113 new, 0 corrected, 7 refused." in page
    (link,) = re.findall(r'href="([^"]+)">113 new files without a lead worker ›', page)
    listed = client.get(html.unescape(link))
    assert listed.context["page"].paginator.count == 113
    assert ledger.number in listed.content.decode()
    new = client.get(f"{answer['Location']}?outcome=new").content.decode()
    assert new.count("/files/") >= 50
    assert ledger.number in client.get("/ledgers/").content.decode()


def test_a_page_repeats_no_id_number_and_no_whole_name(client: Client) -> None:
    address = upload(client, workbook=workbook())["Location"]
    work()
    page = client.get(address).content.decode()
    with io.BytesIO(workbook().read()) as stream:
        sheet = openpyxl.load_workbook(stream).active
    assert sheet is not None
    for row in sheet.iter_rows(min_row=4, values_only=True):
        for cell in (row[1], row[3], row[4]):
            assert not cell or str(cell).strip() not in page


def test_a_list_is_narrowed_by_ones_own_ledgers_only(client: Client, supervisor: User) -> None:  # noqa: F811 pytest hands it in
    address = upload(client, workbook=workbook())["Location"]
    work()
    client.post(f"{address}confirm/")
    work()
    ledger = Ledger.objects.get()
    other = client_for(make_user(Role.SUPERVISOR, unit=supervisor.unit))
    for browser, count in ((client, 113), (other, 0)):
        page = browser.get(f"/files/?group=care&ledger={ledger.number}")
        assert page.context["page"].paginator.count == count
    assert other.get("/files/?ledger='--").context["page"].paginator.count == 113


def test_columns_that_are_not_taken_in_are_named(client: Client) -> None:
    headings = [*large.HEADINGS, "宗教信仰"]
    data = write_rows("台账", headings, [[*large.row(0), "无"]])
    address = upload(client, workbook=SimpleUploadedFile("x.xlsx", data))["Location"]
    work()
    page = client.get(address).content.decode()
    assert "Columns that are not taken in" in page
    assert "宗教信仰" in page
    other = upload(client, workbook=workbook())["Location"]
    work()
    assert "Columns that are not taken in" not in client.get(other).content.decode()


def test_bad_workbooks_are_refused_beside_the_field(client: Client) -> None:
    answer = upload(client, workbook=io.BytesIO(b"junk" * 1000))
    assert answer.status_code == 422
    assert b"This is no Excel workbook" in answer.content
    assert upload(client).status_code == 422
    assert not Ledger.objects.exists()


def test_forty_megabytes_are_refused_beside_the_field(client: Client) -> None:
    answer = upload(client, workbook=io.BytesIO(b"far_too_large" * 3_200_000))
    assert answer.status_code == 422
    assert "at most 10 MB" in answer.content.decode()


def test_the_refused_rows_come_back_as_text_with_what_is_wrong(client: Client) -> None:
    address = upload(client, workbook=workbook())["Location"]
    work()
    answer = client.get(f"{address}refused/")
    number = address.split("/")[-2]
    assert answer["Content-Disposition"] == f'attachment; filename="{number}.xlsx"'
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 8
    assert rows[0][-1] == "What is wrong"
    assert "the check digit is wrong" in str(rows[1][-1])
    assert all(cell.data_type in {"s", "n"} for line in sheet.iter_rows() for cell in line)


def test_days_of_refused_rows_come_back_as_days(client: Client) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    headings = [
        "姓名",
        "联系电话",
        "现居住地",
        "出生日期",
        "释放日期",
        "衔接日期",
        "衔接情况",
        "帮教类别",
    ]
    sheet.append(headings)
    sheet.append(["张三", "12", "清溪镇枫林村", 45610, date(2024, 11, 14), "45610", "", ""])
    sheet.append(["李四", "12", "清溪镇枫林村", 1996, "2024年1月5日", 12.5, "", ""])
    with io.BytesIO() as stream:
        book.save(stream)
        workbook = SimpleUploadedFile("x.xlsx", stream.getvalue())
    address = upload(client, population="released", workbook=workbook)["Location"]
    work()
    answer = client.get(f"{address}refused/")
    back = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert back is not None
    first, second = list(back.iter_rows(min_row=2, values_only=True))
    assert first[3:6] == ("2024-11-14", "2024-11-14", "2024-11-14")
    # What is no day comes back as it was typed.
    assert second[3:6] == ("1996", "2024年1月5日", "12.5")
    assert "联系电话: not a phone number. Mobile" in str(first[-1])


def test_discarding_and_confirming_at_the_wrong_moment_is_refused_in_words(client: Client) -> None:
    address = upload(client, workbook=workbook())["Location"]
    assert b"further on already" in client.post(f"{address}confirm/", follow=True).content
    assert b"Discard the ledger" in client.get(address).content
    work()
    assert client.post(f"{address}discard/")["Location"] == "/ledgers/"
    assert b"further on already" in client.post(f"{address}discard/", follow=True).content
    assert Ledger.objects.get().state == LedgerState.DISCARDED
    assert b"No rows here" in client.get(address).content


def test_another_supervisor_gets_404_and_the_try_is_logged(
    supervisor: User,  # noqa: F811 pytest hands it in
) -> None:
    ledger = uploaded(supervisor)
    other = client_for(make_user(Role.SUPERVISOR))
    before = LoggedEvent.objects.filter(event="ledger.refused").count()
    for step in ("", "refused/"):
        assert other.get(f"/ledgers/{ledger.number}/{step}").status_code == 404
    for step in ("confirm/", "discard/"):
        assert other.post(f"/ledgers/{ledger.number}/{step}").status_code == 404
    assert LoggedEvent.objects.filter(event="ledger.refused").count() == before + 4


def test_nobody_else_gets_near_ledgers() -> None:
    for role in Role:
        if role != Role.SUPERVISOR:
            assert client_for(make_user(role)).get("/ledgers/").status_code == 403


def test_every_step_is_in_the_log_without_a_name(client: Client) -> None:
    address = upload(client, workbook=workbook())["Location"]
    work()
    client.post(f"{address}confirm/")
    work()
    acts = list(
        LoggedEvent.objects.filter(event__startswith="ledger.").values_list("event", flat=True)
    )
    for act in ("ledger.uploaded", "ledger.checked", "ledger.confirmed", "ledger.applied"):
        assert acts.count(act) == 1
    bodies = " ".join(LoggedEvent.objects.values_list("body", flat=True))
    assert "蒋磊志" not in bodies


def moved(user: User, code: str, *, populations: tuple[str, ...] = ()) -> User:
    """The same person, in another place or for other groups from today on."""
    today = timezone.localdate()
    user.grants.update(until_on=today)
    RoleGrant(
        user=user,
        role=Role.SUPERVISOR,
        unit=make_unit(code),
        populations=list(populations),
        start_on=today,
        granted_by=make_user(Role.SECURITY_ADMINISTRATOR),
    ).save_as(by=None)
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize(
    ("code", "populations"),
    [
        # Another county, a township of the old one, the same place for another group.
        ("100133000000", ()),
        ("100122101000", ()),
        ("100122000000", ("drug",)),
    ],
)
def test_who_has_left_its_unit_or_group_does_not_read_a_ledger_but_may_discard_it(
    supervisor: User,  # noqa: F811 pytest hands it in
    code: str,
    populations: tuple[str, ...],
) -> None:
    ledger = uploaded(supervisor)
    now = moved(supervisor, code, populations=populations)
    client = client_for(now)
    for step in ("", "refused/"):
        assert client.get(f"/ledgers/{ledger.number}/{step}").status_code == 404
    assert client.post(f"/ledgers/{ledger.number}/confirm/").status_code == 404
    with pytest.raises(Refused):
        ledgers.confirm(ledger=ledger, by=now, now=timezone.now())
    page = client.get("/ledgers/").content.decode()
    assert "No longer yours to read" in page
    assert f'href="/ledgers/{ledger.number}/"' not in page
    assert client.post(f"/ledgers/{ledger.number}/discard/")["Location"] == "/ledgers/"
    ledger.refresh_from_db()
    assert ledger.state == LedgerState.DISCARDED
    assert not ledger.rows.exists()
    assert "No longer yours to read" not in client.get("/ledgers/").content.decode()


def test_who_rises_in_the_same_place_goes_on_with_a_ledger(
    supervisor: User,  # noqa: F811 pytest hands it in
) -> None:
    ledger = uploaded(supervisor)
    client = client_for(moved(supervisor, "100100000000", populations=("empty_nest_elder",)))
    assert client.get(f"/ledgers/{ledger.number}/").status_code == 200
    supervisor.grants.update(until_on=timezone.localdate())
    assert list(Ledger.objects.visible_to(User.objects.get(pk=supervisor.pk))) == []


def test_nobody_discards_what_others_uploaded(
    supervisor: User,  # noqa: F811 pytest hands it in
) -> None:
    ledger = uploaded(supervisor)
    with pytest.raises(Refused):
        ledgers.discard(ledger=ledger, by=make_user(None), now=timezone.now())
    with pytest.raises(Refused):
        ledgers.discard(ledger=ledger, by=make_user(Role.SUPERVISOR), now=timezone.now())


def test_what_nobody_confirms_in_a_month_is_discarded_with_an_event(
    supervisor: User,  # noqa: F811 pytest hands it in
) -> None:
    ledger, taken = uploaded(supervisor), taken_in(supervisor)
    assert discard_forgotten_ledgers(NOW + timedelta(days=29)) == 0
    assert discard_forgotten_ledgers(NOW + timedelta(days=31)) == 1
    assert discard_forgotten_ledgers(NOW + timedelta(days=31)) == 0
    for each in (ledger, taken):
        each.refresh_from_db()
    assert (ledger.state, taken.state) == (LedgerState.DISCARDED, LedgerState.APPLIED)
    assert not ledger.rows.exists()
    event = LoggedEvent.objects.get(event="ledger.discarded")
    assert (event.actor, event.subject, event.purpose) == ("s:clock", ledger.number, "system")
