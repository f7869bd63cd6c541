"""Documents: Chinese throughout, archivable, fetching nothing, cut off when they take long."""

import gc
import os
import re
import signal
import socket
import subprocess
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from kpm import pdf
from kpm.children import MEGABYTE, ChildFailed, Limits, Warm, ask_once
from kpm.errors import Busy
from kpm.pdf import PdfFailed

RARE = "㛃䶮𮧵"
PAGE = (
    '<!doctype html><html lang="zh"><head><meta charset="utf-8"><title>7K3MQ-9TX2A</title><style>'
    "@page{{size:A4;background:url(watermark.svg) 0 0/210mm 297mm no-repeat}}"
    'body{{font-family:"Noto Sans CJK SC",HanaMinA,HanaMinB}}{css}</style>{head}</head>'
    "<body>{body}</body></html>"
)


@pytest.fixture(autouse=True, scope="module")
def _child_ends():
    yield
    pdf.warm.close()


def page(body: str = "", *, css: str = "", head: str = "") -> str:
    return PAGE.format(body=body, css=css, head=head)


def text_of(document: bytes) -> str:
    done = subprocess.run(["pdftotext", "-", "-"], input=document, capture_output=True, check=True)
    return done.stdout.decode()


def inflated(document: bytes) -> bytes:
    """The document with its streams unpacked, as one heap of bytes."""
    found = [document]
    for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", document, re.DOTALL):
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            found.append(part)
    return b"\n".join(found)


def test_chinese_and_rare_characters_can_be_read_and_copied():
    text = text_of(pdf.render(page(f"<h1>个案摘要</h1><p>姓名:{RARE}</p><p>Case summary</p>")))
    for words in ("个案摘要", RARE, "Case summary"):
        assert words in text


def test_every_font_is_embedded():
    document = pdf.render(page(f"<p>王秀英 {RARE} <b>bold</b></p>"))
    done = subprocess.run(["pdffonts", "-"], input=document, capture_output=True, check=True)
    rows = done.stdout.decode().splitlines()[2:]
    assert rows
    assert all(re.search(r"\s+yes\s+yes\s+yes\s", row) for row in rows), rows


def test_the_document_is_tagged_and_archivable():
    raw = inflated(pdf.render(page("<h1>标题</h1><p>内容</p>")))
    assert b"<pdfaid:part>3</pdfaid:part>" in raw or b'pdfaid:part="3"' in raw
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in raw or b'conformance="A"' in raw
    for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang", b"/OutputIntent", b"/H1"):
        assert mark in raw, mark


def test_the_watermark_is_seen_but_not_copied():
    reader = f"张督导{RARE[2]} 2026-11-24 10:32"
    document = pdf.render(page("<p>内容</p>"), watermark=reader)
    assert text_of(document).split() == ["内容"]
    assert len(inflated(document)) > len(inflated(pdf.render(page("<p>内容</p>")))) + 3000
    assert reader.encode() not in inflated(document)
    assert reader.encode("utf-16-be") not in inflated(document)


def test_every_character_of_a_reader_has_an_outline():
    for character in f"张A9·{RARE}":
        path, advance = pdf.outline(character, 0)
        assert path.startswith("M")
        assert advance > 100
    assert pdf.outline("\U0010fffd", 0) == ("", 1000.0)


def test_a_watermark_of_hostile_text_is_only_outlines():
    assert pdf.watermark_svg('"><script>').count("<") == pdf.watermark_svg("abcdefghij").count("<")


class Canary:
    """Counts who connects; nobody may."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.hits = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                connection, _address = self.socket.accept()
            except OSError:
                return
            self.hits += 1
            connection.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/x"


@pytest.fixture
def canary() -> Iterator[Canary]:
    made = Canary()
    yield made
    made.socket.close()


VECTORS = {
    "stylesheet": ("", "", '<link rel="stylesheet" href="{url}">'),
    "import": ("", "@import url({url});", ""),
    "font": ("x", "@font-face{{font-family:f;src:url({url})}} p{{font-family:f}}", ""),
    "image": ('<img src="{url}">', "", ""),
    "background": ("<p>x</p>", "p{{background:url({url})}}", ""),
    "object": ('<object data="{url}"></object>', "", ""),
    "embed": ('<embed src="{url}">', "", ""),
    "svg": ('<svg><image href="{url}" width="9" height="9"/></svg>', "", ""),
    "svg in data": (
        '<img src=\'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg">'
        '<image href="{url}" width="9" height="9"/></svg>\'>',
        "",
        "",
    ),
    "attachment": ("", "", '<link rel="attachment" href="{url}">'),
    "attached link": ('<a rel="attachment" href="{url}">x</a>', "", ""),
    "base": ('<img src="x">', "", '<base href="{url}">'),
    "list": ("<ul><li>x</li></ul>", "li{{list-style:url({url})}}", ""),
    "content": ("<p>x</p>", "p::before{{content:url({url})}}", ""),
}


@pytest.mark.parametrize("vector", VECTORS)
def test_documents_fetch_nothing(vector, canary, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("CNRY-secret-of-this-machine")
    for url in (canary.url, f"file://{secret}", "ftp" + canary.url[4:]):
        body, css, head = (part.format(url=url) for part in VECTORS[vector])
        document = pdf.render(page(f"<p>here</p>{body}", css=css, head=head))
        assert "here" in text_of(document)
        assert b"CNRY" not in inflated(document)
    assert canary.hits == 0


def test_a_proxy_of_this_machine_is_not_asked(canary, monkeypatch):
    monkeypatch.setenv("http_proxy", canary.url)
    pdf.render(page('<img src="http://example.invalid/x.png">'))
    assert canary.hits == 0


def test_what_is_handed_in_may_be_named():
    dot = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>seen</text></svg>'
    document = pdf.render(page('<img src="dot.svg" alt="dot">'), assets={"dot.svg": dot})
    assert "seen" in text_of(document)


def test_a_document_that_takes_too_long_is_cut_off(monkeypatch):
    limits = Limits(memory=2048 * MEGABYTE, cpu=5, wall=0.05, requests=5)
    monkeypatch.setattr(pdf, "warm", Warm("kpm.pdf:render_in_child", limits))
    with pytest.raises(PdfFailed) as failure:
        pdf.render(page("x" * 5000))
    assert failure.value.reason == "too_long"
    assert failure.value.words == str(pdf.REASONS["too_long"])
    # It was killed in the middle: nobody waits for a document that nobody gets.
    assert pdf.warm.child.process.returncode == -signal.SIGKILL


def test_a_document_that_breaks_leaves_the_next_one_alone():
    with pytest.raises(PdfFailed, match="failed"):
        pdf.render(page("<div>" * 5000 + "deep"))
    assert "again" in text_of(pdf.render(page("again")))


def test_whoever_waits_too_long_is_told_that_much_is_going_on(monkeypatch):
    monkeypatch.setattr(pdf, "PATIENCE", 0.05)
    with pdf.warm.lock, pytest.raises(Busy):
        pdf.render(page("x"))


def test_a_second_document_is_made_by_the_child_that_is_warm(monkeypatch):
    # Five seconds of the processor for each; the kernel ends a child that needs more.
    limits = Limits(memory=2048 * MEGABYTE, cpu=5, wall=60, requests=2)
    monkeypatch.setattr(pdf, "warm", Warm("kpm.pdf:render_in_child", limits))
    pdf.render(page("warm"))
    first = pdf.warm.child
    pdf.render(page("个案" * 500), watermark="张督导 2026-11-24 10:32")
    assert pdf.warm.child is first
    assert first.asked == 2
    pdf.warm.close()


def test_it_fits_into_its_memory():
    request = orjson.dumps({"html": page(RARE * 200), "watermark": "张督导", "assets": {}})
    kilobytes = ask_once("tests.kpm.weights:render_and_weigh", request, pdf.LIMITS)
    assert int(kilobytes) < 500 * 1024


def test_nothing_is_left_in_the_temporary_directory():
    before = set(os.listdir("/tmp"))  # noqa: S108 that is where it would lie
    pdf.render(page("x", css="@font-face{font-family:f;src:url(data:font/woff,x)}"))
    left = {name for name in set(os.listdir("/tmp")) - before if "weasy" in name}  # noqa: S108 as above
    assert left == set()


def test_this_machine_has_what_documents_need():
    assert list(pdf.problems()) == []


def test_what_is_missing_is_said_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(pdf, "LIBRARIES", ("libnowhere.so.0",))
    monkeypatch.setattr(pdf, "FAMILIES", ("No Such Font",))
    said = list(pdf.problems())
    assert len(said) == 2
    assert all("apt-get install" in words for words in said)
    monkeypatch.setenv("PATH", str(Path("/nowhere")))
    assert pdf.font_file("HanaMinA") is None


# WeasyPrint leaves the file of its colour profile to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_the_child_does_is_done_here_once_too(monkeypatch):
    """The same in this process, where coverage sees it."""
    request = orjson.dumps(
        {"html": page("<p>王</p><img src='http://127.0.0.1:9/x'>"), "watermark": "A", "assets": {}}
    )
    assert "王" in text_of(pdf.render_in_child(request))
    gc.collect()

    def broken(request, *, patience):
        raise ChildFailed("ended")

    monkeypatch.setattr(pdf.warm, "ask", broken)
    with pytest.raises(PdfFailed):
        pdf.render("x")
