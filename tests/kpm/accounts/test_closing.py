"""Closing an account at once, and opening it again."""

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.events import Event
from audit.models import LoggedEvent
from kpm import replay_log
from kpm.accounts import actions, rules
from kpm.accounts.actions import system_account
from kpm.accounts.models import Session, User
from kpm.errors import Refused
from kpm.permissions import Role
from tests.factories import client_for, make_unit, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "three-words-in-a-row"


@pytest.fixture
def guardian():
    return make_user(Role.SECURITY_ADMINISTRATOR)


@pytest.fixture
def worker():
    return make_user(Role.SOCIAL_WORKER)


def page(name, user):
    return reverse(f"accounts:{name}", args=(user.log_reference,))


def test_whoever_uses_it_is_signed_out_at_once(guardian, worker):
    browser = client_for(worker)
    assert browser.get("/me/").status_code == 200
    answer = client_for(guardian).post(page("close_account", worker), follow=True)
    assert answer.redirect_chain == [("/accounts/", 302)]
    assert browser.get("/me/").status_code == 302
    assert not Session.objects.filter(user=worker).exists()
    assert not User.objects.get(pk=worker.pk).is_active
    [event] = LoggedEvent.objects.filter(event=Event.ACCOUNT_CLOSED)
    assert (event.actor, event.subject) == (guardian.log_reference, worker.log_reference)


def test_a_closed_account_does_not_sign_in_with_the_right_password(guardian, worker, client):
    worker.set_password(PASSWORD)
    worker.save_as(by=worker)
    actions.close_account(user=worker, by=guardian)
    sent = {"username": worker.username, "password": PASSWORD}
    answer = client.post("/sign-in/", sent)
    assert answer.status_code == 422
    assert "_auth_user_id" not in client.session


def test_it_is_opened_again_with_the_password_and_without_the_old_sessions(guardian, worker):
    browser = client_for(worker)
    actions.close_account(user=worker, by=guardian)
    answer = client_for(guardian).post(page("reopen_account", worker), follow=True)
    assert answer.status_code == 200
    again = User.objects.get(pk=worker.pk)
    assert again.is_active
    assert again.password == worker.password
    assert browser.get("/me/").status_code == 302
    assert LoggedEvent.objects.filter(event=Event.ACCOUNT_REOPENED).count() == 1


class TestWhileAPasswordIsLookedAt:
    """A look takes a tenth of a second, and in it the account may be closed."""

    @pytest.fixture(autouse=True)
    def _closed_meanwhile(self, guardian, worker, monkeypatch):
        worker.set_password(PASSWORD)
        worker.save_as(by=worker)
        look = User.check_password

        def slowly(user, password):
            found = look(user, password)
            monkeypatch.setattr(User, "check_password", look)
            actions.close_account(user=worker, by=guardian)
            return found

        self.start = lambda: monkeypatch.setattr(User, "check_password", slowly)

    def test_whoever_signs_in_stays_outside_and_the_account_closed(self, worker, client):
        self.start()
        answer = client.post("/sign-in/", {"username": worker.username, "password": PASSWORD})
        assert answer.status_code == 422
        assert not User.objects.get(pk=worker.pk).is_active
        assert not Session.objects.filter(user=worker).exists()
        assert LoggedEvent.objects.filter(event=Event.SESSION_REFUSED).count() == 1
        assert not LoggedEvent.objects.filter(event=Event.ACCOUNT_CLAIMED).exists()

    def test_whoever_changes_the_password_changes_nothing(self, guardian, worker):
        browser, chosen = client_for(worker), "seven quiet herons at dusk"
        self.start()
        browser.post("/password/", {"current": PASSWORD, "password": chosen, "again": chosen})
        assert not Session.objects.filter(user=worker).exists()
        assert not LoggedEvent.objects.filter(event=Event.PASSWORD_CHANGED).exists()
        again = actions.reopen_account(user=worker, by=guardian)
        assert again.check_password(PASSWORD)
        assert browser.get("/me/").status_code == 302


def test_no_restore_opens_a_closed_account_again(real_commits):
    guardian, worker = make_user(Role.SECURITY_ADMINISTRATOR), make_user()
    actions.close_account(user=worker, by=guardian)
    assert {"kind": replay_log.ACCOUNT_CLOSED, "account": worker.log_reference}.items() <= (
        list(replay_log.lines())[-1].items()
    )
    actions.reopen_account(user=worker, by=guardian)
    assert list(replay_log.lines())[-1]["kind"] == replay_log.ACCOUNT_REOPENED


class TestRefusals:
    def test_nobody_closes_their_own(self, guardian):
        with pytest.raises(Refused, match="their own account"):
            actions.close_account(user=guardian, by=guardian)
        answer = client_for(guardian).post(page("close_account", guardian))
        assert answer.status_code == 422
        assert User.objects.get(pk=guardian.pk).is_active

    def test_of_two_who_close_each_other_one_is_left(self, guardian):
        other = make_user(Role.SECURITY_ADMINISTRATOR)
        # The other one was signed in when this was closed, and goes on with what was read then.
        actions.close_account(user=User.objects.get(pk=other.pk), by=guardian)
        assert other.is_active
        with pytest.raises(Refused, match="closed meanwhile"):
            actions.close_account(user=guardian, by=other)
        assert User.objects.get(pk=guardian.pk).is_active

    def test_nobody_opens_their_own_again_in_the_moment_in_which_it_is_closed(self, guardian):
        other = make_user(Role.SECURITY_ADMINISTRATOR)
        actions.close_account(user=User.objects.get(pk=other.pk), by=guardian)
        with pytest.raises(Refused, match="closed meanwhile"):
            actions.reopen_account(user=other, by=other)
        assert not User.objects.get(pk=other.pk).is_active

    def test_what_is_closed_is_not_closed_again(self, guardian, worker):
        actions.close_account(user=worker, by=guardian)
        with pytest.raises(Refused, match="is closed"):
            actions.close_account(user=worker, by=guardian)
        assert LoggedEvent.objects.filter(event=Event.ACCOUNT_CLOSED).count() == 1

    def test_what_is_open_is_not_opened(self, guardian, worker):
        with pytest.raises(Refused, match="is open"):
            actions.reopen_account(user=worker, by=guardian)

    def test_parts_of_the_system_have_nothing_to_close(self, guardian):
        clock = system_account("clock")
        for check in (rules.check_can_close_account, rules.check_can_reopen_account):
            with pytest.raises(Refused, match="part of the system"):
                check(guardian, clock)
        assert client_for(guardian).post(page("close_account", clock)).status_code == 404

    @pytest.mark.parametrize("role", [each for each in Role if each != Role.SECURITY_ADMINISTRATOR])
    def test_nobody_else_closes_or_opens(self, role, worker):
        by = make_user(role)
        for act in (actions.close_account, actions.reopen_account):
            with pytest.raises(Refused, match="Your role"):
                act(user=worker, by=by)

    def test_the_list_offers_each_what_can_be_done(self, guardian, worker):
        closed = make_user(Role.SUPERVISOR)
        actions.close_account(user=closed, by=guardian)
        words = client_for(guardian).get("/accounts/").content.decode()
        assert page("close_account", worker) in words
        assert page("reopen_account", closed) in words
        assert page("close_account", guardian) not in words
        system = client_for(make_user(Role.SYSTEM_ADMINISTRATOR)).get("/accounts/")
        assert page("close_account", worker) not in system.content.decode()


def test_a_closed_account_is_granted_no_role(guardian, worker):
    newcomer = make_user(None)
    actions.close_account(user=newcomer, by=guardian)
    with pytest.raises(Refused, match="is closed"):
        actions.grant_role(
            user=newcomer,
            role=Role.SUPERVISOR,
            unit=make_unit("100122101000"),
            start_on=timezone.localdate(),
            by=guardian,
            today=timezone.localdate(),
        )
