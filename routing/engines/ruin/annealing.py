"""The search around the kernels: scratch space, cooling, budgets, the best routes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour
from routing.engines.base import Budget, Stopwatch
from routing.engines.ruin.model import NEIGHBOURS, RUIN_NEIGHBOURS, Model, load

DEFAULT_ITERATIONS = 20_000
"""Steps where the budget names nothing."""

PIECES = 200
"""Parts of a cooling cycle run under an iteration budget; between them the budget's seconds are looked at."""

FIRST_PIECE = 8
"""Steps of a cycle's first part under a budget of seconds: few, since on large problems a step may take a while."""

PIECE_S = 0.03
"""Length a part is steered to under a budget of seconds."""


@dataclass(frozen=True, slots=True)
class RuinParams:
    """Settings of the search. Temperatures are in units of cost a task; measured on CARP and city problems.

    `strings` is the mean number of tasks removed, `longest` the longest string. Each of `cycles` equal parts cools
    from `hot` (after the first: times `reheat`) to `cold`. `blink` is the chance to overlook a position.
    """

    strings: float = 10.0
    longest: float = 10.0
    hot: float = 0.5
    cold: float = 0.01
    reheat: float = 0.5
    cycles: int = 4
    blink: float = 0.01
    large_tasks: int = 1_500
    large_hot: float = 0.05
    large_cold: float = 0.005

    def __post_init__(self) -> None:
        if self.strings <= 0 or self.longest < 1 or self.cycles < 1:
            raise ValueError("strings and longest must be positive, cycles at least 1")
        if not 0 < self.cold <= self.hot or not 0 < self.large_cold <= self.large_hot or not 0 < self.reheat <= 1:
            raise ValueError("temperatures must fall: 0 < cold <= hot, 0 < reheat <= 1")
        if not 0 < self.blink < 1:
            raise ValueError("blink must lie between 0 and 1")


class Search:
    """State of one search: the model's arrays, scratch space, and the books."""

    def __init__(self, model: Model, params: RuinParams, seed: int) -> None:
        from routing.engines.ruin.chance import seeded
        from routing.engines.ruin.neighbours import nearest

        self.model = model
        self.params = params
        tasks = len(model.task) - 1
        size = min(RUIN_NEIGHBOURS, max(1, tasks - 1))
        self.near = nearest(model.task, model.mode, model.dist, size)
        self.width = min(NEIGHBOURS, tasks - 1)
        self.rng = seeded(seed)
        self.clock = np.zeros(2, np.int64)
        self.order = np.zeros(tasks + 2, np.int32)
        self.vias = np.zeros(tasks + 2, np.int32)
        self.scratch = np.zeros(tasks + 2, np.int32)
        self.absent = np.zeros(tasks + 2, np.int32)
        self.rank = np.zeros(tasks + 2, np.float64)
        self.out = np.zeros(tasks + 2, np.int32)
        self.old_out = np.zeros(tasks + 2, np.int32)
        self.books = np.zeros(3, np.int64)

    def desk(self) -> Any:
        """Scratch space as the kernels take it."""
        return self.clock, self.order, self.vias, self.scratch, self.absent, self.rank, self.out, self.old_out

    def begin(self, tours: Sequence[Tour]) -> None:
        """Start from tours (none: everything out) and take them as the best known."""
        from routing.engines.ruin.search import keep_best

        left = load(self.model, tours)
        self.out[: len(left)] = left
        cost = self.settle()
        penalty = int(self.model.task["penalty"][left].sum())
        self.books[:] = (cost + penalty, cost + penalty, len(left))
        keep_best(self.model.task)

    def step(self, steps: int, hot: float, cold: float) -> None:
        """Run the kernel."""
        from routing.engines.ruin.search import run

        p = self.params
        run(
            self.model.world(),
            self.desk(),
            self.near,
            self.width,
            self.rng,
            self.model.late,
            steps,
            float(hot),
            float(cold),
            float(p.strings),
            float(p.longest),
            float(p.blink),
            self.books,
        )

    def settle(self) -> int:
        """Compute all figures of the lists as they are. Returns their cost."""
        from routing.engines.ruin.search import load_all

        return load_all(self.model.world(), self.model.late, self.scratch)

    def cool(self, budget: Budget, watch: Stopwatch) -> Iterator[int]:
        """Anneal within the budget; yields the steps done so far after each cycle that improved the best."""
        if budget.iterations is None and budget.seconds is None:
            budget = Budget(iterations=DEFAULT_ITERATIONS)
        p = self.params
        large = len(self.model.task) > p.large_tasks
        hot, cold = (p.large_hot, p.large_cold) if large else (p.hot, p.cold)
        done = 0
        if self.books[2] > 0 and budget.iterations != 0:
            self.step(1, 1.0, 1.0)
            done = 1
        known = None
        for cycle in range(p.cycles):
            share = None if budget.seconds is None else max(0.0, watch.left()) / (p.cycles - cycle)
            scale = self._cost_a_task()
            top = max(hot if cycle == 0 else hot * p.reheat, cold)
            done += self._cycle(budget, watch, share, scale * top, scale * cold, done, cycle)
            best = int(self.books[1])
            if known is None or best < known:
                known = best
                yield done

    def _cycle(
        self, budget: Budget, watch: Stopwatch, share: float | None, hot: float, cold: float, done: int, cycle: int
    ) -> int:
        """One cooling from hot to cold. Returns the steps made."""
        steps_due = None
        if budget.iterations is not None:
            steps_due = budget.iterations * (cycle + 1) // self.params.cycles - done
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
            self.step(size, hot * (cold / hot) ** progress, hot * (cold / hot) ** ahead)
            made += size
            if steps_due is None:
                piece = max(5, int(piece * min(2.0, PIECE_S / max(watch.spent() - now, 1e-6))))

    def _cost_a_task(self) -> float:
        """Best known cost a task, without penalties of what is left out."""
        task = self.model.task
        out = task["best_slot"][1:] < 0
        served = int((~out).sum())
        cost = int(self.books[1]) - int(task["penalty"][1:][out].sum())
        return max(1.0, cost / max(1, served))

    def best_modes(self) -> list[list[int]]:
        """Load the best routes into the slots and trace their modes, in driving order."""
        from routing.engines.ruin.search import traced

        model = self.model
        kept = _Kept(model, self.out.copy(), self.books.copy())
        kept.show_best()
        self.settle()
        modes = []
        for s in range(len(model.slot)):
            count = traced(model.world(), s, self.scratch)
            modes.append(self.scratch[:count][::-1].tolist())
        return modes


@dataclass(slots=True)
class _Kept:
    """The best routes as lists again."""

    model: Model
    out: Any
    books: Any

    def show_best(self) -> None:
        """Rebuild the slots' lists from what `keep_best` noted."""
        task, slot, kind = self.model.task, self.model.slot, self.model.kind
        for name in ("first", "last", "count"):
            slot[name] = 0
        slot["load"] = kind["used"][slot["kind"]]
        kind["free_slot"] = kind["first_slot"]
        task["slot"], task["previous"], task["via"] = task["best_slot"], task["best_previous"], task["best_via"]
        task["next"] = 0
        for t in range(1, len(task)):
            s = int(task["slot"][t])
            if s < 0:
                continue
            p = int(task["previous"][t])
            if p:
                task["next"][p] = t
            else:
                slot["first"][s] = t
            slot["count"][s] += 1
            slot["load"][s] += task["demand"][t]
        for t in range(1, len(task)):
            s = int(task["slot"][t])
            if s >= 0 and task["next"][t] == 0:
                slot["last"][s] = t
