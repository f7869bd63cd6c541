"""The whole site at a glance, one line per app."""

from django.urls import URLPattern, URLResolver, include, path

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
    path("", include("audit.urls")),
    path("", include("casework.urls")),
    path("", include("kpm.jobs.urls")),
    path("", include("kpm.custody.urls")),
]
