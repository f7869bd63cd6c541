"""Uploads stay in memory under a hard cap: no part of a ledger ever lies on a disk in clear."""

import io
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler

MEGABYTE: Final = 1 << 20
# What one request may keep in memory, all its files together.
MOST_KEPT: Final = 10 * MEGABYTE
# Beyond this nothing is read to its end just to say in a form that it was too much.
MOST_READ: Final = 64 * MEGABYTE


class OversizedFile(InMemoryUploadedFile):
    """A file of which only the name and the size are left: it was too large to keep."""


class CappedUploadHandler(FileUploadHandler):
    """Keeps what is small enough, lets the rest run through, and says so to the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = 0
        self.parts: list[bytes] = []
        self.is_over = False

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 Django's own name
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse at once what nobody would send by mistake."""
        if content_length > MOST_READ:
            raise RequestDataTooBig("The request is far larger than any ledger.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """The next file starts; what the request keeps already counts."""
        super().new_file(*args, **kwargs)
        self.parts = []
        self.is_over = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a part, or drop everything of this file once it is too much."""
        if not self.is_over:
            self.kept += len(raw_data)
            self.parts.append(raw_data)
        if self.kept > MOST_KEPT:
            self.is_over = True
            self.kept -= sum(map(len, self.parts))
            self.parts = []

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file, or the mark that there was one."""
        kind = OversizedFile if self.is_over else InMemoryUploadedFile
        return kind(
            file=io.BytesIO(b"".join(self.parts)),
            field_name=self.field_name,
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
