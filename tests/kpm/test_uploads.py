"""Uploads: kept in memory or not at all."""

import io

import pytest
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from kpm import uploads
from kpm.uploads import MEGABYTE, CappedUploadHandler, OversizedFile


@pytest.fixture(autouse=True)
def _nothing_is_written(monkeypatch):
    """No upload may reach a disk, whatever its size."""

    def refuse(*args, **kwargs):
        raise AssertionError("a temporary file")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refuse)


def sent(*sizes):
    files = [
        SimpleUploadedFile(f"{number}.xlsx", bytes([number]) * size)
        for number, size in enumerate(sizes)
    ]
    request = RequestFactory().post("/", {"files": files, "note": "kept"})
    return request.POST["note"], request.FILES.getlist("files")


def test_a_small_file_is_there_with_its_bytes():
    note, (file,) = sent(3)
    assert note == "kept"
    assert (file.name, file.size, file.read()) == ("0.xlsx", 3, b"\0\0\0")
    assert not isinstance(file, OversizedFile)


def test_a_large_file_stays_in_memory():
    _note, (file,) = sent(9 * MEGABYTE)
    assert isinstance(file.file, io.BytesIO)
    assert len(file.read()) == 9 * MEGABYTE


def test_of_a_file_that_is_too_large_only_its_size_is_left():
    note, (file,) = sent(40 * MEGABYTE)
    assert note == "kept"
    assert isinstance(file, OversizedFile)
    assert file.size == 40 * MEGABYTE
    assert file.read() == b""


def test_all_files_of_a_request_count_together():
    _note, files = sent(6 * MEGABYTE, 6 * MEGABYTE, 3 * MEGABYTE, 6 * MEGABYTE)
    assert [isinstance(file, OversizedFile) for file in files] == [False, True, False, True]


def test_far_too_much_is_not_even_read():
    handler = CappedUploadHandler()
    with pytest.raises(RequestDataTooBig):
        handler.handle_raw_input(None, {}, uploads.MOST_READ + 1, b"")


def test_the_site_uses_it(settings):
    assert settings.FILE_UPLOAD_HANDLERS == ["kpm.uploads.CappedUploadHandler"]
