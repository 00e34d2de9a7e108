"""Where the open part of a route begins: at the vehicle's start, or after the stops that are frozen."""

from __future__ import annotations

from dataclasses import dataclass

from routing.engines.assemble import Visit, used_after
from routing.engines.matrix import Matrix
from routing.engines.roads import RoadBook
from routing.problem import Problem


@dataclass(frozen=True, slots=True)
class Origin:
    """Row of the tables the vehicle leaves by, what is used then, its earliest time to leave, and the stops made."""

    row: int
    used: tuple[int, ...]
    clock_s: int
    visits: tuple[Visit, ...]

    @property
    def tasks(self) -> tuple[int, ...]:
        """Tasks served before the open part."""
        return tuple(visit.item for visit in self.visits if not visit.facility)


def origins_of(problem: Problem, matrix: Matrix) -> list[Origin]:
    """The origin of every vehicle's open part."""
    numbers = {
        "task": {task.id: i for i, task in enumerate(problem.tasks)},
        "facility": {facility.id: i for i, facility in enumerate(problem.facilities)},
    }
    roads = RoadBook(problem)
    origins = []
    for i, vehicle in enumerate(problem.vehicles):
        row, used, clock = int(matrix.start_row[i]), vehicle.initial_used, vehicle.shift[0]
        seconds = matrix.of(vehicle.profile).duration
        visits = []
        for stop in vehicle.frozen:
            visit = Visit(stop.kind == "facility", numbers[stop.kind][stop.ref], stop.mode)
            visits.append(visit)
            if visit.facility:
                place = problem.facilities[visit.item]
                column, window, stay_s = int(matrix.facility_column[visit.item]), place.window, place.service_s
                after = int(matrix.facility_row[visit.item])
            else:
                task = problem.tasks[visit.item]
                own = int(matrix.first_mode[visit.item]) + visit.mode
                column, window = int(matrix.mode_column[own]), task.window
                stay_s, after = roads.of(vehicle).work(task)[1], int(matrix.mode_row[own])
            clock = max(clock + int(seconds[row, column]), window[0]) + stay_s
            row, used = after, used_after(problem, used, visit)
        origins.append(Origin(row, used, clock, tuple(visits)))
    return origins
