"""Settings of the search."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuinParams:
    """Settings of the search. Temperatures are in units of cost a task; measured on CARP and city problems.

    `strings` is the mean number of tasks removed, `longest` the longest string. The budget is cut into equal cycles of
    about `steps_a_task` steps a task, `cycles` of them at most, and each cools from `hot` (after the first: times
    `reheat`) to `cold`. Where fewer than `brief` steps a task are left in all, `hot` falls with them, to `brief_least`
    of itself. `blink` is the chance to overlook a position. An insertion looks at `width` neighbours, a ruin reaches
    `ruin_width`.
    """

    strings: float = 10.0
    longest: float = 10.0
    hot: float = 0.5
    cold: float = 0.01
    reheat: float = 1.0
    cycles: int = 12
    steps_a_task: int = 3_000
    blink: float = 0.01
    width: int = 25
    ruin_width: int = 150
    brief: float = 100.0
    brief_least: float = 0.1

    def __post_init__(self) -> None:
        if self.strings <= 0 or self.longest < 1 or self.cycles < 1 or self.steps_a_task < 1:
            raise ValueError("strings and longest must be positive, cycles and steps_a_task at least 1")
        if not 0 < self.cold <= self.hot or not 0 < self.reheat <= 1 or not 0 < self.brief_least <= 1:
            raise ValueError("temperatures must fall: 0 < cold <= hot, 0 < reheat <= 1, 0 < brief_least <= 1")
        if not 0 < self.blink < 1:
            raise ValueError("blink must lie between 0 and 1")
