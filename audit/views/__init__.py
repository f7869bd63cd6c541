"""The auditor's pages, one module for each noun."""

from typing import Any

from django.http import HttpRequest


class AuditorRequest(HttpRequest):
    """A request by somebody who is signed in."""

    user: Any
