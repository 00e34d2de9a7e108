"""Whether values read from outside are of the kinds their dataclasses say: JSON may hold anything anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

SHOWN = 40
"""Characters of a wrong value that are told."""


def misfit(value: object, wanted: Any, name: str) -> str | None:
    """What is wrong with a value in one clause, or None where it is as wanted.

    Knows dataclasses, tuples, frozensets, mappings, unions, arrays and plain kinds; a yes or no is no number.
    """
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        ways = [misfit(value, way, name) for way in get_args(wanted)]
        return None if None in ways else next((way for way in ways if way), None)
    if origin is np.ndarray:
        return None if isinstance(value, np.ndarray) else _wrong(value, "numbers", name)
    if origin is tuple:
        return _of_tuple(value, get_args(wanted), name)
    if origin is frozenset:
        own = value if isinstance(value, frozenset) else None
        return _wrong(value, "a list", name) if own is None else _first(own, get_args(wanted)[0], name)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            return _wrong(value, "a table", name)
        keys, values = get_args(wanted)
        return _first(value, keys, name) or _first(value.values(), values, name)
    if isinstance(wanted, type) and is_dataclass(wanted):
        kinds = _kinds(wanted)
        found = (misfit(getattr(value, part), kind, f"{name} {part}") for part, kind in kinds.items())
        return next((text for text in found if text), None)
    return None if type(value) is wanted else _wrong(value, _WORDS.get(wanted, "nothing"), name)


_WORDS = {int: "a whole number", str: "text", bool: "true or false", float: "a number"}


@cache
def _kinds(of: type) -> dict[str, Any]:
    hints = get_type_hints(of)
    return {part.name: hints[part.name] for part in fields(of)}


def _of_tuple(value: object, kinds: tuple[Any, ...], name: str) -> str | None:
    if not isinstance(value, tuple):
        return _wrong(value, "a list", name)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return _first(value, kinds[0], name)
    if len(value) != len(kinds):
        return _wrong(value, f"{len(kinds)} values", name)
    found = (misfit(one, kind, name) for one, kind in zip(value, kinds, strict=True))
    return next((text for text in found if text), None)


def _first(values: Any, kind: Any, name: str) -> str | None:
    """The first that does not fit; numbered where they stand in a row."""
    if kind in _WORDS and all(type(one) is kind for one in values):
        return None
    found = (misfit(one, kind, f"{name} {at}") for at, one in enumerate(values, 1))
    return next((text for text in found if text), None)


def _wrong(value: object, wanted: str, name: str) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
    return f"{name} is {shown}, where {wanted} belongs"
