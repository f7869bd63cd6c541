"""The keys page of the system administrator: how they stand, and buttons that change them."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from kpm.accounts.models import SignedInRequest
from kpm.custody import actions
from kpm.custody.forms import ChangeKeysForm
from kpm.custody.states import state
from kpm.forms import status
from kpm.permissions import Permission, requires


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.CHANGE_KEYS)
def show_keys(request: SignedInRequest) -> HttpResponse:
    """Versions and counts; changing is asked for here and done in the background."""
    form = ChangeKeysForm.from_request(request)
    if form.run(actions.change, by=request.user):
        messages.success(request, _("New keys take over in the background."))
        return redirect("custody:show_keys")
    return render(
        request, "custody/show_keys.html", {"form": form, "state": state()}, status=status(form)
    )
