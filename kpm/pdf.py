"""The door to WeasyPrint: pages become PDF in a warm, limited child that fetches nothing."""

import ctypes
import io
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

import orjson
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kpm.children import MEGABYTE, ChildFailed, Limits, Warm
from kpm.errors import Busy

# Tagged and archivable in one: pdf/a-3a.
VARIANT: Final = "pdf/a-3a"
LIMITS: Final = Limits(memory=2048 * MEGABYTE, cpu=25, wall=20, requests=50)
# How long somebody waits for the one child of this process.
PATIENCE: Final = 12.0
# Everything that a document may name lies below this address, which leads nowhere.
BASE: Final = "https://assets.invalid/"
WATERMARK: Final = "watermark.svg"
FAMILIES: Final = ("Noto Sans CJK SC", "HanaMinA", "HanaMinB")
# Without the last one a page with Chinese takes a quarter of a minute.
LIBRARIES: Final = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")
PACKAGES: Final = (
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk fonts-hanazono"
)

REASONS: Final[dict[str, Promise]] = {
    "too_long": _("The document took too long to lay out. Please try again."),
    "failed": _("The document could not be made. Please try again."),
}


class PdfFailed(Exception):
    """No document came of it; `reason` is a code, the words are for whoever asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def words(self) -> str:
        """What happened and what to do."""
        return str(REASONS[self.reason])


warm = Warm("kpm.pdf:render_in_child", LIMITS)


def render(html: str, *, watermark: str = "", assets: Mapping[str, bytes] | None = None) -> bytes:
    """The document as PDF. It may name the watermark and the assets, and nothing else."""
    kept = {name: data.decode("latin-1") for name, data in (assets or {}).items()}
    request = orjson.dumps({"html": html, "watermark": watermark, "assets": kept})
    try:
        return warm.ask(request, patience=PATIENCE)
    except TimeoutError:
        raise Busy from None
    except ChildFailed as failure:
        reason = "too_long" if failure.code == "too_long" else "failed"
        raise PdfFailed(reason) from None


def problems() -> Iterator[str]:
    """What this machine lacks for documents, in words; looked at before the site starts."""
    for library in LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError:
            yield f"{library} is not installed: apt-get install {PACKAGES}"
    for family in FAMILIES:
        if font_file(family) is None:
            yield f"The font {family} is not installed: apt-get install {PACKAGES}"


def font_file(family: str) -> tuple[str, int] | None:
    """Where a font lies on this machine: file and number in the file."""
    command = ["fc-list", "-f", "%{file}\t%{index}\t%{style}\n", f"{family}:lang=zh-cn"]
    if family.startswith("Hana"):
        command[-1] = family
    try:
        done = subprocess.run(  # noqa: S603 a fixed program and our own names
            command, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    regular = [row for row in rows if "Regular" in row[2]]
    return (regular[0][0], int(regular[0][1])) if regular else None


# --- Inside the child -------------------------------------------------------------------------
SHEET = (794, 1123)
STEP = (420, 250)
SIZE = 15


def render_in_child(request: bytes) -> bytes:
    """One document; the fonts stay loaded for the next."""
    import weasyprint

    asked = orjson.loads(request)
    assets = {name: data.encode("latin-1") for name, data in asked["assets"].items()}
    assets[WATERMARK] = watermark_svg(asked["watermark"]).encode()
    html = weasyprint.HTML(string=asked["html"], base_url=BASE, url_fetcher=fetcher(assets))
    out = io.BytesIO()
    html.write_pdf(out, font_config=fonts(), pdf_variant=VARIANT)
    return out.getvalue()


@cache
def fonts() -> Any:
    """The fonts of this machine."""
    from weasyprint.text.fonts import FontConfiguration

    class InstalledFonts(FontConfiguration):  # type: ignore[misc]  # WeasyPrint has no types
        def add_font_face(self, *_args: Any) -> None:
            """A document brings none: each would be written to the disk first."""

    return InstalledFonts()


def fetcher(assets: Mapping[str, bytes]) -> Any:
    """Answers with what was handed in, and asks neither the network nor the disk for anything."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class BundledFetcher(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            body = assets.get(url.removeprefix(BASE)) if url.startswith(BASE) else None
            if body is None:
                raise ValueError("Documents fetch nothing.")
            kind = "image/svg+xml" if url.endswith(".svg") else "application/octet-stream"
            return URLFetcherResponse(url, body, {"Content-Type": kind})

    return BundledFetcher(allowed_protocols=(), allow_redirects=False)


def watermark_svg(text: str) -> str:
    """Words across the sheet as outlines: they are seen and printed, but never copied as text."""
    width, height = SHEET
    if not text:
        return f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"/>'
    paths, length = outlines(text)
    column, row = max(STEP[0], int(length) + 60), STEP[1]
    places = "".join(
        f'<use href="#w" x="0" y="0" transform="translate({x} {y}) rotate(-24)"/>'
        for line, y in enumerate(range(120, height + row, row))
        for x in range(-(column // 2) * (line % 2), width, column)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><defs><g id="w" fill="#e3e6ea">{paths}</g></defs>'
        f"{places}</svg>"
    )


def outlines(text: str) -> tuple[str, float]:
    """A line of text as one path, and how long it is."""
    parts, at = [], 0.0
    for character in text:
        path, advance = outline(character, round(at))
        parts.append(path)
        at += advance
    scale = SIZE / 1000
    return f'<path transform="scale({scale} {-scale})" d="{"".join(parts)}"/>', at * scale


def outline(character: str, at: int) -> tuple[str, float]:
    """One character from the first font that has it: its path, and its width in thousandths."""
    from fontTools.pens.svgPathPen import SVGPathPen
    from fontTools.pens.transformPen import TransformPen

    for family in FAMILIES:
        font = opened(family)
        name = font["cmap"].getBestCmap().get(ord(character)) if font else None
        if font is None or name is None:
            continue
        glyphs = font.getGlyphSet()
        scale = 1000 / font["head"].unitsPerEm
        pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.0f}")
        glyphs[name].draw(TransformPen(pen, (scale, 0, 0, scale, at, 0)))
        return pen.getCommands(), glyphs[name].width * scale
    return "", 1000.0


@cache
def opened(family: str) -> Any:
    """A font of this machine, if it is there."""
    from fontTools.ttLib import TTFont

    place = font_file(family)
    return TTFont(place[0], fontNumber=place[1], lazy=True) if place else None
