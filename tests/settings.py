"""Settings of the tests: the demo's, with databases, keys and files in a directory that goes."""

import atexit
import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

# One directory per run, one below it per worker. Whoever made it takes it away; workers of one
# run and child processes inherit its name.
if "KPM_TEST_DIR" not in os.environ:
    os.environ["KPM_TEST_DIR"] = tempfile.mkdtemp(prefix="kpm-test-")
    atexit.register(shutil.rmtree, os.environ["KPM_TEST_DIR"], ignore_errors=True)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
TEST_DIR = Path(os.environ["KPM_TEST_DIR"]) / WORKER
TEST_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
SIGNING_KEY = TEST_DIR / "secret.key"
if not SIGNING_KEY.exists():
    SIGNING_KEY.write_text(secrets.token_urlsafe(64), encoding="ascii")

os.environ |= {
    "KPM_DEMO": "1",
    "KPM_DATA_DIR": str(TEST_DIR),
    "KPM_ROOT_KEY_FILE": str(TEST_DIR / "root.key"),
    "KPM_SECRET_KEY_FILE": str(SIGNING_KEY),
    "KPM_REPLAY_LOG": str(TEST_DIR / "replay.log"),
    # Nothing of a site that is configured on this machine reaches the tests.
    "KPM_DATABASE": "",
    "KPM_FILES_DIR": "",
}

from kpm.settings import *  # noqa: E402, F403 the places above must be known first
from kpm.settings import DATABASES, INSTALLED_APPS  # noqa: E402 as above

INSTALLED_APPS += ["tests.sealed"]
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
STORAGES = {
    # Pages name static files by their plain names: nothing needs collecting before a test.
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = TEST_DIR / "static"
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

ALIASES = ("default", "keys")
IS_POSTGRESQL = os.environ.get("KPM_TEST_DATABASE", "sqlite") == "postgresql"
# The owner makes and migrates test databases; every test is connected as the runtime role.
OWNER = os.environ.get("KPM_TEST_OWNER", "kpm_owner")
ROLES = {
    "default": "kpm_app",
    "keys": "kpm_app",
    "sequencer": "kpm_sequencer",
    "auditor": "kpm_auditor",
}
if IS_POSTGRESQL:
    # Each process of a run has a server of its own, if there are several.
    ports = os.environ["KPM_TEST_PORTS"].split()
    port = ports[int(re.sub(r"\D", "", WORKER) or 0) % len(ports)]
    for alias, role in ROLES.items():
        DATABASES[alias] = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": os.environ["KPM_TEST_HOST"],
            "PORT": port,
            "USER": role,
            "TEST": {} if alias in ALIASES else {"MIRROR": "default"},
        }
# A child process of a test is told by these which databases the test works on.
for alias in DATABASES:
    place = "keys" if alias == "keys" else "default"
    name = f"kpm_test_{place}_{WORKER}_{Path(os.environ['KPM_TEST_DIR']).name[-8:]}".lower()
    DATABASES[alias]["NAME"] = os.environ.get(f"KPM_TEST_NAME_{place.upper()}") or (
        name if IS_POSTGRESQL else str(TEST_DIR / f"{place}.sqlite3")
    )
# Tests read the English source texts; those about Chinese pages choose it, as a person would.
LANGUAGE_CODE = "en"
