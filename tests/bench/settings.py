"""Settings of the benchmarks: those of the tests, and the packages that KPM is measured beside."""

from tink import aead, json_proto_keyset_format, new_keyset_handle, secret_key_access

from tests.settings import *  # noqa: F403 the same site
from tests.settings import INSTALLED_APPS, TEST_DIR

INSTALLED_APPS += ["auditlog", "tests.bench.peers"]

# django-fernet-encrypted-fields
SALT_KEY = "invented for the benchmarks"

# django-tink-fields
aead.register()
_keyset = TEST_DIR / "tink.json"
_keyset.write_text(
    json_proto_keyset_format.serialize(
        new_keyset_handle(aead.aead_key_templates.AES256_GCM), secret_key_access.TOKEN
    ),
    encoding="utf-8",
)
TINK_FIELDS_CONFIG = {"default": {"path": str(_keyset), "cleartext": True}}
