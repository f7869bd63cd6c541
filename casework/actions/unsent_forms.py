"""Forms that were begun: kept while somebody types, gone once they are sent or thrown away."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction

from audit import log
from audit.events import Event
from casework import unsent_rules as rules
from casework.actions.assignments import locked
from casework.models import CaseFile, UnsentForm
from casework.models.unsent_forms import FormKind, UnsentFormQuerySet, slug_of
from kpm.accounts.models import User


@dataclass(frozen=True)
class Draft:
    """One form of one page: which it is, which page it stands on, and what that began with."""

    case_file: CaseFile
    kind: FormKind
    place: str = ""
    window: str = ""
    goes_on: str = ""

    @property
    def slug(self) -> str:
        """How an address calls it."""
        return slug_of(self.kind, self.place)

    def of(self, user: User) -> UnsentFormQuerySet:
        """What this person has begun of it."""
        rows = UnsentForm.objects.of(self.case_file, user)
        return rows.filter(form=self.kind, place=self.place)

    def sending(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """The action that a form calls; what was kept of the form goes with it, or stays with it.

        What another page has kept since stays: nobody has seen it sent.
        """

        @wraps(act)
        def sent(*, by: User, **values: Any) -> Any:
            with transaction.atomic():
                result = act(by=by, **values)
                kept = self.of(by).select_for_update().defer("body").first()
                if kept is not None and rules.is_of_window(kept, self.window, self.goes_on):
                    kept.delete()
                return result

        return sent


def keep(
    *, draft: Draft, values: Mapping[str, Sequence[str]], by: User, now: datetime
) -> UnsentForm:
    """Keep what stands in a form now, in place of what stood there before."""
    rules.check_values_fit(values)
    try:
        return _keep(draft, values, by, now)
    except IntegrityError:
        # Two windows began the same form at one moment: the later one goes on with it.
        return _keep(draft, values, by, now)


@transaction.atomic
def _keep(draft: Draft, values: Mapping[str, Sequence[str]], by: User, now: datetime) -> UnsentForm:
    case_file = locked(draft.case_file)
    rules.check_can_keep_form(by, case_file, draft.kind)
    kept = draft.of(by).select_for_update().first()
    rules.check_goes_on(kept, draft.window, draft.goes_on)
    is_new = kept is None
    if kept is None:
        rules.check_is_room(UnsentForm.objects.of(case_file, by).count())
        kept = UnsentForm(
            key_owner=case_file.id,
            case_file=case_file,
            district=case_file.district,
            worker=by,
            form=draft.kind,
            place=draft.place,
        )
    kept.kept_at = now
    kept.window = draft.window
    kept.values = {name: list(each) for name, each in values.items()}
    kept.save()
    if is_new:
        # That it was begun; neither which form, nor every word.
        log.record(Event.UNSENT_FORM_KEPT, by=by, target=case_file)
    return kept


@transaction.atomic
def discard(*, draft: Draft, by: User) -> bool:
    """Throw away what the page shows or has kept; whether it did. What is newer stays."""
    case_file = locked(draft.case_file)
    kept = draft.of(by).select_for_update().defer("body").first()
    if kept is None or not rules.is_of_window(kept, draft.window, draft.goes_on):
        return False
    kept.delete()
    log.record(Event.UNSENT_FORM_DISCARDED, by=by, target=case_file)
    return True


def remove_forgotten(now: datetime) -> int:
    """What nobody has gone on with in a month; how many there were."""
    gone, _rows = UnsentForm.objects.forgotten(now).delete()
    return gone
