"""Every view declares who may use it; a site whose log nobody could verify does not start."""

import importlib

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import include, path
from django.utils import timezone

from audit import actions, log
from kpm import checks, pdf, replay_log
from kpm.database import readiness
from kpm.management.commands import work
from kpm.permissions import public
from tests.conftest import RealCommits


@public
def door(request):
    return HttpResponse()


def forgotten(request):
    return HttpResponse()


class Inner:
    urlpatterns = [path("door/", door), path("<str:name>/forgotten/", forgotten)]


class Outer:
    urlpatterns = [path("house/", include(Inner.urlpatterns)), path("", door)]


def test_every_view_of_the_site_declares_its_access():
    assert checks.check_every_view_declares_access() == []


def test_a_forgotten_view_is_found_below_an_include(settings):
    settings.ROOT_URLCONF = Outer
    [error] = checks.check_every_view_declares_access()
    assert error.id == "kpm.E001"
    assert "house/<str:name>/forgotten/" in error.msg


def test_the_walker_sees_every_route():
    routes = [route for route, _view in checks.walk(Outer.urlpatterns)]
    assert routes == ["house/door/", "house/<str:name>/forgotten/", ""]


def test_what_documents_lack_is_said_at_the_start(monkeypatch):
    assert checks.check_documents_can_be_made() == []
    monkeypatch.setattr(pdf, "FAMILIES", ("No Such Font",))
    [error] = checks.check_documents_can_be_made()
    assert error.id == "kpm.E002"
    assert "apt-get install" in error.msg


def test_a_site_whose_log_has_no_key_does_not_start(
    real_commits: RealCommits, settings, monkeypatch
):
    # A server of the tests is not set as a site has to set it.
    monkeypatch.setattr(readiness, "problems", list)
    wsgi = importlib.import_module("kpm.wsgi")
    assert checks.check_the_log_is_signed(databases=["default"]) == []
    settings.KPM_DEMO = False
    assert checks.check_the_log_is_signed() == checks.check_the_log_is_signed(databases=[]) == []
    [error] = checks.check_the_log_is_signed(databases=["default"])
    assert (error.id, "manage.py create_keys" in error.msg) == ("kpm.E003", True)
    monkeypatch.setattr(work, "refuse_unless_ready", lambda: None)
    with pytest.raises(ImproperlyConfigured, match="The log has no key"):
        call_command("work", "--once")
    with pytest.raises(ImproperlyConfigured, match="The log has no key"):
        importlib.reload(wsgi)
    actions.start_key(by=log.System("keys"), now=timezone.now())
    assert checks.check_the_log_is_signed(databases=["default"]) == []
    importlib.reload(wsgi)


def test_the_replay_log_lies_outside_the_data_and_can_be_written(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path / "data"
    settings.KPM_REPLAY_LOG = tmp_path / "outside" / "replay.log"
    assert checks.check_replay_log_lies_outside() == []
    settings.KPM_REPLAY_LOG = tmp_path / "replay.log"
    assert checks.check_replay_log_lies_outside() == []
    monkeypatch.setattr(replay_log.os, "access", lambda _path, _mode: False)
    [error] = checks.check_replay_log_lies_outside()
    assert error.id == "kpm.E004"
    assert "cannot be written" in error.msg
    settings.KPM_REPLAY_LOG = tmp_path / "data" / "replay.log"
    found = checks.check_replay_log_lies_outside()
    assert [error.id for error in found] == ["kpm.E004", "kpm.E004"]
    assert "lies in the data directory" in found[0].msg
