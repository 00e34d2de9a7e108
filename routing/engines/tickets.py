"""Many single insertions into one plan: for explanations, where each is only tried."""

from __future__ import annotations

from collections.abc import Sequence

from routing.engines.assemble import finder_for
from routing.engines.insertion import Inserter, put_in
from routing.engines.settle import settle
from routing.paths.search import PathFinder
from routing.plan import Plan
from routing.problem import Problem

PROBLEMS_KEPT = 8
"""Variants of a problem whose routes are kept ready."""


class Tickets:
    """`insert` for variants of one problem (other limits, same network and modes), each prepared once."""

    def __init__(self, problem: Problem, finder: PathFinder | None = None) -> None:
        self.finder = finder or finder_for(problem)
        self._ready: dict[int, tuple[Problem, Plan, Inserter]] = {}

    def __call__(self, problem: Problem, plan: Plan, tasks: Sequence[str]) -> Plan:
        """The plan with the tasks put in, its queues settled."""
        known = self._ready.get(id(problem))
        if known is None or known[1] is not plan:
            known = (problem, plan, Inserter.from_plan(problem, self.finder, plan))
            self._ready[id(problem)] = known
            if len(self._ready) > PROBLEMS_KEPT:
                del self._ready[next(iter(self._ready))]
        fresh = Inserter(problem, self.finder)
        fresh.lines += known[2].lines
        return settle(problem, put_in(fresh, plan, tasks), self.finder)
