"""Stops of a route document as a simulated driver keeps them: what tells them apart, and when they were really made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from demo.spans import to_ms
from dispatch.routes import StopDoc
from models.times import parse_time

Key = tuple[str, str, str, int]
"""(kind, ref, work item, pass); loading and unloading have no work item."""
Leg = tuple[str, bool]


@dataclass(frozen=True, slots=True)
class Served:
    """One stop as the truck really makes it."""

    key: Key
    legs: tuple[Leg, ...]
    arrive_ms: int
    start_ms: int
    depart_ms: int


def ms_of(text: str) -> int:
    """A time of a document in milliseconds."""
    return to_ms(parse_time(text))


def key_of(stop: StopDoc) -> Key:
    """What tells one stop from another, whatever document it stands in."""
    if stop["kind"] == "facility":
        return ("facility", stop["ref"], "", 0)
    return (stop["kind"], stop["ref"], stop["work_item"], int(stop["pass"]))


def legs_of(legs: Iterable[Sequence[object]]) -> tuple[Leg, ...]:
    """Legs of a document as (segment, forward)."""
    return tuple((str(leg[0]), bool(leg[1])) for leg in legs)


def without(stops: list[StopDoc], begun: list[Served]) -> list[StopDoc]:
    """The stops of a document that are not begun yet, in order."""
    taken = Counter(stop.key for stop in begun)
    owed = []
    for stop in stops:
        if taken[key_of(stop)] > 0:
            taken[key_of(stop)] -= 1
        else:
            owed.append(stop)
    return owed
