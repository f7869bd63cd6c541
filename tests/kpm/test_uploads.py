"""Uploads: sealed from the first byte, or not kept at all."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from kpm import uploads
from kpm.uploads import MEGABYTE, OversizedFile, SealingUploadHandler
from kpm.vault.files import CHUNK


@pytest.fixture(autouse=True)
def _nothing_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """No upload may leave a file that somebody finds, whatever its size."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a temporary file with a name")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    """A directory of one's own."""
    settings.KPM_FILES_DIR = tmp_path
    return tmp_path


Send = Callable[..., Any]


@pytest.fixture
def requests() -> Iterator[Send]:
    """Makes requests with files of these sizes, and closes them as the server does."""
    with ExitStack() as stack:

        def make(*sizes: int) -> Any:
            files = [
                SimpleUploadedFile(f"{number}.xlsx", bytes([number]) * size)
                for number, size in enumerate(sizes)
            ]
            request = RequestFactory().post("/", {"files": files, "note": "kept"})
            stack.callback(request.close)
            return request

        yield make


@pytest.fixture
def sent(requests: Send) -> Send:
    """What arrives of such a request."""

    def send(*sizes: int) -> tuple[str, list[Any]]:
        request = requests(*sizes)
        return request.POST["note"], request.FILES.getlist("files")

    return send


@pytest.mark.parametrize("size", [3, CHUNK, 9 * MEGABYTE])
def test_a_file_is_there_with_its_bytes(sent: Send, size: int, place: Path) -> None:
    note, (file,) = sent(size)
    assert note == "kept"
    assert (file.name, file.size) == ("0.xlsx", size)
    assert not isinstance(file, OversizedFile)
    assert file.read() == bytes(size)
    assert sum(map(len, file.chunks())) == size
    assert list(place.iterdir()) == []


def on_disk(file: Any) -> bytes:
    """What the disk holds of a file."""
    source = file.file.raw._source
    assert os.fstat(source.fileno()).st_nlink == 0
    source.seek(0)
    return bytes(source.read())


@pytest.mark.parametrize("size", [300, 3 * MEGABYTE])
def test_what_lies_on_the_disk_is_sealed(size: int) -> None:
    secret = "王秀英的诊断证明".encode() * (size // 24)
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("x.pdf", secret)})
    file = request.FILES["file"]
    stored = on_disk(file)
    assert stored.startswith(b"CVF1")
    assert len(stored) > len(secret)
    assert "王秀英".encode() not in stored
    assert file.read() == secret
    request.close()


def test_what_was_uploaded_is_gone_with_the_request(requests: Send) -> None:
    request = requests(3)
    (file,) = request.FILES.getlist("files")
    source = file.file.raw._source
    request.close()
    assert source.closed


def test_of_a_file_that_is_too_large_only_its_size_is_left(sent: Send) -> None:
    note, (file,) = sent(40 * MEGABYTE)
    assert note == "kept"
    assert isinstance(file, OversizedFile)
    assert file.size == 40 * MEGABYTE
    assert file.read() == b""


def test_all_files_of_a_request_count_together(sent: Send) -> None:
    _note, files = sent(12 * MEGABYTE, 12 * MEGABYTE, 6 * MEGABYTE, 6 * MEGABYTE)
    assert [isinstance(file, OversizedFile) for file in files] == [False, True, False, True]


def test_the_largest_file_that_is_kept(sent: Send) -> None:
    for more, is_over in ((0, False), (1, True)):
        _note, (file,) = sent(uploads.MOST_KEPT + more)
        assert isinstance(file, OversizedFile) is is_over


def test_far_too_much_is_not_even_read() -> None:
    handler = SealingUploadHandler()
    with pytest.raises(RequestDataTooBig):
        handler.handle_raw_input(None, {}, uploads.MOST_READ + 1, b"")


def test_no_form_sends_so_many_files(requests: Send) -> None:
    with pytest.raises(TooManyFilesSent):
        assert requests(*[1] * 5).FILES


def test_an_upload_that_breaks_off_is_forgotten(
    requests: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafts = []

    class Draft(uploads.Draft):
        def __init__(self) -> None:
            super().__init__()
            drafts.append(self)

    monkeypatch.setattr(uploads, "Draft", Draft)
    whole = requests(5 * MEGABYTE)
    body = whole.read(2 * MEGABYTE)
    factory = RequestFactory()
    cut = factory.generic("POST", "/", body, content_type=whole.META["CONTENT_TYPE"])
    assert list(cut.FILES) == []
    (draft,) = drafts
    assert draft._file.closed


def test_a_request_that_breaks_is_forgotten() -> None:
    handler = SealingUploadHandler()
    handler.new_file("file", "x.pdf", "application/pdf", 3)
    handler.receive_data_chunk(b"x", 0)
    handler.file.close()
    with pytest.raises(ValueError, match="closed"):
        handler.file.finished()


def test_the_site_uses_it(settings: Any) -> None:
    assert settings.FILE_UPLOAD_HANDLERS == ["kpm.uploads.SealingUploadHandler"]
