"""Forms that were begun: kept while somebody types, gone once they are sent or thrown away."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import IntegrityError, transaction

from audit import log
from audit.events import Event
from casework import unsent_rules as rules
from casework.actions.assignments import locked
from casework.models import CaseFile, UnsentForm
from kpm.accounts.models import User


def keep(
    *, case_file: CaseFile, form: str, values: Mapping[str, Sequence[str]], by: User, now: datetime
) -> UnsentForm:
    """Keep what stands in a form now, in place of what stood there before."""
    rules.check_values_fit(values)
    try:
        return _keep(case_file, form, values, by, now)
    except IntegrityError:
        # Two windows began the same form at one moment: the later one goes on with it.
        return _keep(case_file, form, values, by, now)


@transaction.atomic
def _keep(
    case_file: CaseFile, form: str, values: Mapping[str, Sequence[str]], by: User, now: datetime
) -> UnsentForm:
    case_file = locked(case_file)
    rules.check_can_keep_form(by, case_file, form)
    kept = UnsentForm.objects.of(case_file, by).select_for_update().filter(form=form).first()
    is_new = kept is None
    if kept is None:
        kept = UnsentForm(
            key_owner=case_file.id,
            case_file=case_file,
            district=case_file.district,
            worker=by,
            form=form,
        )
    kept.kept_at = now
    kept.revision = case_file.risk_level.revision
    kept.values = {name: list(each) for name, each in values.items()}
    kept.save()
    if is_new:
        # That it was begun; not every word.
        log.record(Event.UNSENT_FORM_KEPT, by=by, target=case_file)
    return kept


@transaction.atomic
def discard(*, case_file: CaseFile, form: str, by: User) -> bool:
    """Throw away what was begun; whether there was anything."""
    case_file = locked(case_file)
    gone, _rows = UnsentForm.objects.of(case_file, by).filter(form=form).delete()
    if gone:
        log.record(Event.UNSENT_FORM_DISCARDED, by=by, target=case_file)
    return bool(gone)


def sending(form: str, act: Callable[..., Any]) -> Callable[..., Any]:
    """The action that a form calls; what was kept of the form goes with it, or stays with it."""

    @wraps(act)
    def sent(*, case_file: CaseFile, by: User, **values: Any) -> Any:
        with transaction.atomic():
            result = act(case_file=case_file, by=by, **values)
            UnsentForm.objects.of(case_file, by).filter(form=form).delete()
            return result

    return sent


def remove_forgotten(now: datetime) -> int:
    """What nobody has gone on with in a month; how many there were."""
    gone, _rows = UnsentForm.objects.forgotten(now).delete()
    return gone
