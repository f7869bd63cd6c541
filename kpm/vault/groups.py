"""Sealed groups, the virtual fields inside them, and the layout of a model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db import models

from kpm.vault.envelope import GROUP, group_context
from kpm.vault.errors import Sealed

_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    # The type checker sees one generic field; the parts that behave come from Django's classes.
    _Field = models.Field
    _Char = object
    _Text = object
    _Date = object
    _Integer = object
    _Boolean = object
    _JSON = object
else:

    class _Field(models.Field):
        """Django's field, with types that may be named at run time."""

        def __class_getitem__(cls, types):
            return cls

    _Char, _Text, _Date = models.CharField, models.TextField, models.DateField
    _Integer, _Boolean, _JSON = models.IntegerField, models.BooleanField, models.JSONField


class SealedGroup(models.BinaryField):  # type: ignore[type-arg]  # generic in the stubs only
    """One column that holds the sealed values of the fields that are read together."""

    def __init__(self, *args: Any, code: int, version: int = 1, pad: int, **kwargs: Any) -> None:
        if not (1 <= code <= 255 and 1 <= version <= 255 and pad > 0):
            raise ValueError("code and version are 1 to 255, pad is positive")
        self.code = code
        self.version = version
        self.pad = pad
        # NULL until the first save, and again when the key was destroyed.
        kwargs |= {"null": True, "editable": False}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        # Migrations see a plain binary column: code, version and padding are no schema.
        name, _, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, "django.db.models.BinaryField", args, kwargs

    def clone(self) -> Any:
        _, _, args, kwargs = self.deconstruct()
        return models.BinaryField(*args, **kwargs)

    def get_db_prep_save(self, value: Any, connection: "BaseDatabaseWrapper") -> Any:
        """Refuse whatever is no envelope: plaintext never reaches the column by accident."""
        if value is not None and not hasattr(value, "resolve_expression"):
            value = bytes(value)
            if value[:1] != bytes((GROUP,)):
                raise FieldError(f"{self.name} takes sealed bytes only")
        return super().get_db_prep_save(value, connection)


class SealedValue:
    """Answers for a value that is not in the instance; what was opened or set never comes here."""

    def __init__(self, field: "VirtualField[Any, Any]") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        layout = layout_of(type(instance))
        group = layout.group_of[self.field.name]
        if instance._state.adding and getattr(instance, group.name) is None:
            value = instance.__dict__[self.field.name] = self.field.get_default()
            return value
        raise Sealed(f"{layout.label}.{group.name} was not opened")


class VirtualField(_Field[_ST, _GT]):
    """A typed field without a column: its group has one."""

    _refused = frozenset({"unique", "db_index", "primary_key", "db_column", "unique_for_date"})

    def __init__(self, *, group: str, since: int = 1, null: bool = False, **kwargs: Any) -> None:
        if self._refused & kwargs.keys():
            raise TypeError("a sealed field has a group and no column of its own")
        self.group = group
        # The version of the group that brought this field: fields are appended, never moved.
        self.since = since
        super().__init__(null=null, **kwargs)

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = True
    ) -> None:
        models.Field.contribute_to_class(self, cls, name, private_only=True)
        setattr(cls, name, SealedValue(self))

    def get_attname_column(self) -> tuple[str, Any]:
        return self.get_attname(), None

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "group": self.group, "since": self.since}

    def _no_column(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise FieldError(f"{self.name} is sealed: the database cannot filter, sort or set it")

    get_col = get_db_prep_save = select_format = _no_column

    @property
    def cached_col(self) -> NoReturn:
        self._no_column()

    def to_raw(self, value: Any) -> Any:
        """The JSON form of a value; refuses in words without the value."""
        if value is None:
            if self.null:
                return None
            raise ValueError(f"{self.name} has no value")
        try:
            return self.checked(value)
        except (ValidationError, TypeError, ValueError):
            # The message of these would show the value.
            raise ValueError(f"{self.name} has a value of the wrong kind or length") from None

    def checked(self, value: Any) -> Any:
        return self.to_python(value)

    # None: the JSON form is the value.
    from_raw: Callable[[Any], Any] | None = None


class SealedCharField(VirtualField[_ST, _GT], _Char):
    """A short text."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def checked(self, value: Any) -> str:
        text = str(value)
        text.encode()
        if self.max_length is not None and len(text) > self.max_length:
            raise ValueError
        return text


class SealedTextField(VirtualField[_ST, _GT], _Text):
    """A long text."""

    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def checked(self, value: Any) -> str:
        text = str(value)
        text.encode()
        return text


class SealedDateField(VirtualField[_ST, _GT], _Date):
    """A day."""

    _pyi_private_set_type: str | date
    _pyi_private_get_type: date

    def checked(self, value: Any) -> str:
        day = self.to_python(value)
        return day.isoformat()  # type: ignore[no-any-return]  # to_python is untyped

    @staticmethod
    def from_raw(raw: str | None) -> date | None:
        return None if raw is None else date.fromisoformat(raw)


class SealedIntegerField(VirtualField[_ST, _GT], _Integer):
    """A whole number."""

    _pyi_private_set_type: int
    _pyi_private_get_type: int


class SealedBooleanField(VirtualField[_ST, _GT], _Boolean):
    """Yes or no; with null=True also not said."""

    _pyi_private_set_type: bool
    _pyi_private_get_type: bool


class SealedJSONField(VirtualField[_ST, _GT], _JSON):
    """Lists and mappings of plain values."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def checked(self, value: Any) -> Any:
        return value


class GroupLayout:
    """Where the fields of one group lie in its positional array."""

    def __init__(
        self,
        model_code: int,
        label: str,
        column: SealedGroup,
        fields: list["VirtualField[Any, Any]"],
    ) -> None:
        self.name = column.name
        self.label = f"{label}.{column.name}"
        self.model_code = model_code
        self.code = column.code
        self.version = column.version
        self.pad = column.pad
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        self.size = len(fields)
        self.context = group_context(model_code, column.code)
        self.converters = tuple(
            (position, field.from_raw)
            for position, field in enumerate(fields)
            if field.from_raw is not None
        )
        # How many values each version of the group has.
        self.sizes = {
            version: sum(field.since <= version for field in fields)
            for version in range(1, column.version + 1)
        }


@dataclass(frozen=True)
class Layout:
    """The groups of one model."""

    model_code: int
    label: str
    # The attribute with the id of the row that the key belongs to.
    owner: str
    groups: Mapping[str, GroupLayout]
    group_of: Mapping[str, GroupLayout]


@cache
def layout_of(model: type[models.Model]) -> Layout:
    """The layout of a sealed model, read once from its fields."""
    columns = [f for f in model._meta.local_fields if isinstance(f, SealedGroup)]
    virtual = [f for f in model._meta.private_fields if isinstance(f, VirtualField)]
    virtual.sort(key=lambda field: field.creation_counter)
    label = snake(model.__name__)
    code = getattr(model, "model_code", 0)
    groups = {
        column.name: GroupLayout(
            code, label, column, [field for field in virtual if field.group == column.name]
        )
        for column in columns
    }
    return Layout(
        model_code=code,
        label=label,
        owner="id" if getattr(model, "owns_key", False) else "key_owner",
        groups=groups,
        group_of={field.name: groups[field.group] for field in virtual if field.group in groups},
    )


def snake(name: str) -> str:
    """CaseFile as case_file."""
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
