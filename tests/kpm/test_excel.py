"""Workbooks: honest ones are read as typed, hostile ones are refused in words, soon."""

import io
import os
import zipfile
from dataclasses import replace
from datetime import date, datetime

import openpyxl
import pytest

from kpm import excel
from kpm.children import ChildRefused, ask_once
from kpm.excel import MEGABYTE, REASONS, Limits, UnreadableWorkbook, read_rows, read_sheets
from tests.kpm.workbooks import bare, made, zipped

# Seconds of the processor: what others do on this machine does not count.
SOON = 2
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(data: bytes, *, limits: Limits = excel.DEFAULT) -> str:
    """Why a file is refused, by a reader that has two seconds of the processor to find out.

    When they are over, the kernel ends it: it would be called damaged, whatever it is.
    """
    with pytest.raises(UnreadableWorkbook) as refusal:
        read_rows(data, limits=replace(limits, cpu=SOON))
    assert refusal.value.words == str(REASONS[refusal.value.reason])
    return refusal.value.reason


def test_cells_come_as_they_were_typed():
    moment = datetime(2024, 6, 30, 8, 15)  # noqa: DTZ001 cells of Excel know no zone
    sheet = read_rows(
        made([["题"], [], ["姓名", 3, 2.5, True, moment, date(2024, 6, 30), "０１", " x "]], "台账")
    )
    assert sheet.name == "台账"
    assert sheet.rows[0] == ["题"]
    assert sheet.rows[1] == []
    name, whole, part, yes, at, on, text, blanks = sheet.rows[2]
    assert (name, whole, part, yes, at, text, blanks) == (
        "姓名",
        3,
        2.5,
        True,
        moment,
        "０１",
        " x ",
    )
    assert isinstance(whole, int)
    assert on in (date(2024, 6, 30), datetime(2024, 6, 30))  # noqa: DTZ001 cells of Excel know no zone


def test_a_sheet_prints_without_what_is_in_it():
    assert "secret" not in repr(read_rows(made([["secret"]])))


def test_rare_characters_and_controls_survive():
    assert read_rows(made([["㛃䶮𮧵"]])).rows == [["㛃䶮𮧵"]]


def test_empty_and_hidden_sheets_are_left_out():
    workbook = openpyxl.load_workbook(io.BytesIO(made([], "empty", full=[["a"]], away=[["b"]])))
    workbook["away"].sheet_state = "hidden"
    out = io.BytesIO()
    workbook.save(out)
    assert [sheet.name for sheet in read_sheets(out.getvalue())] == ["full"]


def test_coloured_cells_far_away_do_not_matter():
    data = bare('<row r="1"><c r="A1" t="str"><v>x</v></c><c r="XFD1" s="1"/></row>')
    assert read_rows(data).rows == [["x"]]


def test_two_cells_far_apart_are_refused():
    far = (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    assert refused(bare(far)) == "far_cell"
    # Written so that the first look does not see it: the reader's own process ends.
    hidden = far.replace('r="XFD1048576"', 'r="&#88;FD1048576"')
    assert refused(bare(hidden)) in {"damaged", "too_many_cells"}


def test_a_bomb_is_refused():
    text = "A" * (200 * MEGABYTE)
    assert refused(zipped({"xl/workbook.xml": "<a/>", "xl/sharedStrings.xml": text})) == "bomb"
    many = {"xl/workbook.xml": "<a/>"} | {f"xl/{number}.xml": "" for number in range(400)}
    assert refused(zipped(many)) == "bomb"
    assert refused(zipped(many | {f"m{n}": "" for n in range(4000)})) == "bomb"


def test_a_size_that_lies_is_refused():
    data = bytearray(bare('<row r="1"><c r="A1"><v>1</v></c></row>'))
    at = data.rfind(b"xl/worksheets/sheet1.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = (20).to_bytes(4, "little")
    assert refused(bytes(data)) == "damaged"


def test_junk_of_forty_megabytes_is_refused_by_its_size():
    assert refused(os.urandom(40 * MEGABYTE)) == "too_large"


HOSTILE = pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is text", "not_a_workbook"),
        (os.urandom(MEGABYTE), "not_a_workbook"),
        (b"\xef\xbb\xbf  <html><table></table></html>", "web_page"),
        (OLE + os.urandom(5000), "old_format"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"PK\x03\x04" + os.urandom(5000), "damaged"),
        (zipped({"readme.txt": "x"}), "not_a_workbook"),
        (zipped({"content.xml": "<office/>", "mimetype": "ods"}), "other_office"),
        (zipped({"xl/workbook.bin": "x"}), "binary_format"),
        (zipped({"xl/workbook.xml": "<a/>", "xl/vbaProject.bin": "x"}), "macros"),
        (zipped({"xl/workbook.xml": "<a/>", "../../x": "x"}), "damaged"),
        (zipped({"xl/workbook.xml": "not xml"}), "damaged"),
        (bare("", workbook='<workbookPr date1904="1"/>'), "counts_from_1904"),
        (bare("", head='<!DOCTYPE x [<!ENTITY a "aaa">]>'), "damaged"),
        (bare(""), "no_rows"),
        (made([[]]), "no_rows"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)


@HOSTILE
def test_what_is_no_ledger_is_refused_in_words(data, reason):
    assert refused(data) == reason


def test_an_encrypted_member_is_a_password():
    data = bytearray(zipped({"xl/workbook.xml": "<a/>"}))
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refused(bytes(data)) == "password"


def test_more_than_a_ledger_is_refused():
    few = Limits(rows=10, columns=3, cells=12, cell_length=20, sheets=2)
    assert refused(made([["x"]] * 11), limits=few) == "far_cell"
    assert refused(made([["x"] * 4]), limits=few) == "far_cell"
    assert refused(made([["x"] * 3] * 5), limits=few) == "too_many_cells"
    assert refused(made([["x" * 21]]), limits=few) == "long_cell"
    sheets = made([["x"]], a=[["y"]], b=[["z"]])
    assert refused(sheets, limits=few) == "too_many_cells"
    # Without places in the cells the reader itself counts.
    row = "<row><c><v>1</v></c></row>"
    assert refused(bare(row * 11), limits=few) == "too_many_cells"


def test_cells_without_a_place_count_as_well():
    few = Limits(rows=1000, columns=200, cells=100)
    for cell in ("<c><v>1</v></c>", "<c/>", '<c t="n"><v>1</v></c>', "<c\n><v>1</v></c>"):
        row = f"<row>{cell * 10}</row>"
        assert refused(bare(row * 11), limits=few) == "too_many_cells"
        with pytest.raises(ChildRefused, match="too_many_cells"):
            excel.check_members(bare(row * 11), few)
        excel.check_members(bare(row * 10), few)
    # In another part of the file than sheets usually are, and under another prefix.
    elsewhere = bare("", **{"xl/other.bin": "<x:c><x:v>1</x:v></x:c>" * 101})
    with pytest.raises(ChildRefused, match="too_many_cells"):
        excel.check_members(elsewhere, few)
    # All sheets together, and where a piece ends in the middle of a cell.
    half = "<row>" + "<c><v>1</v></c>" * 60 + "</row>"
    with pytest.raises(ChildRefused, match="too_many_cells"):
        excel.check_members(bare(half, **{"xl/worksheets/sheet2.xml": half}), few)


def test_cells_are_counted_once_wherever_a_piece_ends(monkeypatch):
    row = "<row>" + '<c r="A1"><v>1</v></c>' * 10 + "</row>"
    for piece in range(1, 40):
        monkeypatch.setattr(excel, "PIECE", piece)
        excel.check_members(bare(row), Limits(cells=10))
        with pytest.raises(ChildRefused, match="too_many_cells"):
            excel.check_members(bare(row), Limits(cells=9))


def test_millions_of_cells_without_a_place_are_refused_soon_and_in_little_memory():
    # Padded with what does not pack, so that it is no bomb by its ratio.
    row = "<row>" + "<c><v>1</v></c>" * 190 + "</row>"
    data = bare(row * 30_000, **{"xl/media/image1.png": os.urandom(2 * MEGABYTE)})
    assert len(data) < 10 * MEGABYTE
    assert refused(data) == "too_many_cells"


def test_a_sheet_of_far_corners_is_counted_before_it_is_made():
    corners = '<row r="49999"><c r="A49999"><v>1</v></c><c r="GR49999"><v>1</v></c></row>'
    first = '<row r="1"><c r="A1"><v>1</v></c></row>'
    assert refused(bare(first + corners)) == "too_many_cells"


def test_two_bytes_a_letter_hide_nothing():
    data = bare("", **{"xl/worksheets/sheet2.xml": "<c/>".encode("utf-16")})
    assert refused(data) == "damaged"


def test_a_reader_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(excel, "child_limits", lambda limits: limits_without_time())
    assert refused(made([["x"]])) == "busy"


def limits_without_time():
    return excel.children.Limits(memory=900 * MEGABYTE, cpu=5, wall=0.01)


def test_an_ordinary_large_ledger_is_read_in_little_memory():
    rows = [[f"{column} {row}" for column in range(26)] for row in range(12_000)]
    data = excel.write_rows("large", [str(n) for n in range(26)], rows)
    sheet = read_rows(data)
    assert len(sheet.rows) == 12_001
    assert sheet.rows[-1][-1] == "25 11999"
    request = excel.orjson.dumps(excel.limits_of(excel.DEFAULT)) + b"\n" + data
    limits = excel.child_limits(excel.DEFAULT)
    kilobytes = ask_once("tests.kpm.weights:read_and_weigh", request, limits)
    assert int(kilobytes) < 300 * 1024


def test_what_the_child_does_is_done_here_once_too():
    """The same in this process, where coverage sees it."""
    data = made([["a", 1, 2.5, date(2024, 1, 2), True, None], [None]])
    head = excel.orjson.dumps(excel.limits_of(excel.DEFAULT))
    answer = excel.orjson.loads(excel.read_in_child(head + b"\n" + data))
    ((name, (row,)),) = answer
    assert name == "Sheet1"
    assert [excel.from_json(cell) for cell in row][:3] == ["a", 1, 2.5]


@HOSTILE
def test_what_the_child_refuses_is_refused_here_too(data, reason):
    head = excel.orjson.dumps(excel.limits_of(excel.DEFAULT))
    if reason in {"empty", "no_rows"}:
        return
    with pytest.raises(ChildRefused) as refusal:
        excel.read_in_child(head + b"\n" + data)
    assert refusal.value.code == reason


def test_limits_hold_here_too():
    few = Limits(rows=10, columns=3, cells=12, cell_length=20, sheets=2, members=20)
    head = excel.orjson.dumps(excel.limits_of(few))
    bomb = {"xl/workbook.xml": "<a/>"} | {f"m{n}": "" for n in range(400)}
    for data, reason in (
        (made([["x"]] * 11), "far_cell"),
        (made([["x"] * 3] * 5), "too_many_cells"),
        (made([["x" * 21]]), "long_cell"),
        (made([["x"]], a=[["y"]], b=[["z"]]), "too_many_cells"),
        (bare("<row><c><v>1</v></c></row>" * 11), "too_many_cells"),
        (zipped(bomb), "bomb"),
        (zipped({"xl/workbook.xml": "<a/>", "x": "A" * (2 * MEGABYTE)}), "bomb"),
    ):
        with pytest.raises(ChildRefused) as refusal:
            excel.read_in_child(head + b"\n" + data)
        assert refusal.value.code == reason


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-常来", "@SUM(A1)", "\t=1", "\r=1", "＝1", ";=1", "http://x.example", "0012"],
)
def test_whatever_is_written_stays_text(text):
    data = excel.write_rows("a/b:c", ["head"], [[text]])
    cell = openpyxl.load_workbook(io.BytesIO(data)).active["A2"]
    assert cell.data_type == "s"
    assert cell.quotePrefix
    assert cell.value.strip() == text.strip()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in sheet
        assert b"hyperlink" not in sheet


def test_what_is_written_is_read_again_the_same():
    rows = [["㛃䶮𮧵", None, "a\nb"], ["", "x\x00y", "z"]]
    data = excel.write_rows("", ["一", "二", "三"], rows, marked=1)
    assert read_rows(data).rows == [
        ["一", "二", "三"],
        ["㛃䶮𮧵", None, "a\nb"],
        [None, "xy", "z"],
    ]


def test_a_table_without_rows_can_be_written():
    assert read_rows(excel.write_rows("x", ["only"], [])).rows == [["only"]]
    with pytest.raises(UnreadableWorkbook, match="no_rows"):
        read_rows(excel.write_rows("x", [], []))
