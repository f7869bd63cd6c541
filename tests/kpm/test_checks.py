"""Every view declares who may use it."""

from django.http import HttpResponse
from django.urls import include, path

from kpm import checks, pdf, replay_log
from kpm.permissions import public


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


def test_the_replay_log_lies_outside_the_data_and_can_be_written(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path / "data"
    settings.KPM_REPLAY_LOG = tmp_path / "outside" / "replay.log"
    assert checks.check_replay_log_lies_outside() == []
    settings.KPM_REPLAY_LOG = tmp_path / "replay.log"
    assert checks.check_replay_log_lies_outside() == []
    monkeypatch.setattr(replay_log.os, "access", lambda _path, _mode: False)
    [error] = checks.check_replay_log_lies_outside()
    assert error.id == "kpm.E003"
    assert "cannot be written" in error.msg
    settings.KPM_REPLAY_LOG = tmp_path / "data" / "replay.log"
    found = checks.check_replay_log_lies_outside()
    assert [error.id for error in found] == ["kpm.E003", "kpm.E003"]
    assert "lies in the data directory" in found[0].msg
