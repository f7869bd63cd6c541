"""What can be wrong with what is known of somebody, and what helps: for sheets and for forms."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Words(NamedTuple):
    """What is wrong, and what to do about it."""

    words: Promise
    fix: Promise

    @property
    def told(self) -> str:
        """Both as sentences, with the punctuation of the language."""
        return sentences(str(self.words), str(self.fix))


def sentences(words: str, fix: str) -> str:
    """What is wrong and what helps, one after the other."""
    return str(_("%(words)s. %(fix)s")) % {"words": words, "fix": fix}


def with_name(name: str, told: str) -> str:
    """What is told of a thing that has a name."""
    return str(_("%(name)s: %(told)s")) % {"name": name, "told": told}


def listed(names: Iterable[object]) -> str:
    """Several names in a row, parted as the language parts them."""
    return str(pgettext_lazy("between the names of a list", ", ")).join(map(str, names))


# What is wrong with a cell, and what to do about it.
PROBLEMS: Final[dict[str, Words]] = {
    "missing": Words(_("missing"), _("Fill it in.")),
    "check_digit": Words(_("the check digit is wrong"), _("Compare it with the ID card.")),
    "no_such_date": Words(_("there is no such date"), _("Compare it with the papers.")),
    "not_18_digits": Words(_("not 18 digits"), _("Compare it with the ID card.")),
    "unassigned_area": Words(
        _("the area code belongs to nobody"), _("Compare it with the ID card.")
    ),
    "typed_as_number": Words(
        _("typed as a number, so Excel has rounded it"),
        _("Format the column as text and type the number again."),
    ),
    "not_a_phone_number": Words(
        _("not a phone number"),
        _("Mobile: 11 digits; landline with area code."),
    ),
    "not_a_date": Words(_("not a date"), _("Write it as 2026-11-24.")),
    "not_a_number": Words(_("not a number"), _("Write it in digits.")),
    "not_a_choice": Words(_("not one of the possible answers"), _("Use one of: %(choices)s.")),
    "too_long": Words(_("too long"), _("Shorten it to %(most)s characters.")),
    "contradicts_id_number": Words(
        _("contradicts the ID number"),
        _("One of the two is wrong: compare both with the ID card."),
    ),
    "no_such_unit": Words(
        _("no such village in your units"),
        _("Write it as in the unit tree. The nearest: %(nearest)s."),
    ),
    "twice_in_the_file": Words(
        _("twice in the file"),
        _("Keep one of the two rows; the first is in row %(row)s."),
    ),
    "known_elsewhere": Words(
        _("this person is already known"),
        _("Ask the supervisor of your district."),
    ),
    "another_name": Words(
        _("the ID number is on record with another name"),
        _("Compare both with the ID card."),
    ),
    "another_number": Words(
        _("the record found by this number holds another one"),
        _("Tell the administrators: somebody may have changed the database."),
    ),
    "refused_now": Words(
        _("could not be taken in any more"),
        _("Somebody may have taken this person in meanwhile: upload the ledger again."),
    ),
    "no_way_to_find": Words(
        _("neither ID number nor phone"),
        _("Give one of the two, so that nobody is taken in twice."),
    ),
    "phone_of_another": Words(
        _("the phone is on record with another name"),
        _("Give the ID number, so that nobody is taken in twice."),
    ),
    "several_fit": Words(
        _("several people on record have this name and this phone"),
        _("Give the ID number, so that nobody is taken in twice."),
    ),
    "too_young": Words(
        _("too young for this group"),
        _("It is for people of %(years)s and over: check the date, or choose another group."),
    ),
    "too_old": Words(
        _("too old for this group"),
        _("It is for people up to %(years)s: check the date, or choose another group."),
    ),
    "in_the_future": Words(_("lies in the future"), _("Check the year.")),
}


@dataclass(frozen=True)
class Problem:
    """One cell that is refused: its column, why, and what helps to mend it."""

    code: str
    reason: str
    hints: dict[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What is wrong."""
        return str(PROBLEMS[self.reason].words)

    @property
    def fix(self) -> str:
        """What to do."""
        return str(PROBLEMS[self.reason].fix) % self.hints

    @property
    def told(self) -> str:
        """Both as sentences."""
        return sentences(self.words, self.fix)
