"""All settings: safe by default; places differ by environment variables named KPM_*."""

import os
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

BASE_DIR = Path(__file__).resolve().parent.parent


def required(name: str, what: str) -> str:
    """A secret or place without which starting would be unsafe."""
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {what}. See deploy/env.example.")
    return value


def proxies(names: str) -> list[str]:
    """Who stands in front: addresses or networks, or the word unix for a socket of this machine."""
    for name in names.split():
        try:
            is_everybody = name != "unix" and ip_network(name).prefixlen == 0
        except ValueError:
            raise ImproperlyConfigured(
                f"KPM_TRUSTED_PROXIES: {name!r} is neither an address nor a network nor the "
                "word unix."
            ) from None
        if is_everybody:
            raise ImproperlyConfigured(f"KPM_TRUSTED_PROXIES: {name} would believe everybody.")
    return names.split()


def secret_in(name: str) -> str:
    """What stands in the file that a variable names; nothing where it names none."""
    path = os.environ.get(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except OSError as error:
        raise ImproperlyConfigured(f"{name}: cannot be read ({error.strerror}).") from None


# --- Where we are ---------------------------------------------------------------------------
# The demo invents its people, serves plain HTTP to this machine only and takes synthetic ID
# numbers. Nothing else differs.
KPM_DEMO = os.environ.get("KPM_DEMO") == "1"
DEBUG = False
KPM_SYNTHETIC_ID_NUMBERS = KPM_DEMO

DATA_DIR = Path(os.environ.get("KPM_DATA_DIR") or BASE_DIR / ".data")
# Attachments, sealed, under names that say nothing; part of every backup of the data.
KPM_FILES_DIR = Path(os.environ.get("KPM_FILES_DIR") or DATA_DIR / "files")
# The key that opens every other key: from a file, the environment, a program that prints it, or
# in a token that never gives it out.
KPM_KEY_PROVIDER = os.environ.get("KPM_KEY_PROVIDER", "file")
# Outside the data and its backups; the copy is written when the root key is changed.
KPM_ROOT_KEY_FILE = Path(
    os.environ.get("KPM_ROOT_KEY_FILE") or BASE_DIR / ".data-keys" / "root.key"
    if KPM_DEMO or KPM_KEY_PROVIDER != "file"
    else required("KPM_ROOT_KEY_FILE", "the file that holds the root key")
)
KPM_ROOT_KEY_COPY = os.environ.get("KPM_ROOT_KEY_COPY", "")
# Taken out of the environment: nothing that this process starts inherits it.
KPM_ROOT_KEY = os.environ.pop("KPM_ROOT_KEY", "")
KPM_ROOT_KEY_NEXT = os.environ.pop("KPM_ROOT_KEY_NEXT", "")
KPM_ROOT_KEY_COMMAND = os.environ.get("KPM_ROOT_KEY_COMMAND", "")
KPM_ROOT_KEY_NEXT_COMMAND = os.environ.get("KPM_ROOT_KEY_NEXT_COMMAND", "")
KPM_ROOT_KEY_SECONDS = 15
# A PKCS#11 token: the library that speaks to it, its label, its PIN (mode 0400), the key in it.
KPM_PKCS11_MODULE = os.environ.get("KPM_PKCS11_MODULE", "")
KPM_PKCS11_TOKEN = os.environ.get("KPM_PKCS11_TOKEN", "")
KPM_PKCS11_PIN_FILE = os.environ.get("KPM_PKCS11_PIN_FILE", "")
KPM_PKCS11_KEY = os.environ.get("KPM_PKCS11_KEY", "kpm-root")
# 1 AES-256-GCM, 2 AES-256-GCM-SIV, 3 ChaCha20-Poly1305, 11 SM4-GCM with HMAC-SM3; in hexadecimal.
KPM_VAULT_SUITE = int(os.environ.get("KPM_VAULT_SUITE", "1"), 16)
# How long backups of the keys are kept: a destruction is complete when the last one is gone.
KPM_KEY_BUNDLE_DAYS = int(os.environ.get("KPM_KEY_BUNDLE_DAYS", "30"))
# What ended since any backup: read when one is restored, so it lies outside the data and the keys.
KPM_REPLAY_LOG = Path(os.environ.get("KPM_REPLAY_LOG") or KPM_ROOT_KEY_FILE.with_name("replay.log"))
SECRET_KEY_FILE = Path(
    os.environ.get("KPM_SECRET_KEY_FILE") or BASE_DIR / ".data-keys" / "secret.key"
    if KPM_DEMO
    else required("KPM_SECRET_KEY_FILE", "the file that holds the key that signs forms")
)
# Signs cookies and form tokens; no key of the vault is derived from it.
try:
    SECRET_KEY = SECRET_KEY_FILE.read_text(encoding="ascii").strip()
except OSError as error:
    raise ImproperlyConfigured(
        f"The signing key file {SECRET_KEY_FILE.name} cannot be read ({error.strerror}). "
        "Make it with: python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
    ) from None
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("The signing key is shorter than 50 characters.")

ALLOWED_HOSTS = (
    ["127.0.0.1", "localhost"]
    if KPM_DEMO
    else required("KPM_HOSTS", "the host names that this site answers to").split()
)
# Signed checkpoints and links name this site.
KPM_SITE_NAME = os.environ.get("KPM_SITE_NAME", ALLOWED_HOSTS[0])

# Who else sees the roots of the access log: a directory that somebody else keeps, and witnesses
# (address and vkey in turn).
KPM_WITNESS_DIR = os.environ.get("KPM_WITNESS_DIR", "")
KPM_WITNESSES = os.environ.get("KPM_WITNESSES", "").split()
# An authority for time stamps (RFC 3161) and the file with its certificates; off without.
KPM_TIMESTAMP_ADDRESS = os.environ.get("KPM_TIMESTAMP_ADDRESS", "")
KPM_TIMESTAMP_CHAIN = os.environ.get("KPM_TIMESTAMP_CHAIN", "")

# --- What is installed ----------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "simple_history",
    "kpm",
    "kpm.vault",
    "kpm.jobs",
    "audit",
    "kpm.accounts",
    "kpm.custody",
    "risk_levels",
    "casework",
]
MIDDLEWARE = [
    "kpm.middleware.SecurityHeadersMiddleware",
    "kpm.middleware.WireMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kpm.middleware.AuditMiddleware",
    "kpm.middleware.SessionMiddleware",
    "kpm.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "kpm.middleware.AccessMiddleware",
]
ROOT_URLCONF = "kpm.urls"
WSGI_APPLICATION = "kpm.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kpm.context_processors.site",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
FORM_RENDERER = "kpm.forms.Renderer"

# --- Databases ------------------------------------------------------------------------------
# `default` holds everything but keys; `keys` holds wrapped keys and is backed up apart;
# `auditor` is a second, read-only door to `default` that sees audit_* only, `sequencer` a third
# through which alone the tree of the log grows.
DATABASE_ROUTERS = ["kpm.database.routers.KeysRouter"]
# The roles on PostgreSQL: the owner migrates, the runtime role serves, the sequencer extends the
# tree of the log, the auditor reads it.
KPM_RUNTIME_ROLE = os.environ.get("KPM_RUNTIME_ROLE", "kpm_app")
KPM_SEQUENCER_ROLE = os.environ.get("KPM_SEQUENCER_ROLE", "kpm_sequencer")
KPM_AUDITOR_ROLE = os.environ.get("KPM_AUDITOR_ROLE", "kpm_auditor")


def postgresql(conninfo: str, **options: Any) -> dict[str, Any]:
    """One PostgreSQL database from a libpq connection string."""
    parts = conninfo_to_dict(conninfo)
    names = {"dbname": "NAME"} | {
        name: name.upper() for name in ("user", "password", "host", "port")
    }
    settings: dict[str, Any] = {"ENGINE": "django.db.backends.postgresql"}
    settings |= {names[key]: value for key, value in parts.items() if key in names}
    rest = {key: value for key, value in parts.items() if key not in names}
    pool = {"min_size": 1, "max_size": 8, "timeout": 5}
    settings["OPTIONS"] = {**rest, "pool": pool, **options}
    return settings


def sqlite(name: str, **options: Any) -> dict[str, Any]:
    """One embedded SQLite database; its safety settings live in kpm.database.sqlite."""
    return {"ENGINE": "kpm.database.sqlite", "NAME": DATA_DIR / name, "OPTIONS": options}


KPM_DATABASE = os.environ.get("KPM_DATABASE", "")
if KPM_DATABASE:
    DATABASES = {
        "default": postgresql(KPM_DATABASE),
        "keys": postgresql(required("KPM_KEYS_DATABASE", "the connection of the keys database")),
        "auditor": postgresql(
            required("KPM_AUDITOR_DATABASE", "the auditor's connection to the database")
        ),
    }
    # Only where the log is sequenced and its keys are made: whoever serves pages has no such door.
    if sequencer := os.environ.get("KPM_SEQUENCER_DATABASE", ""):
        DATABASES["sequencer"] = postgresql(sequencer)
else:
    DATABASES = {
        "default": sqlite("kpm.sqlite3"),
        "keys": sqlite("keys.sqlite3"),
        "auditor": sqlite("kpm.sqlite3", read_only=True),
        "sequencer": sqlite("kpm.sqlite3", sequencer=True),
    }
# Backups are made and restored by a role that may read and make every table: the owner.
KPM_OWNER_DATABASE = os.environ.get("KPM_OWNER_DATABASE", "")
KPM_OWNER_KEYS_DATABASE = os.environ.get("KPM_OWNER_KEYS_DATABASE", "")
for door in DATABASES.keys() & {"auditor", "sequencer"}:
    DATABASES[door]["TEST"] = {"MIRROR": "default"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People and sessions --------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["kpm.accounts.backends.PasswordBackend"]
PASSWORD_HASHERS = ["kpm.accounts.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "kpm.accounts.passwords.LengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {"NAME": "kpm.accounts.passwords.ContextWordsValidator"},
]
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home"
SESSION_ENGINE = "kpm.accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "kpm_session" if KPM_DEMO else "__Host-kpm_session"
SESSION_COOKIE_SECURE = not KPM_DEMO
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_HTTPONLY = True
KPM_SESSION_IDLE = timedelta(minutes=15)
KPM_SESSION_LENGTH = timedelta(hours=10)
SESSION_COOKIE_AGE = int(KPM_SESSION_LENGTH.total_seconds())
CSRF_COOKIE_NAME = "kpm_csrf" if KPM_DEMO else "__Host-kpm_csrf"
CSRF_COOKIE_SECURE = not KPM_DEMO
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "kpm.views.csrf_refused"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- The wire -------------------------------------------------------------------------------
# Whose word counts about where a request came from, and that it came by TLS (kpm.middleware).
KPM_TRUSTED_PROXIES = proxies(
    ""
    if KPM_DEMO
    else required("KPM_TRUSTED_PROXIES", "the addresses of the proxy that ends TLS in front")
)
SECURE_SSL_REDIRECT = not KPM_DEMO
SECURE_PROXY_SSL_HEADER = None if KPM_DEMO else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if KPM_DEMO else 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Nothing uploaded touches the disk in clear: it is sealed as it arrives, under a hard cap.
FILE_UPLOAD_HANDLERS = ["kpm.uploads.SealingUploadHandler"]
# No form sends more than one.
DATA_UPLOAD_MAX_NUMBER_FILES = 4
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("KPM_STATIC_DIR") or BASE_DIR / ".staticfiles")
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Language and time ----------------------------------------------------------------------
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "kpm_language"
LANGUAGE_COOKIE_SECURE = not KPM_DEMO
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Strict"
LOCALE_PATHS = [BASE_DIR / "kpm" / "locale"]
USE_THOUSAND_SEPARATOR = False

# --- History and mail -----------------------------------------------------------------------
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
SIMPLE_HISTORY_DATE_INDEX = "composite"
SIMPLE_HISTORY_REVERT_DISABLED = True
# Digests go to user names in this domain, by this server; without a domain nobody gets any.
KPM_MAIL_DOMAIN = os.environ.get("KPM_MAIL_DOMAIN", "")
EMAIL_HOST = os.environ.get("KPM_MAIL_HOST", "")
if KPM_MAIL_DOMAIN and not EMAIL_HOST and not KPM_DEMO:
    raise ImproperlyConfigured("KPM_MAIL_DOMAIN is set, and KPM_MAIL_HOST is not.")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_PORT = int(os.environ.get("KPM_MAIL_PORT", "587"))
# One of the two: TLS from the first byte, or STARTTLS. Never neither.
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = not EMAIL_USE_SSL
EMAIL_TIMEOUT = 20
EMAIL_HOST_USER = os.environ.get("KPM_MAIL_USER", "")
EMAIL_HOST_PASSWORD = secret_in("KPM_MAIL_PASSWORD_FILE")
DEFAULT_FROM_EMAIL = os.environ.get("KPM_MAIL_FROM", f"kpm@{KPM_SITE_NAME}")

# --- Process logs: no names, no numbers, no bodies ------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "kpm": {"level": "INFO"},
        # Django adds paths and parameters of the request to these; our own pages say enough.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
    },
}
# W002 misses Django's own X-Frame-Options; kpm.middleware sends it with all our headers.
SILENCED_SYSTEM_CHECKS = ["security.W002"]
