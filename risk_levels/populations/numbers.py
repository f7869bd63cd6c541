"""Numbers of single populations beside duties and terms, each with where it comes from.

They belong to the rule set, so that a later version can say otherwise. None: no such rule here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What is counted for one population only."""

    # Reporting in after a decision: Drug Rehabilitation Regulations, articles 14 and 38.
    report_in_days: int | None = None
    # Away from the county for longer is reported in writing: the same, article 19.
    absence_report_days: int | None = None
    # Days between tests in the first, second and third year: local practice (Xianyou 2012). The
    # tests are the police's: what is due may be known here, what came out is not.
    urine_due_days: tuple[int, ...] = ()
    stores_urine_result: bool | None = None
    # Years of support after community correction, where localities set fewer than after prison.
    term_years_after_correction: int | None = None
    # Tries in a row without meeting anybody, after which a supervisor looks: national norm for
    # severe mental disorders (2018), follow-up record, reason 4.
    lost_after_failed_attempts: int | None = None
    # Visits to whoever is on the list of special difficulty, at any level: guidance of 2022.
    special_difficulty_visit_days: int | None = None
    # A visit after a bereavement, a discharge, the loss of contact to a guardian or a disaster: for
    # elders local practice (Hohhot 2022), for everybody else a default of this system after it.
    event_visit_hours: int | None = None
    # Parents are in touch with child and carer: Law on the Protection of Minors, article 23.
    parent_contact_days: int | None = None
    # Younger children live with nobody else's care, or are left unattended: the same, article 21.
    forbids_alone_under: int | None = None
    forbids_unattended_under: int | None = None
    # Opening a file is approved by a manager, and the handling is audited every year: Regulations
    # on the Protection of Minors Online, articles 36 and 37.
    requires_access_approval: bool | None = None
    requires_annual_audit: bool | None = None
    # Reports of harm are kept for three years from the age of eighteen: Civil Code, articles 188
    # and 191.
    report_record_until_age: int | None = None

    def as_data(self) -> dict[str, Any]:
        """As a rule set holds them: those that there are."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value is not None and value != ()
        }


NO_NUMBERS: Final = Numbers()

# The same for everybody. Defaults of this system, after the Community Corrections Law, article 29.
FOR_ALL: Final[Mapping[str, Any]] = {
    # Provisional red, set for safety, that nobody has decided lapses.
    "emergency_red_hours": 72,
    # Working days until a step up is to be decided, until an undecided step down climbs to the
    # unit above, and until it takes effect.
    "proposals": {"up_workdays": 2, "climb_workdays": 5, "effect_workdays": 10},
    # Working days until an objection is acknowledged and decided.
    "appeal": {"ack_workdays": 2, "decide_workdays": 10},
}
