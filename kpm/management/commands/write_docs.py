"""Write the documents that come from the code, or say which of them are out of date."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kpm.management.documents import DOCUMENTS


class Command(BaseCommand):
    """One file per document in kpm/docs."""

    help = "Write the documents in kpm/docs that come from the code."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="Write nothing; fail if a document is not current."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = Path(settings.BASE_DIR) / "kpm" / "docs"
        texts = {folder / name: write() for name, write in DOCUMENTS.items()}
        old = [path for path, text in texts.items() if not _says(path, text)]
        if options["check"]:
            if old:
                names = ", ".join(path.name for path in old)
                raise CommandError(f"Out of date: {names}. Run: manage.py write_docs")
            return
        folder.mkdir(exist_ok=True)
        for path in old:
            path.write_text(texts[path], encoding="utf-8")
            self.stdout.write(f"Wrote {path.name}.")


def _says(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text
