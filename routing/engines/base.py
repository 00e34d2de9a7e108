"""What an engine is: one protocol, a budget, a stopwatch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from routing.plan import Plan
from routing.problem import Problem

WALL_SLACK_S = 2.0
"""How far wall time may run past the budget on a busy machine; the budget itself is processor time of this process."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to search: `seconds` of one processor, or `iterations` (each engine's docs say of what), or both.

    Only an iteration budget gives the same plan again. Neither given means the engine's own default.
    """

    seconds: float | None = None
    iterations: int | None = None

    def __post_init__(self) -> None:
        if self.seconds is not None and self.seconds < 0:
            raise ValueError(f"a budget of {self.seconds} s: give zero or more seconds")
        if self.iterations is not None and self.iterations < 0:
            raise ValueError(f"a budget of {self.iterations} iterations: give zero or more")


class Stopwatch:
    """Spent part of a budget in seconds: processor time, and wall time beyond the slack."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._cpu = time.process_time()
        self._wall = time.perf_counter()

    def spent(self) -> float:
        """Seconds counted so far."""
        return max(time.process_time() - self._cpu, time.perf_counter() - self._wall - WALL_SLACK_S)

    def left(self) -> float:
        """Seconds left; infinite where no seconds are budgeted."""
        return float("inf") if self.seconds is None else self.seconds - self.spent()


class Engine(Protocol):
    """One way to make plans. Loads its library only inside `solve`."""

    name: str

    def supports(self, problem: Problem) -> str | None:
        """None where the engine models everything in the problem, else why not in one clause."""
        ...

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield better and better plans; the last is the best. Never yields one worse than a usable `start`."""
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one engine did within a portfolio. `note` says why it was left out or failed, else is empty."""

    engine: str
    cost: int | None
    feasible: bool
    seconds: float
    iterations: int
    note: str = ""
