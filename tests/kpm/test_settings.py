"""A site that is not the demo starts only with what makes it safe, and says what is missing."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    signing = tmp_path / "secret.key"
    signing.write_text(secrets.token_urlsafe(64), encoding="ascii")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KPM_")}
    return kept | {
        "KPM_HOSTS": "kpm.example.org",
        "KPM_DATA_DIR": str(tmp_path),
        "KPM_ROOT_KEY_FILE": str(tmp_path / "root.key"),
        "KPM_SECRET_KEY_FILE": str(signing),
        "KPM_TRUSTED_PROXIES": "127.0.0.1 10.1.0.0/24 ::1 unix",
    }


def started(environment: dict[str, str]) -> str:
    """What the settings say of themselves, or of what is missing."""
    look = "from kpm import settings as s; print(s.KPM_TRUSTED_PROXIES, s.SECURE_SSL_REDIRECT)"
    done = subprocess.run(
        [sys.executable, "-c", look], env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_site_believes_the_proxies_that_it_names(environment: dict[str, str]) -> None:
    assert started(environment) == "['127.0.0.1', '10.1.0.0/24', '::1', 'unix'] True\n"


def test_the_demo_believes_no_proxy_and_needs_none(environment: dict[str, str]) -> None:
    demo = environment | {"KPM_DEMO": "1", "KPM_TRUSTED_PROXIES": "127.0.0.1"}
    assert started(demo) == "[] False\n"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("KPM_TRUSTED_PROXIES", "", "KPM_TRUSTED_PROXIES is not set: the addresses of the proxy"),
        ("KPM_TRUSTED_PROXIES", "nginx", "'nginx' is neither an address nor a network"),
        ("KPM_TRUSTED_PROXIES", "10.0.0.1/8", "'10.0.0.1/8' is neither an address nor a network"),
        ("KPM_TRUSTED_PROXIES", "127.0.0.1 0.0.0.0/0", "0.0.0.0/0 would believe everybody"),
        ("KPM_TRUSTED_PROXIES", "::/0", "::/0 would believe everybody"),
        ("KPM_HOSTS", "", "KPM_HOSTS is not set"),
        ("KPM_ROOT_KEY_FILE", "", "KPM_ROOT_KEY_FILE is not set"),
        ("KPM_MAIL_DOMAIN", "example.org", "KPM_MAIL_DOMAIN is set, and KPM_MAIL_HOST is not"),
        ("KPM_MAIL_PASSWORD_FILE", "/nowhere/else", "KPM_MAIL_PASSWORD_FILE: cannot be read"),
    ],
)
def test_the_start_stops_in_words(
    environment: dict[str, str], name: str, value: str, said: str
) -> None:
    words = started(environment | {name: value})
    assert "ImproperlyConfigured" in words
    assert said in words


@pytest.mark.parametrize(("port", "flags"), [("587", "True False"), ("465", "False True")])
def test_mail_never_leaves_without_tls(
    environment: dict[str, str], tmp_path: Path, port: str, flags: str
) -> None:
    password = tmp_path / "mail.password"
    password.write_text("jade-river\n", encoding="utf-8")
    look = (
        "from kpm import settings as s; print(s.EMAIL_USE_TLS, s.EMAIL_USE_SSL, "
        "s.EMAIL_HOST_PASSWORD, s.EMAIL_BACKEND.split('.')[-2], s.DEFAULT_FROM_EMAIL)"
    )
    mail = {
        "KPM_MAIL_DOMAIN": "example.org",
        "KPM_MAIL_HOST": "mail.example.org",
        "KPM_MAIL_PORT": port,
        "KPM_MAIL_PASSWORD_FILE": str(password),
    }
    done = subprocess.run(
        [sys.executable, "-c", look],
        env=environment | mail,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{flags} jade-river smtp kpm@kpm.example.org\n"
