"""Checks a name and a password, with the same effort whether the account exists or not."""

from typing import Any
from uuid import UUID

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from audit import findings
from kpm.accounts.models import User, normalise_username


class PasswordBackend(BaseBackend):
    """The first step of signing in."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **rest: Any,
    ) -> User | None:
        """The account, if name and password agree and it may sign in; never why not."""
        if username is None or password is None:
            return None
        user = User.objects.filter(username=normalise_username(username)).first()
        if user is None:
            # Work as long as for an account that exists, so that time tells nothing.
            make_password(password)
            return None
        # An account without a usable password costs the same: Django hashes something else.
        is_right = user.check_password(password)
        return user if is_right and user.is_active else None

    def get_user(self, user_id: UUID | str) -> User | None:
        """The account of a session, unless it may no longer sign in."""
        users = User.objects.annotate(is_asked=findings.waiting())
        try:
            return users.filter(pk=user_id, is_active=True).first()
        except ValidationError:
            return None
