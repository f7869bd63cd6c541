"""Addresses of signing in, one's own account, accounts, units and roles."""

from django.urls import path, register_converter

from kpm.accounts import views


class ReferenceConverter:
    """The random name of an account or a grant, such as u:Z7CaZz_f-KKXe98vipH3JA."""

    regex = "[usg]:[A-Za-z0-9_-]{1,40}"

    def to_python(self, value: str) -> str:
        """The name as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The same."""
        return value


register_converter(ReferenceConverter, "reference")

app_name = "accounts"

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("password/", views.change_password, name="change_password"),
    path("me/", views.view_own_record, name="view_own_record"),
    path("accounts/", views.list_accounts, name="list_accounts"),
    path("accounts/new/", views.open_account, name="open_account"),
    path("accounts/<reference:reference>/password/", views.issue_password, name="issue_password"),
    path("accounts/<reference:reference>/close/", views.close_account, name="close_account"),
    path("accounts/<reference:reference>/reopen/", views.reopen_account, name="reopen_account"),
    path("units/", views.list_units, name="list_units"),
    path("units/new/", views.open_unit, name="open_unit"),
    path("grants/", views.list_grants, name="list_grants"),
    path("grants/new/", views.grant_role, name="grant_role"),
    path("grants/<reference:reference>/end/", views.end_grant, name="end_grant"),
]
