"""The address of the jobs page."""

from django.urls import path

from kpm.jobs import views

app_name = "jobs"

urlpatterns = [path("jobs/", views.list_jobs, name="list_jobs")]
