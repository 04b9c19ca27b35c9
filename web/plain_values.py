"""Frozen dataclasses from JSON that nobody vouches for: every value checked, none converted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

T = TypeVar("T")

# The longest text and the longest list of values that name no limit of their own: ten times
# what a chat model writes in 800 tokens (`chat_tokens`).
MOST_CHARACTERS = 50_000
MOST_ITEMS = 200
# The largest whole number that JavaScript keeps exactly.
_LARGEST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Most:
    """The longest text, or the most items: `Annotated[str, Most(60)]`."""

    count: int


def read(kind: type[T], value: Any, at: str) -> T:
    """The value as a `kind`: a dataclass, str, int, bool, Literal, tuple[X, ...] or X | None.

    A dataclass comes from a mapping that holds all its fields without a default; other keys are
    ignored. Raises ValueError with a sentence that names the place (`at` for the whole) for
    anything else, and for what the dataclass itself rejects with one.
    """
    return cast(T, _value(kind, value, at, None))


def _value(kind: Any, value: Any, at: str, most: int | None) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(arguments[0], value, at, arguments[1].count)
    if origin in (Union, UnionType):
        return None if value is None else _value(arguments[0], value, at, most)
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise ValueError(f"{at} is {_shown(value)}, but must be one of {', '.join(arguments)}.")
        return value
    if origin is tuple:
        return _items(arguments[0], value, at, most or MOST_ITEMS)
    if is_dataclass(kind):
        return _dataclass(kind, value, at)
    # bool is an int to isinstance, but "true" is no number.
    if type(value) is not kind:
        raise ValueError(f"{at} is {_shown(value)}, but must be {_NAMES[kind]}.")
    if kind is str:
        return _text(value, at, most or MOST_CHARACTERS)
    if kind is int and not 0 <= value <= _LARGEST:
        raise ValueError(f"{at} is out of range; it must be 0 or more.")
    return value


_NAMES = {str: "text", int: "a whole number", bool: "true or false"}


def _items(kind: Any, value: Any, at: str, most: int) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{at} is {_shown(value)}, but must be a list.")
    if len(value) > most:
        raise ValueError(f"{at} has {len(value):,} items, but the most is {most:,}.")
    return tuple(
        _value(kind, item, f"{at}, item {i}", None) for i, item in enumerate(value, start=1)
    )


def _text(value: str, at: str, most: int) -> str:
    if len(value) > most:
        raise ValueError(f"{at} has {len(value):,} characters, but the most is {most:,}.")
    # JSON may hold a lone half of a surrogate pair, which no file and no page can.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError(f"{at} holds half a character.")
    return value


def _dataclass(kind: Any, value: Any, at: str) -> Any:
    if not isinstance(value, Mapping):
        raise ValueError(f"{at} is {_shown(value)}, but must be an object.")
    given = {}
    for name, (type_, needed) in _fields(kind).items():
        if name in value:
            given[name] = _value(type_, value[name], f"{at}, {name}", None)
        elif needed:
            raise ValueError(f"{at} has no {name!r}.")
    try:
        return kind(**given)
    except ValueError as error:
        raise ValueError(f"{at}: {error}") from error


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The type of each field of a dataclass, and whether a value must be given."""
    types = get_type_hints(kind, include_extras=True)
    return {
        field.name: (
            types[field.name],
            field.default is MISSING and field.default_factory is MISSING,
        )
        for field in fields(kind)
    }


def _shown(value: Any) -> str:
    """A value as a message quotes it; what may be long or deep only by what it is."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, str):
        return ascii(value if len(value) <= 40 else f"{value[:39]}…")
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return "a number" if isinstance(value, int | float) else "something else"
