"""What a password must not lean on, and the one-time passwords that the system makes."""

import re
import secrets
import unicodedata

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kpm.accounts.models import User
from kpm.ids import CROCKFORD

LONGEST = 128
# Words that somebody who knows this place would try first.
CONTEXT_WORDS = (
    "kpm",
    "zhongdian",
    "renqun",
    "shegong",
    "dudao",
    "shequ",
    "minzheng",
    "sifa",
    "jiedao",
    "password",
    "passwort",
    "mima",
    "welcome",
    "huanying",
    "qwerty",
    "asdf",
    "admin",
    "letmein",
    "changeme",
    "iloveyou",
    "woaini",
    "zhongguo",
    "china",
    "spring",
    "summer",
    "autumn",
    "winter",
    "重点人群",
    "分级服务",
    "管理系统",
    "社工",
    "督导",
    "社区",
    "民政",
    "司法",
    "街道",
    "密码",
    "欢迎",
)
# What is left after these are taken away has to carry the password.
LEAST_LEFT = 8


class LengthValidator(MinimumLengthValidator):
    """Django's rule, in a sentence that our catalogue has."""

    def get_error_message(self) -> str:
        """What is wrong, in words."""
        return _("A password has at least %(count)s characters.") % {"count": self.min_length}

    def get_help_text(self) -> str:
        """The rule, in words."""
        return self.get_error_message()


class ContextWordsValidator:
    """Refuses a password that is little more than words of this place, names and a number."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Take away the words and the digits around them, and see what is left."""
        left = unicodedata.normalize("NFKC", password).casefold()
        words = [*CONTEXT_WORDS, *_names(user)]
        found = False
        for word in sorted(words, key=len, reverse=True):
            if word in left:
                found, left = True, left.replace(word, "")
        if found and len(re.sub(r"[\d\W_]", "", left)) < LEAST_LEFT:
            raise ValidationError(
                _("This password is made of words that others would guess here."),
                code="password_context_words",
            )

    def get_help_text(self) -> str:
        """What to avoid, in words."""
        return _("Do not build it from the name of this system, your unit or your own name.")


def _names(user: User | None) -> list[str]:
    if user is None:
        return []
    names = [user.username, user.name, user.unit.name if user.unit else ""]
    return [name.casefold() for name in names if len(name) > 1]


def one_time_password() -> str:
    """A password for the first sign-in: 80 random bits, easy to read from paper and to type."""
    characters = "".join(secrets.choice(CROCKFORD) for _ in range(16)).lower()
    return "-".join(characters[start : start + 4] for start in range(0, 16, 4))
