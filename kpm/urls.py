"""The whole site at a glance, one line per app."""

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import module_has_submodule

from kpm import views

handler400 = views.bad_request
handler403 = views.permission_denied
handler404 = views.page_not_found
handler500 = views.server_error

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("health/", views.health, name="health"),
    path("language/", views.set_language, name="set_language"),
    path("", include("kpm.accounts.urls")),
]
for label in ("audit", "casework", "jobs"):
    if apps.is_installed(f"kpm.{label}") or apps.is_installed(label):
        config = apps.get_app_config(label)
        if module_has_submodule(config.module, "urls"):
            urlpatterns.append(path("", include(f"{config.name}.urls")))
