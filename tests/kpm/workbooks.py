"""Workbooks for tests, honest and hostile, made in memory."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import openpyxl

XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def made(rows: Sequence[Sequence[Any]], name: str = "Sheet1", **others: Any) -> bytes:
    """An ordinary workbook with these rows, and more sheets by their names."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = name
    for row in rows:
        sheet.append(list(row))
    for title, more in others.items():
        extra = workbook.create_sheet(title)
        for row in more:
            extra.append(list(row))
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A zip file with these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def bare(sheet_data: str, *, head: str = "", workbook: str = "", **more: str | bytes) -> bytes:
    """The smallest workbook around some XML of cells."""
    return zipped(
        {
            "[Content_Types].xml": (
                f'{XML}<Types xmlns="{PACKAGE}/content-types">'
                '<Default Extension="rels" ContentType='
                '"application/vnd.openxmlformats-package.relationships+xml"/>'
                '<Override PartName="/xl/workbook.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
                '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
                '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
                "</Types>"
            ),
            "_rels/.rels": (
                f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
                f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
            ),
            "xl/workbook.xml": (
                f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{workbook}'
                '<sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": (
                f'{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
                f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
            ),
            "xl/worksheets/sheet1.xml": (
                f'{XML}{head}<worksheet xmlns="{MAIN}">'
                f"<sheetData>{sheet_data}</sheetData></worksheet>"
            ),
            **more,
        }
    )
