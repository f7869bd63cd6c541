"""Changing vault, search and root keys in the background, a batch at a time."""

from django.utils.translation import gettext_lazy

from kpm.custody import actions
from kpm.custody.kinds import Kind
from kpm.errors import Refused
from kpm.jobs.registers import GiveUp, Run, handles
from kpm.vault import rotations
from kpm.vault.errors import KeysUnavailable

ROUNDS = 3


@handles(Kind.VAULT.job, gettext_lazy("Change the vault key"))
def change_vault_key(run: Run) -> None:
    """Every key under a new vault key, then the old one destroyed."""
    with run.step():
        # Made once: what a run that was cut off has made is taken up again.
        version = run.checkpoint.get("version") or rotations.renew_vault_key()
        run.advance(done=0, total=run.done, checkpoint={"version": version})
    progress = rotations.Progress(0, 0)
    for last in range(ROUNDS):
        for progress in rotations.rewrap():
            with run.step():
                run.advance(done=progress.done, total=progress.total)
        try:
            rotations.retire_vault_keys()
        except KeysUnavailable:
            # Somebody had just added one under the old key, or it does not open at all.
            if last == ROUNDS - 1:
                raise GiveUp("keys_left") from None
        else:
            break
    with run.step():
        actions.record_finished(Kind.VAULT, count=progress.total)
        run.advance(done=progress.total, total=progress.total)


@handles(Kind.SEARCH.job, gettext_lazy("Change the search keys"))
def change_search_keys(run: Run) -> None:
    """Every scope sealed under a new key, one after the other."""
    scopes = rotations.search_scopes()
    after = run.checkpoint.get("after", "")
    for number, scope in enumerate(scopes, start=1):
        if scope <= after:
            continue
        with run.step():
            pass  # the place where the worker may be asked to end
        # Not inside a step: its two databases commit in an order of their own.
        rotations.reseal(scope, always_new=False)
        with run.step():
            run.advance(done=number, total=len(scopes), checkpoint={"after": scope})
    with run.step():
        actions.record_finished(Kind.SEARCH, count=len(scopes))
        run.advance(done=len(scopes), total=len(scopes))


@handles(Kind.ROOT.job, gettext_lazy("Change the root key"))
def change_root_key(run: Run) -> None:
    """Every vault key under a new root key."""
    with run.step():
        run.advance(done=0, total=1)
    try:
        actions.change_root(by=actions.BY)
    except Refused:
        raise GiveUp("root_key") from None
    with run.step():
        run.advance(done=1, total=1)
