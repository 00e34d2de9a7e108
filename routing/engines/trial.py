"""What an insertion really adds: the route timed in full, with all rules that look beyond the gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from routing.engines.assemble import Visit, held, ports_of, release_after
from routing.engines.line import NO_END, Line, Timing, time_items, with_visits
from routing.engines.roads import percent_of, profile_of
from routing.engines.schedule import Item
from routing.passes import paced
from routing.paths.search import PathFinder
from routing.problem import Problem, Repeat

WAITS_TRIED = 24
"""Times a way is timed anew because a pass in it came too early."""


class Way(NamedTuple):
    """One way to go in: these visits in a gap of a line."""

    line: int
    gap: int
    visits: tuple[Visit, ...]


@dataclass(slots=True)
class Trial:
    """Tries ways on the lines of an inserter (the same list: it always sees them as they are)."""

    problem: Problem
    finder: PathFinder
    lines: list[Line]
    _paced: dict[str, Repeat] = field(init=False)

    def __post_init__(self) -> None:
        self._paced = paced(self.problem)

    def added(self, way: Way, bound: int) -> int | None:
        """What a way adds, None where it breaks a rule. `bound` is its price without what lies behind the gap."""
        line = self.lines[way.line]
        if self._is_exact(line):
            return bound
        timed = self._timed(way)
        if timed is None:
            return None
        timing, extra, _ = timed
        return extra + timing.cost - line.timing.cost + self._fairness(way.line, timing)

    def opens(self, way: Way) -> dict[int, int]:
        """When passes of the line (by their tasks' numbers) begin at the earliest with a way that can be gone."""
        timed = self._timed(way) if self._paced else None
        return {} if timed is None else timed[2]

    def _timed(self, way: Way) -> tuple[Timing, int, dict[int, int]] | None:
        """(times of the tour with the way, what is added apart from what time costs, until when passes wait), or None.

        A pass that comes too early waits; one that others would have to wait for is held back until after them.
        """
        line = self.lines[way.line]
        vehicle = self.problem.vehicles[line.tour.vehicle]
        tour = with_visits(line, way.gap, way.visits)
        items, home_s, extra = self._items(line, way, tour.visits)
        opens = dict(line.opens)
        for _ in range(WAITS_TRIED):
            timing = time_items(self.problem, vehicle, items, home_s, line.start_s, tour.visits)
            if not timing.kept:
                return None
            early = self._too_early(way.line, tour.visits, timing)
            if early is None:
                return (timing, extra, opens) if self._on_patterns(way.line, tour.visits) else None
            opens[early[0]] = early[1]
            items = held(items, tour.visits, opens)
        return None

    def legs(self, line: Line, way: Way) -> list[tuple[int, ...]]:
        """Arcs from the place before a gap through the new visits to the place after it."""
        finder = self.finder.of(self.problem.vehicles[line.tour.vehicle].profile)
        at, legs = int(line.sources[way.gap]), []
        for visit in way.visits:
            entry, leave = ports_of(self.problem, finder, visit)
            legs.append(finder.path(at, entry))
            at = leave
        sink = int(line.sinks[way.gap])
        return [*legs, () if sink == NO_END else finder.path(at, sink)]

    def _is_exact(self, line: Line) -> bool:
        """Whether the price of a gap holds everything already."""
        vehicle = self.problem.vehicles[line.tour.vehicle]
        problem = self.problem
        simple = not (vehicle.breaks or vehicle.duration_rate or problem.fairness_weight or problem.repeats)
        if not simple or any(item.due_s is not None and item.weight for item in line.items):
            return False
        return not any(task.release_s for task in problem.tasks)

    def _items(self, line: Line, way: Way, visits: Sequence[Visit]) -> tuple[list[Item], int, int]:
        """(items of the whole tour, seconds home, what is added apart from what time costs)."""
        problem, vehicle = self.problem, self.problem.vehicles[line.tour.vehicle]
        finder = self.finder.of(vehicle.profile)
        percent = profile_of(problem, vehicle.profile).work_percent
        at, driven, fees = int(line.sources[way.gap]), 0, 0
        fresh: list[Item] = []
        for visit in way.visits:
            entry, leave = ports_of(problem, finder, visit)
            cost, leg_s = (int(row[entry]) for row in finder.from_port(at))
            driven, at = driven + cost, leave
            if visit.facility:
                place = problem.facilities[visit.item]
                fees += place.service_cost
                fresh.append(Item(leg_s, place.window[0], place.window[1], place.service_s))
            else:
                task = problem.tasks[visit.item]
                fees += percent_of(task.service_cost, percent)
                fees += task.move_cost if task.keep is not None and task.keep != line.tour.name else 0
                stay = percent_of(task.service_s, percent)
                fresh.append(Item(leg_s, *task.window, stay, task.deadline_s, task.weight))
        sink = int(line.sinks[way.gap])
        cost, leg_s = (0, 0) if sink == NO_END else (int(row[sink]) for row in finder.from_port(at))
        behind, home_s = list(line.items[way.gap :]), line.home_s
        if behind:
            behind[0] = replace(behind[0], leg_s=leg_s)
        else:
            home_s = leg_s
        idle = not line.tour.visits
        extra = vehicle.travel_rate * (driven + cost) - (0 if idle else int(line.leg_cost[way.gap])) + fees
        items = [*line.items[: way.gap], *fresh, *behind]
        if any(problem.tasks[v.item].release_s for v in visits if not v.facility):
            items = [
                replace(item, opens_s=max(item.opens_s, release_after(problem, visits, n))) if visit.facility else item
                for n, (item, visit) in enumerate(zip(items, visits, strict=True))
            ]
        return items, home_s, extra + (vehicle.fixed_cost if idle else 0)

    def _fairness(self, number: int, timing: Timing) -> int:
        """What a longer longest route costs."""
        if not self.problem.fairness_weight:
            return 0
        lengths = [line.timing.end_s - line.timing.start_s if line.tour.visits else 0 for line in self.lines]
        others = max((length for i, length in enumerate(lengths) if i != number), default=0)
        longest = max(others, timing.end_s - timing.start_s)
        return self.problem.fairness_weight * (longest - max(others, lengths[number]))

    # ---- passes of one piece of work

    def _too_early(self, number: int, visits: Sequence[Visit], timing: Timing) -> tuple[int, int] | None:
        """A pass of this tour (its task's number) that is too close to another of its day, and when it may begin."""
        if not self._paced:
            return None
        tasks, day = self.problem.tasks, self._day(number)
        served: dict[int, list[tuple[int, int, bool, int]]] = {}
        for i, line in enumerate(self.lines):
            if self._day(i) != day:
                continue
            own = timing if i == number else line.timing
            for visit, start, end in zip(
                visits if i == number else line.tour.visits, own.starts, own.ends, strict=True
            ):
                if not visit.facility and tasks[visit.item].id in self._paced:
                    key = id(self._paced[tasks[visit.item].id])
                    served.setdefault(key, []).append((start, end, i == number, visit.item))
        for passes in served.values():
            gap_s = self._paced[tasks[passes[0][3]].id].gap_s
            for one, then in pairwise(sorted(passes)):
                if then[0] - one[1] < gap_s:
                    if then[2]:
                        return then[3], one[1] + gap_s
                    if one[2]:
                        return one[3], then[1] + gap_s
        return None

    def _on_patterns(self, number: int, visits: Sequence[Visit]) -> bool:
        """Whether the passes served so far, with this tour as tried, may still be on a pattern of days."""
        patterned = [repeat for repeat in self.problem.repeats if repeat.patterns]
        if not patterned:
            return True
        days = {
            self.problem.tasks[visit.item].id: self._day(i)
            for i, line in enumerate(self.lines)
            for visit in (visits if i == number else line.tour.visits)
            if not visit.facility
        }
        return all(_holds(repeat, days) for repeat in patterned)

    def _day(self, number: int) -> int:
        return self.problem.vehicles[self.lines[number].tour.vehicle].day


def _holds(repeat: Repeat, days: dict[str, int]) -> bool:
    own = [days[name] for name in repeat.tasks if name in days]
    return any(len(set(own)) == len(own) and set(own) <= set(pattern) for pattern in repeat.patterns)
