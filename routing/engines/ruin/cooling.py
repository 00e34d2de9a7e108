"""Cooling: how the temperature of a search falls within a budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from routing.engines.base import Budget, Stopwatch
from routing.engines.ruin.params import RuinParams

DEFAULT_ITERATIONS = 20_000
"""Steps where the budget names nothing."""

PIECES = 200
"""Parts of a cooling cycle run under an iteration budget; between them the budget's seconds are looked at."""

FIRST_PIECE = 8
"""Steps of a cycle's first part under a budget of seconds: few, since on large problems a step may take a while."""

PIECE_S = 0.03
"""Length a part is steered to under a budget of seconds."""

MOST_PIECE = 1_000_000
"""Steps of a part at most."""

TRIAL = 0.01
"""Share of a budget of seconds in which the pace of the search is measured."""


class Annealed(Protocol):
    """A search whose steps are compiled."""

    params: RuinParams
    tasks: int

    def step(self, steps: int, hot: float, cold: float) -> None:
        """Make steps while the temperature falls from `hot` to `cold`."""
        ...

    def best_cost(self) -> int:
        """Cost of the best routes found, penalties of tasks left out included."""
        ...

    def left(self) -> int:
        """Tasks left out now."""
        ...

    def cost_a_task(self) -> float:
        """Best cost a served task, without penalties."""
        ...


def cool(search: Annealed, budget: Budget, watch: Stopwatch) -> Iterator[int]:
    """Anneal within the budget; yields the steps done so far after each cycle that improved the best."""
    if budget.iterations is None and budget.seconds is None:
        budget = Budget(iterations=DEFAULT_ITERATIONS)
    p = search.params
    done = 0
    if search.left() > 0 and budget.iterations != 0:
        search.step(1, 1.0, 1.0)
        done = 1
    known = None
    pace, made = _pace(search, budget, watch, search.cost_a_task() * p.cold)
    done += made
    expected = float("inf")
    if budget.seconds is not None:
        expected = pace * max(0.0, watch.left())
    if budget.iterations is not None:
        expected = min(expected, budget.iterations)
    steps_a_task = expected / max(1, search.tasks)
    haste = min(1.0, max(p.brief_least, steps_a_task / p.brief))
    hot, cold = p.hot * haste, p.cold * max(0.5, haste)
    cycles = min(p.cycles, max(1, round(steps_a_task / p.steps_a_task)))
    for cycle in range(cycles):
        share = None if budget.seconds is None else max(0.0, watch.left()) / (cycles - cycle)
        scale = search.cost_a_task()
        top = max(hot if cycle == 0 else hot * p.reheat, cold)
        done += _cycle(search, budget, watch, share, scale * top, scale * cold, done, cycle, cycles)
        best = search.best_cost()
        if known is None or best < known:
            known = best
            yield done


def _pace(search: Annealed, budget: Budget, watch: Stopwatch, temperature: float) -> tuple[float, int]:
    """(steps a second, steps made to find out); nothing is tried where the budget counts steps."""
    if budget.seconds is None or budget.iterations is not None:
        return float("inf"), 0
    begun, made, size = watch.spent(), 0, FIRST_PIECE
    spent = 0.0
    while spent < TRIAL * budget.seconds and watch.left() > 0:
        search.step(size, temperature, temperature)
        made += size
        size *= 2
        spent = watch.spent() - begun
    return made / max(spent, 1e-6), made


def _cycle(
    search: Annealed,
    budget: Budget,
    watch: Stopwatch,
    share: float | None,
    hot: float,
    cold: float,
    done: int,
    cycle: int,
    cycles: int,
) -> int:
    """One cooling from hot to cold. Returns the steps made."""
    steps_due = None
    if budget.iterations is not None:
        steps_due = budget.iterations * (cycle + 1) // cycles - done
    begun, made = watch.spent(), 0
    piece = FIRST_PIECE if steps_due is None else max(1, -(-steps_due // PIECES))
    while True:
        progress = 0.0 if steps_due is None else (made / steps_due if steps_due > 0 else 1.0)
        now = watch.spent()
        if share is not None:
            progress = max(progress, (now - begun) / share if share > 0 else 1.0)
        if progress >= 1.0 and (made > 0 or steps_due is not None):
            return made
        size = piece if steps_due is None else min(piece, steps_due - made)
        if steps_due is not None:
            ahead = min(1.0, progress + size / steps_due)
        else:
            ahead = min(1.0, progress + 0.005)
        search.step(size, hot * (cold / hot) ** progress, hot * (cold / hot) ** ahead)
        made += size
        if steps_due is None:
            piece = min(MOST_PIECE, max(5, int(piece * min(2.0, PIECE_S / max(watch.spent() - now, 1e-6)))))
