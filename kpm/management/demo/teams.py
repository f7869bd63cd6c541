"""People of other organs who help where an invented file is red, and a place or two still empty."""

from collections.abc import Iterable
from random import Random

from casework import red_rules
from casework.actions import team_members
from casework.models import CaseFile
from kpm.accounts.models import User
from kpm.management.demo import invention
from risk_levels.levels import Level

# In so many of these teams somebody is still missing.
INCOMPLETE = 0.15
# Among these places there is a woman most of the time.
WOMEN = 0.8


def name_others(files: Iterable[CaseFile], *, random: Random, by: User) -> None:
    """Fill the places that red asks for, all but a few; the files come with their levels."""
    for case_file in files:
        level = case_file.risk_level
        if level.level != Level.RED:
            continue
        places = red_rules.places_of(case_file.population)
        asked = [
            code for code in red_rules.needs_of_anybody(case_file.population) if code in places
        ]
        if random.random() < INCOMPLETE:
            asked.remove(random.choice(asked))
        woman = random.choice(asked) if random.random() < WOMEN else ""
        for code in asked:
            sex = 2 if code == woman else 1
            team_members.name_member(
                case_file=case_file,
                place=code,
                name=invention.name(random, sex),
                is_woman=sex == 2,
                by=by,
                today=level.since_on,
            )
