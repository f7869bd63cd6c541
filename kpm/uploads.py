"""Uploads are sealed from their first byte: no part of one ever lies on a disk in clear."""

import io
from typing import Any, Final

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from kpm.vault.files import CHUNK, Draft

MEGABYTE: Final = 1 << 20
# What one request may keep, all its files together.
MOST_KEPT: Final = 20 * MEGABYTE
# Beyond this nothing is read to its end just to say in a form that it was too much.
MOST_READ: Final = 64 * MEGABYTE


class OversizedFile(UploadedFile):  # type: ignore[type-arg]  # generic in the stubs only
    """A file of which only the name and the size are left: it was too large to keep."""


class SealingUploadHandler(FileUploadHandler):
    """Keeps what is small enough, sealed; lets the rest run through, and says so to the form.

    Whose the file will be is known only when a form has been accepted, so until then it lies under
    a key of its own in memory; what is never accepted is gone with the request.
    """

    chunk_size = CHUNK
    # Django closes what has this name when a request breaks off.
    file: Draft

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = 0
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
            raise RequestDataTooBig("The request is far larger than any form takes.")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """The next file starts; what the request keeps already counts."""
        super().new_file(*args, **kwargs)
        self.file = Draft()
        self.is_over = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep a part, or drop everything of this file once it is too much."""
        if self.is_over:
            return
        if self.kept + start + len(raw_data) > MOST_KEPT:
            self.is_over = True
            self.file.close()
        else:
            self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:  # type: ignore[type-arg]  # generic in the stubs only
        """The file, or the mark that there was one."""
        kind: type[UploadedFile] = OversizedFile if self.is_over else UploadedFile  # type: ignore[type-arg]  # generic in the stubs only
        self.kept += 0 if self.is_over else file_size
        return kind(
            file=io.BytesIO() if self.is_over else self.file.finished(),
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        """Whoever sent it went away."""
        self.file.close()
