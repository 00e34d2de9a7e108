"""State of one search: the model's arrays, scratch space, the books, the best routes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from routing.engines.assemble import Tour
from routing.engines.ruin.layout import BIG
from routing.engines.ruin.model import Model
from routing.engines.ruin.params import RuinParams
from routing.engines.ruin.tours import link, load


class Search:
    """A search driven by `cooling.cool`."""

    def __init__(self, model: Model, params: RuinParams, seed: int) -> None:
        from routing.engines.ruin.chance import seeded
        from routing.engines.ruin.neighbours import nearest
        from routing.engines.ruin.timed.near import nearest_timed

        self.model = model
        self.tasks = tasks = len(model.task) - 1
        repeated = max(1, len(model.calendar.member) // max(1, len(model.calendar.group) - 1))
        if model.problem.repeats:
            params = replace(params, strings=max(2.0, params.strings / repeated), hot=2 * params.hot)
        self.params = params
        size = min(params.ruin_width * repeated, max(1, tasks - 1))
        self.near = (nearest if model.timed is None else nearest_timed)(model.task, model.mode, model.dist, size)
        self.width = min(params.width * repeated, tasks - 1)
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

        load(self.model, tours)
        self._unlink_torn_groups()
        self.resume()
        self.books[1] = self.books[0]
        keep_best(self.model.task, self.model.dist)

    def _unlink_torn_groups(self) -> None:
        """Take out repeats that a start serves on other days than allowed, or in part."""
        model, torn = self.model, set[int]()
        record, kind, calendar = model.task, model.kind, model.calendar
        for g in range(1, len(calendar.group)):
            own = calendar.group[g]
            first = int(own["first_member"])
            members = [int(t) for t in calendar.member[first : first + int(own["members"])]]
            served = [t for t in members if record["slot"][t] >= 0]
            days = sum(1 << int(kind["day"][model.slot["kind"][record["slot"][t]]]) for t in served)
            allowed = calendar.pattern[int(own["first_pattern"]) : int(own["after_pattern"])]
            if served and (len(served) < len(members) or days not in allowed):
                torn.update(served)
        for s in {int(record["slot"][t]) for t in torn}:
            chain, t = [], int(model.slot["first"][s])
            while t:
                chain.append((t, int(record["via"][t])))
                t = int(record["next"][t])
            link(model, s, [entry for entry in chain if entry[0] not in torn])
        record["slot"][sorted(torn)] = -1

    def resume(self) -> None:
        """Go on from the routes as they are linked; one that cannot be driven in time is taken apart."""
        from routing.engines.ruin.search import load_all

        model = self.model
        cost = load_all(model.world(), model.late, self.scratch)
        for s in np.nonzero(model.slot["cost"] >= BIG)[0]:
            cost -= int(model.slot["cost"][s])
            model.task["slot"][model.task["slot"] == s] = -1
            link(model, int(s), ())
            model.slot["end"][s] = model.slot["cost"][s] = 0
        left = [t for t in range(1, self.tasks + 1) if model.task["slot"][t] < 0]
        self.out[: len(left)] = left
        self.books[0], self.books[2] = cost + int(model.task["penalty"][left].sum()), len(left)

    def step(self, steps: int, hot: float, cold: float) -> None:
        """Run the kernel."""
        from routing.engines.ruin.search import run

        p, model = self.params, self.model
        run(
            model.world(),
            self.desk(),
            model.calendar.arrays(),
            self.near,
            self.width,
            self.rng,
            model.late,
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
        """Go on from the best routes; their modes, in driving order, for each slot."""
        from routing.engines.ruin.search import traced

        model = self.model
        chains = self._show_best()
        if model.timed is not None:
            chosen = [[int(model.task["best_mode"][t]) for t in chain] for chain in chains]
            self.resume()
            return chosen
        self.resume()
        modes = []
        for s in range(len(model.slot)):
            count = traced(model.world(), s, self.scratch)
            modes.append(self.scratch[:count][::-1].tolist())
        return modes

    def _show_best(self) -> list[list[int]]:
        """Link what `keep_best` noted. Returns the tasks of each slot in order."""
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
        chains = []
        for s, t in enumerate(heads):
            chain: list[tuple[int, int]] = []
            while t:
                chain.append((t, int(task["best_via"][t])))
                t = followed_by.get(t, 0)
            link(self.model, s, chain)
            chains.append([t for t, _ in chain])
        return chains
