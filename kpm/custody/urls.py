"""The address of the keys page."""

from django.urls import path

from kpm.custody import views

app_name = "custody"

urlpatterns = [path("keys/", views.show_keys, name="show_keys")]
