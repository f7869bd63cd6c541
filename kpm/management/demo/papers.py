"""Invented documents: small, of every kind that is common, and about nobody."""

import struct
import zlib
from collections.abc import Callable
from random import Random

from django.core.files.uploadedfile import SimpleUploadedFile

from kpm.excel import write_rows


def notice(random: Random) -> bytes:
    """A page with one line, as PDF."""
    line = f"Invented for a demo: notice no. {random.randrange(1000, 9999)}"
    text = f"BT /F1 18 Tf 60 760 Td ({line}) Tj ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    written, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += f"{number} 0 obj{content}endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer<</Size 6/Root 1 0 R>>\n"
    return f"{written}{end}startxref\n{len(written)}\n%%EOF\n".encode("ascii")


def photo(random: Random) -> bytes:
    """A picture of bands in a few colours, as PNG."""
    bands = [bytes(random.randrange(90, 230) for _ in range(3)) for _ in range(6)]
    rows = b"".join(b"\0" + bands[row // 40] * 320 for row in range(240))

    def part(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = part(b"IHDR", struct.pack(">IIBBBBB", 320, 240, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def table(random: Random) -> bytes:
    """A short table, as Excel workbook."""
    rows = [[month, random.randrange(200, 900)] for month in ("九月", "十月", "十一月")]
    return write_rows("费用", ["月份", "金额（元）"], rows)


PAPERS: tuple[tuple[Callable[[Random], bytes], str, str], ...] = (
    (notice, "补贴审批通知书.pdf", "民政部门寄来的通知"),
    (photo, "家中灶具.png", "更换后的灶具，走访时拍摄"),
    (table, "护理费用.xlsx", "近三个月的护理费用"),
)


def papers(random: Random, count: int) -> list[tuple[SimpleUploadedFile, str]]:
    """So many documents, each with a note."""
    chosen = random.sample(PAPERS, count)
    return [(SimpleUploadedFile(name, make(random)), note) for make, name, note in chosen]
