"""Guards of every state machine: it begins where it begins, and goes no step but a declared one."""

import re
from typing import Any

from django.db import models

from kpm.database.guards import Guard, refuse
from kpm.fsm import machines, steps

# Where level_guards says more about a beginning than the state alone.
BEGIN_ELSEWHERE = frozenset({"risk_levels_proposal", "risk_levels_risklevel"})


def _state_guards() -> list[Guard]:
    """Found through the models and made from their transitions, like the document about them."""
    guards: list[Guard] = []
    for model, field in machines():
        guards.append(_steps(model, field))
        if model._meta.db_table not in BEGIN_ELSEWHERE:
            guards.append(_beginning(model, field))
    return guards


def _steps(model: type[models.Model], field: Any) -> Guard:
    column = field.column
    plural = f"{field.name}es" if field.name.endswith("s") else f"{field.name}s"
    legal = " OR ".join(
        f"(OLD.{column} = '{step.source}' AND NEW.{column} = '{step.target}')"
        for step in steps(model, field)
    )
    return refuse(
        f"{_noun(model)}_follows_its_{plural}",
        model._meta.db_table,
        before="UPDATE",
        when=f"NEW.{column} <> OLD.{column} AND NOT ({legal})",
    )


def _beginning(model: type[models.Model], field: Any) -> Guard:
    first = str(field.get_default())
    return refuse(
        f"{_noun(model)}_begins_as_{first}",
        model._meta.db_table,
        before="INSERT",
        when=f"NEW.{field.column} <> '{first}'",
    )


def _noun(model: type[models.Model]) -> str:
    noun = re.sub("(?<=[a-z])(?=[A-Z])", "_", model.__name__).lower()
    return f"{'an' if noun[0] in 'aeiou' else 'a'}_{noun}"


GUARDS: list[Guard] = _state_guards()
