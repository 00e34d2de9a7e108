"""Bringing a plan that was made as if facilities had room for all, and passes no gap, into line with both.

Times are played through (`routing.queues`), work that the waiting pushes out of a window or a shift is taken out and
put in elsewhere where it fits, and starts and breaks are staggered (`routing.stagger`).
"""

from __future__ import annotations

from routing.engines.assemble import finder_for
from routing.engines.insertion import insert
from routing.engines.reasons import TIME
from routing.engines.removal import without
from routing.passes import paced
from routing.paths.search import PathFinder
from routing.plan import Plan
from routing.problem import Problem
from routing.queues import Play, has_queues, retime
from routing.stagger import stagger

TAKEN_OUT = 200
"""Tasks that may be taken out of a plan whose queues are too long."""
PUT_BACK = 40
"""Tasks taken out that are tried elsewhere."""


def settle(problem: Problem, plan: Plan, finder: PathFinder | None = None) -> Plan:
    """The plan with its queues and its passes apart. The very same object where the problem has neither.

    `finder` is one made for a problem of the same network and modes.
    """
    if not has_queues(problem) and not paced(problem):
        return plan
    play = Play(problem)
    timed = retime(problem, plan)
    if play.missed(timed) > play.missed(plan):
        timed = _relieved(problem, timed, finder or finder_for(problem), play.missed(plan))
    return stagger(problem, timed)


def _relieved(problem: Problem, plan: Plan, finder: PathFinder, bearable_s: int) -> Plan:
    """Take the last tasks out of routes that wait themselves out of time, then put them in where nobody suffers."""
    play = Play(problem)
    out: list[str] = []
    while len(out) < TAKEN_OUT and play.missed(plan) > bearable_s:
        victim = _last_movable(problem, plan, play)
        if victim is None:
            break
        out.append(victim)
        plan = retime(problem, without(problem, finder, plan, [victim], TIME))
    for name in out[:PUT_BACK]:
        trial = retime(problem, insert(problem, plan, [name], finder))
        if play.missed(trial) <= bearable_s and all(entry.task != name for entry in trial.unserved):
            plan = trial
    return plan


def _last_movable(problem: Problem, plan: Plan, play: Play) -> str | None:
    """The last pass that waits in the route that is most out of time, else its last task; one that is not frozen."""
    frozen = {(v.id, stop.ref) for v in problem.vehicles for stop in v.frozen}
    late = sorted(
        (route for route in plan.routes if play.missed_s(route)), key=lambda r: (-play.missed_s(r), r.vehicle)
    )
    for route in late:
        movable = [
            (play.paces(route, at), at, stop.ref)
            for at, stop in enumerate(route.stops)
            if stop.kind == "task" and (route.vehicle, stop.ref) not in frozen
        ]
        if movable:
            return max(movable)[2]
    return None
