"""Passes of one piece of work that may fall on one day: which go first, and which wait for the gap. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from routing.plan import Route
from routing.problem import Problem, Repeat


def paced(problem: Problem) -> dict[str, Repeat]:
    """The repeat of each task that may have to wait for another pass. Where patterns are wanted, days part them."""
    return {
        name: repeat
        for repeat in problem.repeats
        if not repeat.patterns and len(repeat.tasks) > 1
        for name in repeat.tasks
    }


def turns(repeats: Mapping[str, Repeat], routes: Sequence[Route], days: Sequence[int]) -> dict[str, str]:
    """The pass that each pass comes right after on its day, in the order the routes (on these days) state.

    Stops of one second are in the order of routes and within them, so that no two passes wait for each other.
    """
    if not repeats:
        return {}
    stated = sorted(
        (stop.start_s, number, place, stop.ref)
        for number, route in enumerate(routes)
        for place, stop in enumerate(route.stops)
        if stop.kind == "task" and stop.ref in repeats
    )
    before: dict[str, str] = {}
    last: dict[tuple[int, int], str] = {}
    seen: set[str] = set()
    for _, number, _, name in stated:
        if name in seen:
            continue
        seen.add(name)
        line = id(repeats[name]), days[number]
        if line in last:
            before[name] = last[line]
        last[line] = name
    return before
