"""Who opens a mandatory report and who follows it; what waits as long as it waits."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _

from casework import rules
from casework.models import CaseFile, HarmReport
from casework.models.harm import WAITING, Authority, HarmState, Situation
from casework.models.visits import Outcome
from kpm.accounts.models import User
from kpm.ages import age_on
from kpm.errors import Refused
from kpm.permissions import Permission, is_granted
from risk_levels.levels import is_down
from risk_levels.models import Proposal
from risk_levels.populations import POPULATIONS
from risk_levels.populations.parts import ADULT

# A sentence.
SHORTEST = 10


def check_can_report_harm(user: User, case_file: CaseFile) -> None:
    """Everybody who works on a file or supervises it reports; nobody has to be asked first."""
    if not is_granted(user, Permission.REPORT_HARM):
        raise Refused(_("Your role does not carry this."))
    rules.check_has_part_in(user, case_file)
    rules.check_is_open(case_file)


def check_harm_is_said(situation: str, words: str) -> None:
    """What was seen, as one of the situations, and in words."""
    if situation not in Situation.values:
        raise Refused(_("Choose one."), field="situation")
    if len(words.strip()) < SHORTEST:
        raise Refused(_("Say in a sentence what you saw or heard."), field="words")


def check_harm_is_noted(outcome: str, notes: str, *, harm: bool) -> None:
    """Signs of harm were seen at a visit that was, and stand in its notes."""
    if not harm:
        return
    if outcome == Outcome.PLANNED:
        raise Refused(_("Nothing was seen yet at a visit that is planned."), field="harm")
    if len(notes.strip()) < SHORTEST:
        raise Refused(_("Say in the notes what you saw or heard."), field="notes")


def check_can_follow_report(user: User, case_file: CaseFile) -> None:
    """A supervisor of the unit who does not work on the file follows a report."""
    if not is_granted(user, Permission.FOLLOW_REPORT):
        raise Refused(_("Supervisors follow reports."))
    if not rules.covers(user, case_file.unit, case_file.population):
        raise Refused(_("This file is not yours."))
    if rules.is_in_team(user, case_file):
        raise Refused(_("You work on this file: another supervisor follows the report."))


def check_is_in(report: HarmReport, state: str) -> None:
    """One step after the other, and each once."""
    if report.state != state:
        raise Refused(_("This has changed since you opened the page. Please read it again."))


def check_report_was_made(authority: str, words: str) -> None:
    """To whom and how."""
    if authority not in Authority.values:
        raise Refused(_("Choose one."), field="authority")
    if not words.strip():
        raise Refused(_("Say when, how and with whom you spoke."), field="words")


def check_receipt_is_said(number: str) -> None:
    """A receipt has a number, or the name of whoever gave it."""
    if not number.strip():
        raise Refused(_("Give the number of the receipt, or who confirmed it."), field="number")


def check_may_find_not_due(
    user: User, report: HarmReport, *, opened_by: str, birth_on: date | None, on: date, words: str
) -> None:
    """A second person says why; where the person was a minor on that day there is only a report.

    Law on the Protection of Minors, article 11: whoever finds signs reports at once. So `on` is the
    day on which they were found: nobody waits with it for the birthday.
    """
    check_is_in(report, HarmState.OPENED)
    kind = POPULATIONS[report.case_file.population]
    if kind.is_minor or birth_on is None or age_on(birth_on, on) < ADULT:
        raise Refused(_("For a minor the signs are reported: nobody decides that they are not."))
    if opened_by == user.log_reference:
        raise Refused(_("Whoever opened a report does not close it: a second person does."))
    if len(words.strip()) < 20:
        raise Refused(_("Say in at least 20 characters why no report is due."), field="words")


def waits(case_file: CaseFile) -> bool:
    """Whether a report about this file waits for its receipt."""
    return HarmReport.objects.filter(case_file=case_file, state__in=WAITING).exists()


def levels_that_wait(levels: Iterable[UUID]) -> set[UUID]:
    """Those of these levels whose file has a report that waits."""
    waiting = HarmReport.objects.filter(state__in=WAITING, case_file__risk_level__in=list(levels))
    return set(waiting.values_list("case_file__risk_level", flat=True))


def check_nothing_is_eased(case_file: CaseFile) -> None:
    """As long as a report waits no level goes down, in no way; what waits is not said."""
    if waits(case_file):
        raise Refused(
            _("Something about this file has to be settled first. Ask the supervisor of the unit.")
        )


def check_step_may_be_taken(case_file: CaseFile, from_level: str, to_level: str) -> None:
    """The same for one step of a level."""
    if is_down(from_level, to_level):
        check_nothing_is_eased(case_file)


def check_may_be_put_back(case_file: CaseFile, proposal: Proposal) -> None:
    """Red that holds for its danger goes back when its proposal is taken back or rejected."""
    if proposal.is_for_safety:
        check_nothing_is_eased(case_file)
