"""The auditor's pages."""

from django.urls import path

from audit import views

app_name = "audit"

urlpatterns = [
    path("log/", views.list_events, name="list_events"),
    path("log/details/", views.erase_detail, name="erase_detail"),
    path("log/verification/", views.verify_log, name="verify_log"),
]
