"""The closed list of populations: six, in code, with a law behind each."""

from typing import Final

from risk_levels.populations import (
    community_correction,
    drug,
    empty_nest_elder,
    left_behind_child,
    mental_disorder,
    released,
)
from risk_levels.populations.parts import Duties, Field, Group, Population, TeamRole

__all__ = ["POPULATIONS", "Duties", "Field", "Group", "Population", "TeamRole"]

POPULATIONS: Final[dict[str, Population]] = {
    each.code: each
    for each in (
        community_correction.POPULATION,
        released.POPULATION,
        mental_disorder.POPULATION,
        drug.POPULATION,
        left_behind_child.POPULATION,
        empty_nest_elder.POPULATION,
    )
}
