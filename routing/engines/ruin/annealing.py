"""State of one search: the model's arrays, scratch space, the books, the best routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from routing.engines.assemble import Tour
from routing.engines.ruin.model import Model, link, load
from routing.engines.ruin.params import RuinParams


class Search:
    """A search driven by `cooling.cool`."""

    def __init__(self, model: Model, params: RuinParams, seed: int) -> None:
        from routing.engines.ruin.chance import seeded
        from routing.engines.ruin.neighbours import nearest

        self.model = model
        self.params = params
        self.tasks = tasks = len(model.task) - 1
        size = min(params.ruin_width, max(1, tasks - 1))
        self.near = nearest(model.task, model.mode, model.dist, size)
        self.width = min(params.width, tasks - 1)
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

    def best_cost(self) -> int:
        """Cost of the best routes found."""
        return int(self.books[1])

    def left(self) -> int:
        """Tasks left out now."""
        return int(self.books[2])

    def cost_a_task(self) -> float:
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
        task, kind = self.model.task, self.model.kind
        kind["free_slot"] = kind["first_slot"]
        followed_by = {}
        heads: list[int] = [0] * len(self.model.slot)
        for t in range(1, len(task)):
            s, p = int(task["best_slot"][t]), int(task["best_previous"][t])
            task["slot"][t] = s
            if s >= 0 and p:
                followed_by[p] = t
            elif s >= 0:
                heads[s] = t
        for s, t in enumerate(heads):
            chain = []
            while t:
                chain.append((t, int(task["best_via"][t])))
                t = followed_by.get(t, 0)
            link(self.model, s, chain)
