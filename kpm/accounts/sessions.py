"""Where sign-ins are kept: hashed keys, an idle limit, an absolute limit, a name for the log."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError, transaction
from django.utils import timezone

from kpm.accounts.models import Session
from kpm.ids import reference

# How stale the idle clock may be, so that reading ten pages a minute does not write ten times.
IDLE_STEP = timedelta(minutes=1)


def hash_key(key: str) -> bytes:
    """What is stored of a key; the key has more than 160 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).digest()


class SessionStore(SessionBase):
    """One browser's sign-in, stored so that a copy of the table opens nothing."""

    _row: Session | None = None

    @property
    def log_reference(self) -> str | None:
        """The random name of this session in the log; None before there is one."""
        self._get_session()  # type: ignore[attr-defined]  # the stubs leave Django's inner parts out
        return self._row.log_reference if self._row else None

    def load(self) -> dict[str, Any]:
        """The content, unless the session is unknown, too old or was idle too long."""
        now = timezone.now()
        self._row = Session.objects.filter(
            key_hash=hash_key(self._session_key or ""),
            expires_at__gt=now,
            seen_at__gt=now - settings.KPM_SESSION_IDLE,
        ).first()
        if self._row is None:
            self._session_key = None
            return {}
        return self.decode(self._row.payload)

    def exists(self, session_key: str) -> bool:
        """Whether the key is taken."""
        return Session.objects.filter(key_hash=hash_key(session_key)).exists()

    def create(self) -> None:
        """A new key, and a row that begins now."""
        self._session_key = self._get_new_session_key()  # type: ignore[attr-defined]  # the stubs leave Django's inner parts out
        self._row = None
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Write the content; a session that was ended meanwhile stays ended."""
        if self.session_key is None:
            self.create()
            return
        content = self._get_session(no_load=must_create)  # type: ignore[attr-defined]  # the stubs leave Django's inner parts out
        values = {"payload": self.encode(content), "user_id": content.get(SESSION_KEY)}
        if must_create:
            self._insert(values)
        elif not Session.objects.filter(key_hash=hash_key(self.session_key)).update(**values):
            raise UpdateError

    def _insert(self, values: dict[str, Any]) -> None:
        now = timezone.now()
        self._row = Session(
            key_hash=hash_key(self.session_key or ""),
            log_reference=reference(""),
            started_at=now,
            seen_at=now,
            expires_at=now + settings.KPM_SESSION_LENGTH,
            **values,
        )
        try:
            with transaction.atomic():
                self._row.save(force_insert=True)
        except IntegrityError:
            raise CreateError from None

    def touch(self) -> None:
        """Start the idle clock again; called once for every request of a person."""
        now = timezone.now()
        if self._row is not None and self._row.seen_at < now - IDLE_STEP:
            Session.objects.filter(key_hash=self._row.key_hash).update(seen_at=now)

    def delete(self, session_key: str | None = None) -> None:
        """End the session with this key, or this one."""
        key = session_key or self.session_key
        if key is not None:
            Session.objects.filter(key_hash=hash_key(key)).delete()
        if session_key is None:
            self._row = None

    @classmethod
    def clear_expired(cls) -> None:
        """Remove the rows of sessions that can no longer be used."""
        now = timezone.now()
        Session.objects.filter(expires_at__lte=now).delete()
        Session.objects.filter(seen_at__lte=now - settings.KPM_SESSION_IDLE).delete()
