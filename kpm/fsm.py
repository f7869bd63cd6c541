"""The one door to django_fsm: states that change by transitions and by nothing else.

Serves django-fsm-2 and django-fsm alike. Their own `protected` switch sits on the class, and
reading a row again flips it for every thread; here each instance guards itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django_fsm import (
    RETURN_VALUE,
    FSMField,
    FSMFieldDescriptor,
    TransitionNotAllowed,
    can_proceed,
    transition,
)

__all__ = [
    "RETURN_VALUE",
    "GuardedStateField",
    "GuardedStateModel",
    "Step",
    "TransitionNotAllowed",
    "can_proceed",
    "machines",
    "steps",
    "transition",
]

LOADING = "_state_is_loading"


class GuardedDescriptor(FSMFieldDescriptor):
    """Lets a state be set once, by the constructor, and again only while it is read."""

    def __set__(self, instance: Any, value: Any) -> None:
        field = self.field
        held = instance.__dict__
        if field.name in held and held[field.name] != value and not held.get(LOADING, False):
            raise AttributeError(f"{field.name} changes by a transition only")
        field.set_proxy(instance, value)
        field.set_state(instance, value)


class GuardedStateField(FSMField):  # type: ignore[misc,unused-ignore]  # django_fsm has no types
    """A state in a text column. Migrations see a CharField, so they outlive the package."""

    descriptor_class = GuardedDescriptor

    def deconstruct(self) -> Any:
        name, _path, args, kwargs = super().deconstruct()
        kwargs.pop("protected", None)
        return name, "django.db.models.CharField", args, kwargs


class GuardedStateModel(models.Model):
    """A model with guarded states: reading a row again is the one time they may be set."""

    class Meta:
        abstract = True

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: Any = None,
    ) -> None:
        """Read the row again, states too; the guard is back even when the row is gone."""
        self.__dict__[LOADING] = True
        try:
            super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        finally:
            self.__dict__.pop(LOADING, None)


@dataclass(frozen=True)
class Step:
    """One way from a state to another, and the transition that goes it."""

    source: str
    target: str
    name: str
    method: Callable[..., Any]


def machines() -> Iterator[tuple[type[models.Model], Any]]:
    """Every guarded state of the site: the model and its field."""
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        # A history keeps the states of another model; it moves through none itself.
        is_history = hasattr(model, "instance_type")
        for field in model._meta.concrete_fields:
            if isinstance(field, GuardedStateField) and not is_history:
                yield model, field


def steps(model: type[models.Model], field: Any) -> list[Step]:
    """Every declared step of a machine, in the order of its states."""
    states = [str(value) for value, _label in field.flatchoices]
    found = [
        Step(source, target, transition.name, transition.method)
        for transition in field.get_all_transitions(model)
        for source, target in _ends(transition, states)
    ]
    return sorted(
        found, key=lambda step: (states.index(step.source), states.index(step.target), step.name)
    )


def _ends(transition: Any, states: list[str]) -> Iterator[tuple[str, str]]:
    """From where to where, one pair each."""
    sources = states if transition.source in ("*", "+") else [transition.source]
    # A transition that returns its state lists those it may return.
    targets = getattr(transition.target, "allowed_states", None) or [transition.target]
    for source in sources:
        for target in targets:
            if str(source) != str(target):
                yield str(source), str(target)
