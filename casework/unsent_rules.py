"""Who may keep what they have begun, and how much of it."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile
from casework.models.unsent_forms import FormKind
from kpm.accounts.models import User
from kpm.errors import Refused

# Whoever may send the form may keep it.
MAY_SEND: Final = {
    FormKind.VISIT: rules.check_can_record_visit,
    FormKind.ASSESSMENT: rules.check_can_record_assessment,
    FormKind.PLAN: rules.check_can_draft_plan,
    FormKind.PROPOSAL: rules.check_can_propose_level,
}
MOST_FIELDS, MOST_VALUES, LONGEST = 120, 60, 10_000


def check_can_keep_form(user: User, case_file: CaseFile, form: str) -> None:
    """Whoever may send it may keep it."""
    MAY_SEND[FormKind(form)](user, case_file)


def check_values_fit(values: Mapping[str, Sequence[str]]) -> None:
    """No form of ours has more fields, or longer ones."""
    is_small = len(values) <= MOST_FIELDS and all(
        len(name) <= MOST_VALUES
        and len(each) <= MOST_VALUES
        and all(len(value) <= LONGEST for value in each)
        for name, each in values.items()
    )
    if not is_small:
        raise Refused(_("This is more than can be kept. Send it, or make it shorter."))
