"""Remembers which filled-in forms have had their effect, so that a second copy has none."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from kpm.accounts.models import Submission
from kpm.errors import AlreadySent

KEPT = timedelta(days=1)
LONGEST_LOCATION = 500


def key_of(request: HttpRequest) -> bytes | None:
    """What makes this form this one: its token, its address and what was filled in.

    Every page draws its own mask over the CSRF secret, so the hidden token that each of our
    forms carries anyway is new for each page shown, and the same in a double click or a replay.
    """
    token = request.POST.get("csrfmiddlewaretoken")
    if not token:
        return None
    fields = sorted((name, request.POST.getlist(name)) for name in request.POST)
    files = sorted(
        (field, file.name, file.size, _digest(file))
        for field, each in request.FILES.lists()
        for file in each
    )
    content = json.dumps([request.get_full_path(), fields, files], default=str)
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest()


def _digest(file: Any) -> str:
    """What is in a file: two ledgers of one day may share their name and their size."""
    digest = hashlib.sha256()
    for part in file.chunks():
        digest.update(part)
    file.seek(0)
    return digest.hexdigest()


class Submissions:
    """The forms of one request; the middleware hangs it on the request."""

    claimed: bytes | None = None

    def claim(self, request: HttpRequest) -> None:
        """Remember this form inside the open transaction; AlreadySent if it was here before."""
        key = key_of(request)
        if key is None:
            return
        try:
            # A second copy waits here until the first has ended, one way or the other.
            with transaction.atomic():
                Submission(key=key, sent_at=timezone.now()).save(force_insert=True)
        except IntegrityError:
            location = Submission.objects.filter(key=key).values_list("location", flat=True)
            raise AlreadySent(location.first() or request.path) from None
        self.claimed = key

    def answered(self, response: HttpResponseBase) -> None:
        """Keep where the form led, for whoever sends it again."""
        location = response.headers.get("Location", "")
        if self.claimed is not None and 0 < len(location) <= LONGEST_LOCATION:
            Submission.objects.filter(key=self.claimed).update(location=location)


def purge(now: datetime) -> int:
    """Forget what nobody will send again."""
    return Submission.objects.filter(sent_at__lt=now - KEPT).delete()[0]
