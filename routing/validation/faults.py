"""What is wrong with a Problem, as values: one line each, and the collector the validators write into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Integral

from routing.problem import HORIZON_S

NUMBER_MAX = HORIZON_S
"""Largest single number a problem may hold (seconds, metres, cost, load): engines keep them in 32 bits."""

FAULTS_KEPT = 1_000
"""Faults collected; a problem with more is as wrong as it gets."""

NAMES_SHOWN = 5
"""Names in one line before the rest are counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One contradiction: `code` is stable, `where` names the part, `text` says what and what to do."""

    code: str
    where: str
    text: str

    @property
    def line(self) -> str:
        """The fault in one line."""
        return f"{self.where}: {self.text}"


@dataclass(slots=True)
class Faults:
    """Collects faults in the order they are found."""

    found: list[Fault] = field(default_factory=list)

    def add(self, code: str, where: str, text: str) -> None:
        """Note one fault."""
        if len(self.found) < FAULTS_KEPT:
            self.found.append(Fault(code, where, text))

    def number(self, where: str, name: str, value: object, low: int = 0, high: int = NUMBER_MAX) -> bool:
        """Whether `value` is a whole number from `low` to `high`; notes the fault where it is not."""
        if type(value) is not int and not isinstance(value, Integral):
            self.add("number", where, f"{name} is {value!r}: give a whole number")
            return False
        whole = int(value)
        if whole < low:
            self.add("number", where, f"{name} is {whole}: give {low} or more")
        elif whole > high:
            self.add("limit", where, f"{name} is {whole}, above {high}: use coarser units")
        return low <= whole <= high

    def times(self, where: str, name: str, span: tuple[int, int]) -> bool:
        """The same for both ends of a window or shift; which end comes first is not judged here."""
        begin = self.number(where, f"the start of its {name}", span[0])
        return self.number(where, f"the end of its {name}", span[1]) and begin

    def amounts(self, where: str, name: str, values: tuple[int, ...], commodities: int) -> bool:
        """One figure for each commodity, none negative."""
        if len(values) != commodities:
            self.add(
                "commodity", where, f"{len(values)} figures of {name} for {commodities} commodities: give one each"
            )
            return False
        return sum(self.number(where, name, value) for value in values) == commodities

    def twice(self, kind: str, names: Iterable[str]) -> set[str]:
        """The distinct names; notes each that comes twice."""
        seen: set[str] = set()
        doubled: dict[str, None] = {}
        for name in names:
            if name in seen:
                doubled[name] = None
            seen.add(name)
        for name in doubled:
            self.add("id", f"{kind} {name}", f"two have this id: give each {kind} its own")
        return seen


def some(names: Iterable[str]) -> str:
    """A few names, and how many more there are."""
    listed = list(names)
    shown = ", ".join(listed[:NAMES_SHOWN])
    rest = len(listed) - NAMES_SHOWN
    return shown if rest <= 0 else f"{shown} and {rest} more"
