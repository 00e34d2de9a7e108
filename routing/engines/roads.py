"""What arcs, turns and work cost a vehicle: the network as its profile changes it.

One `RoadBook` is made for a plan that is timed; it looks each profile up once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from routing.errors import BadProblem
from routing.network import IntArray
from routing.problem import Problem, Profile, Task, Vehicle

AS_IS = Profile("")
"""The profile of a vehicle that names none."""


def profile_of(problem: Problem, name: str) -> Profile:
    """The profile of that name. Raises BadProblem."""
    if not name:
        return AS_IS
    for profile in problem.profiles:
        if profile.name == name:
            return profile
    raise BadProblem(f"profile {name} is not in the problem: add it or name another")


def percent_of(amount: int, percent: int) -> int:
    """`percent` of an amount, rounded up."""
    return -(-amount * percent // 100)


class Roads:
    """Cost and seconds of legs and of work for one profile."""

    def __init__(self, problem: Problem, profile: Profile, turn_keys: IntArray, turn_order: IntArray) -> None:
        network = problem.network
        self.duration_s = network.duration_s if profile.duration_s is None else profile.duration_s
        self.cost = network.cost if profile.cost is None else profile.cost
        self.percent = profile.work_percent
        self._arcs = network.arcs
        self._turns = network.turn_costs
        self._keys = turn_keys
        self._order = turn_order

    def leg(self, last: int, arcs: Iterable[int], into: int = -1) -> tuple[int, int]:
        """(cost, seconds) of driving arcs after arc `last` (-1: none) and of the turn into the served arc `into`."""
        driven = list(arcs)
        cost = sum(self.cost[driven].tolist()) if driven else 0
        seconds = sum(self.duration_s[driven].tolist()) if driven else 0
        if len(self._keys):
            chain = [arc for arc in (last, *driven, into) if arc >= 0]
            for first, second in pairwise(chain):
                key = first * self._arcs + second
                at = int(np.searchsorted(self._keys, key, side="right")) - 1
                if self._keys[at] == key:
                    turn = int(self._order[at])
                    cost += int(self._turns.cost[turn])
                    seconds += int(self._turns.duration_s[turn])
        return cost, seconds

    def work(self, task: Task) -> tuple[int, int]:
        """(cost, seconds) of serving a task."""
        return percent_of(task.service_cost, self.percent), percent_of(task.service_s, self.percent)


class RoadBook:
    """The roads of every profile, each made when it is first asked for."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        turns = problem.network.turn_costs
        keys = turns.first * problem.network.arcs + turns.second
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._made: dict[str, Roads] = {}

    def of(self, vehicle: Vehicle) -> Roads:
        """Roads as this vehicle finds them. Raises BadProblem for an unknown profile."""
        name = vehicle.profile
        if name not in self._made:
            self._made[name] = Roads(self._problem, profile_of(self._problem, name), self._keys, self._order)
        return self._made[name]
