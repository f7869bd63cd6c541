"""What a document is, is told by its bytes; everything else is not taken in."""

import io

import pytest

from casework import file_kinds
from casework.file_kinds import MEGABYTE, Kind, SizeClass, kind_of
from tests.casework import documents
from tests.casework.documents import EXCEL, JPEG, PDF, PNG, TYPES, WORD, zipped
from tests.kpm import workbooks


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, Kind.PDF),
        (JPEG, Kind.JPEG),
        (PNG, Kind.PNG),
        (WORD, Kind.WORD),
        (EXCEL, Kind.EXCEL),
        (workbooks.made([["姓名"], ["王秀英"]]), Kind.EXCEL),
    ],
)
def test_each_kind_is_known_by_its_bytes(content: bytes, kind: Kind) -> None:
    file = documents.uploaded(content, "whatever.exe")
    file.read()
    assert kind_of(file) is kind


MACROS = (TYPES, "word/document.xml", "word/vbaProject.bin")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"%PD",
        b"hello",
        b" " + PDF,
        b"GIF89a" + bytes(50),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"<html><script>alert(1)</script>",
        b"MZ" + bytes(80),
        b"\x00\x00\x00\x18ftypheic" + bytes(80),
        # Old office files, and those with a password.
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        zipped("a.txt"),
        zipped("word/document.xml"),
        zipped(TYPES),
        zipped(TYPES, "ppt/presentation.xml"),
        zipped(TYPES, "word/document.xml", "xl/workbook.xml"),
        zipped(*MACROS),
        zipped(*MACROS[:2], "xl/VBAPROJECT.BIN"),
        zipped(*MACROS[:2], comment=b"something after the end"),
        b"PK\x03\x04",
        WORD[:-1],
        WORD + b"x",
        b"MZ" + WORD,
        WORD[:-22] + bytes(22),
    ],
)
def test_everything_else_is_nothing(content: bytes) -> None:
    assert kind_of(io.BytesIO(content)) is None


def test_every_change_in_a_list_of_contents_is_survived() -> None:
    """Whatever stands there, it is a kind or nothing, and never an error."""
    start = WORD.index(b"PK\x01\x02")
    for at in range(start, len(WORD)):
        for value in (0, 0x7F, 0xFF):
            changed = bytearray(WORD)
            changed[at] = value
            assert kind_of(io.BytesIO(bytes(changed))) in (None, Kind.WORD)


def test_a_list_that_is_too_long_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kind_of(io.BytesIO(WORD)) is Kind.WORD
    monkeypatch.setattr(file_kinds, "MOST_PARTS", 2)
    assert kind_of(io.BytesIO(WORD)) is None
    monkeypatch.setattr(file_kinds, "MOST_PARTS", 3)
    monkeypatch.setattr(file_kinds, "LONGEST_LIST", 100)
    assert kind_of(io.BytesIO(WORD)) is None


def test_sizes_are_told_roughly() -> None:
    sizes = (0, MEGABYTE, MEGABYTE + 1, 5 * MEGABYTE, 5 * MEGABYTE + 1)
    assert [str(SizeClass.of(size)) for size in sizes] == [
        "small",
        "small",
        "medium",
        "medium",
        "large",
    ]
