"""State of one quick search: the model's arrays, scratch space, and the books."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from routing.engines.assemble import Tour
from routing.engines.ruin.params import RuinParams
from routing.engines.ruin.plain.layout import AHEAD, BEST, BOOKS, COST, LEFT, NODE, SLOT
from routing.engines.ruin.plain.model import Plain


class PlainSearch:
    """A search over a plain model, driven by `cooling.cool`."""

    def __init__(self, model: Plain, params: RuinParams, seed: int) -> None:
        from routing.engines.ruin.chance import seeded
        from routing.engines.ruin.neighbours import nearest

        self.model = model
        self.params = params
        self.tasks = tasks = model.tasks
        nodes, slots = len(model.node), len(model.slot)
        self.near = nearest(model.node[: tasks + 1], model.mode, model.dist, min(params.ruin_width, max(1, tasks - 1)))
        self.width = min(params.width, tasks - 1)
        self.rng = seeded(seed)
        self.left_out = np.zeros(tasks + 2, np.int32)
        self.best_next = np.zeros(nodes, np.int32)
        self.notes = (
            np.zeros(nodes, NODE),
            np.zeros(nodes, np.int32),
            np.zeros(nodes, np.int64),
            np.zeros(slots, SLOT),
            np.zeros(slots, np.int32),
        )
        absent, rank = np.zeros(tasks + 2, np.int32), np.zeros(tasks + 2, np.float64)
        before, seen = np.zeros(tasks + 2, np.int32), np.zeros(nodes, np.int64)
        able = np.zeros(tasks + 2, np.int32)
        self.desk = (absent, rank, self.left_out, before, seen, able, self.notes, self.best_next)
        self.books = np.zeros(BOOKS, np.int64)

    def begin(self, tours: Sequence[Tour]) -> None:
        """Start from tours (none: everything out) and take them as the best known."""
        out = self.model.load(tours)
        self._restart(out)
        self.books[BEST], self.books[AHEAD] = self.books[COST], 1

    def _restart(self, out: Sequence[int]) -> None:
        from routing.engines.ruin.plain.search import settle

        self.left_out[: len(out)] = out
        self.books[LEFT] = len(out)
        cost = settle(self.model.world(), self.notes, self.books)
        self.books[COST] = cost + int(self.model.task["penalty"][list(out)].sum())

    def step(self, steps: int, hot: float, cold: float) -> None:
        """Run the kernel."""
        from routing.engines.ruin.plain.search import run

        p, m = self.params, self.model
        run(
            m.world(),
            self.desk,
            self.near,
            self.width,
            self.rng,
            m.flat,
            steps,
            float(hot),
            float(cold),
            float(p.strings),
            float(p.longest),
            float(p.blink),
            self.books,
        )

    def best_cost(self) -> int:
        """Cost of the best routes found."""
        return int(self.books[BEST])

    def left(self) -> int:
        """Tasks left out now."""
        return int(self.books[LEFT])

    def cost_a_task(self) -> float:
        """Best cost a served task, without penalties of what is left out."""
        self.show_best()
        left = self.left_out[: self.left()]
        cost = self.best_cost() - int(self.model.task["penalty"][left].sum())
        return max(1.0, cost / max(1, self.model.tasks - len(left)))

    def show_best(self) -> None:
        """Go on from the best routes."""
        if self.books[AHEAD]:
            return
        model, orders = self.model, []
        tasks = model.tasks
        for s in range(len(model.slot)):
            order, t = [], int(self.best_next[tasks + 1 + s])
            while t <= tasks:
                order.append(t)
                t = int(self.best_next[t])
            orders.append(order)
        model.clear()
        for s, order in enumerate(orders):
            model.link(s, order)
        self._restart((np.nonzero(model.node["slot"][1 : tasks + 1] < 0)[0] + 1).tolist())
        self.books[AHEAD] = 1

    def tours(self) -> list[Tour]:
        """The best routes; the search goes on from them."""
        from routing.engines.ruin.plain.search import traced

        self.show_best()
        chosen = np.zeros(self.model.tasks + 2, np.int32)
        tours = []
        for s in range(len(self.model.slot)):
            count = traced(self.model.world(), s, chosen)
            if count:
                tours.append(self.model.tour(s, chosen[:count][::-1].tolist()))
        return tours

    def tasks_left(self) -> list[int]:
        """Problem's numbers of the tasks the present routes leave out."""
        return [self.model.task_of[t] for t in self.left_out[: self.left()].tolist()]
