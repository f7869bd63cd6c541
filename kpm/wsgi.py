"""The door for a WSGI server; it stays shut while a database or the log is not fit to serve."""

import os

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kpm.settings")
application = get_wsgi_application()

from audit.signers import refuse_without_key  # noqa: E402 Django must be set up first
from kpm.children import keep_no_core  # noqa: E402 Django must be set up first
from kpm.database.readiness import refuse_unless_ready  # noqa: E402 Django must be set up first
from kpm.vault.ciphers import check_suite  # noqa: E402 Django must be set up first

keep_no_core()
refuse_unless_ready()
refuse_without_key()
if found := check_suite():
    raise ImproperlyConfigured(found[0].msg)
