"""Rules of a Problem that reach over several routes, or look back within one, as constraints of OR-Tools' model.

- releases: a dimension carries when the trip left its start or its last facility; at a task it is no less than the
  task's release.
- breaks: optional intervals of a vehicle, performed where its route ends after the break's window.
- fairness: a dimension of each route's own seconds from zero, whose greatest end has a price (the global span).
- bays: visits to a facility are intervals on a resource; what first come, first served makes of it is found afterwards.
- frozen: the first successors of a vehicle's start are given.
- repeats: passes of one day apart in time by reified comparisons, and nobody waits but for a window or a gap; days by a
  table of allowed combinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

from routing.engines.features import Feature
from routing.engines.ortools_model import OrtoolsModel
from routing.passes import paced
from routing.problem import HORIZON_S, Repeat

UNSERVED = -1
"""Day of a pass nobody serves."""


def add_rules(model: OrtoolsModel, found: frozenset[Feature]) -> None:
    """All rules the problem has."""
    if Feature.RELEASES in found:
        add_releases(model)
    if Feature.BREAKS in found:
        add_breaks(model)
    if Feature.FAIRNESS in found:
        add_fairness(model)
    if Feature.BAYS in found:
        add_bays(model)
    if Feature.FROZEN in found:
        add_frozen(model)
    if Feature.REPEATS in found and not found & {Feature.BREAKS, Feature.BAYS, Feature.RELEASES}:
        forbid_idling(model)
    for repeat in model.problem.repeats:
        if repeat.patterns:
            add_days(model, repeat)
        else:
            add_gaps(model, repeat)


def add_releases(model: OrtoolsModel) -> None:
    """When the trip a stop belongs to was begun."""
    routing, time = model.routing, model.time()
    nothing = routing.RegisterUnaryTransitVector([0] * model.manager.GetNumberOfNodes())
    routing.AddDimension(nothing, HORIZON_S, HORIZON_S, False, "trip")
    trip, solver = routing.GetDimensionOrDie("trip"), routing.solver()
    for node, i in enumerate(model.node_task):
        index = model.manager.NodeToIndex(node)
        trip.SlackVar(index).SetValue(0)
        trip.CumulVar(index).SetMin(model.problem.tasks[i].release_s)
    for copy in range(len(model.node_facility)):
        index = model.facility_index(copy)
        solver.Add(trip.SlackVar(index) + trip.CumulVar(index) == time.CumulVar(index))
    for v in range(len(model.crews)):
        start = routing.Start(v)
        trip.SlackVar(start).SetValue(0)
        solver.Add(trip.CumulVar(start) == time.CumulVar(start))


def add_breaks(model: OrtoolsModel) -> None:
    """Breaks owed by routes that end after the break's window."""
    time, solver = model.time(), model.routing.solver()
    for v in range(len(model.crews)):
        vehicle = model.own(v)
        intervals = []
        for rest in vehicle.breaks:
            if rest.window[1] >= vehicle.shift[1]:
                continue
            name = f"{vehicle.id} {rest.id}"
            interval = solver.FixedDurationIntervalVar(rest.window[0], rest.window[1], rest.duration_s, True, name)
            owed = solver.IsGreaterOrEqualCstVar(time.CumulVar(model.routing.End(v)), rest.window[1] + 1)
            solver.Add(interval.PerformedExpr() == owed)
            intervals.append(interval)
        if intervals:
            stays = model.stays_s[vehicle.profile]
            by_index = [int(stays[model.manager.IndexToNode(i)]) for i in range(model.routing.Size())]
            time.SetBreakIntervalsOfVehicle(intervals, v, by_index)


def add_fairness(model: OrtoolsModel) -> None:
    """The longest route's seconds have a price."""
    routing, time, solver = model.routing, model.time(), model.routing.solver()
    nothing = routing.RegisterUnaryTransitVector([0] * model.manager.GetNumberOfNodes())
    routing.AddDimension(nothing, HORIZON_S, HORIZON_S, True, "spent")
    spent = routing.GetDimensionOrDie("spent")
    for v in range(len(model.crews)):
        start, end = routing.Start(v), routing.End(v)
        solver.Add(spent.CumulVar(end) == time.CumulVar(end) - time.CumulVar(start))
    spent.SetGlobalSpanCostCoefficient(model.problem.fairness_weight)


def add_bays(model: OrtoolsModel) -> None:
    """No more vehicles at a facility at once than it has bays."""
    time, solver = model.time(), model.routing.solver()
    visits: dict[int, list[Any]] = {}
    for copy, f in enumerate(model.node_facility):
        place, index = model.problem.facilities[f], model.facility_index(copy)
        if place.bays > 0 and place.service_s > 0:
            active = model.routing.ActiveVar(index)
            interval = solver.FixedDurationIntervalVar(
                time.CumulVar(index), place.service_s, active, f"{place.id} {copy}"
            )
            visits.setdefault(f, []).append(interval)
    for f, intervals in visits.items():
        bays = model.problem.facilities[f].bays
        solver.Add(solver.Cumulative(intervals, [1] * len(intervals), bays, model.problem.facilities[f].id))


def add_frozen(model: OrtoolsModel) -> None:
    """The first stops of vehicles that have begun."""
    for v, route in frozen_indices(model).items():
        at = model.routing.Start(v)
        for index in route:
            model.routing.NextVar(at).SetValue(index)
            at = index


def frozen_indices(model: OrtoolsModel) -> dict[int, list[int]]:
    """Indices of the stops each vehicle of the model begins with; facility copies are dealt out in order."""
    numbers = {task.id: i for i, task in enumerate(model.problem.tasks)}
    places = {place.id: f for f, place in enumerate(model.problem.facilities)}
    node_of = {pair: node for node, pair in enumerate(zip(model.node_task, model.node_mode, strict=True))}
    copies: dict[int, list[int]] = {}
    for copy, f in enumerate(model.node_facility):
        copies.setdefault(f, []).append(model.facility_index(copy))
    found: dict[int, list[int]] = {}
    begun: set[int] = set()
    for v, crew in enumerate(model.crews):
        stops = model.own(v).frozen
        if not stops or crew.own in begun:
            continue
        begun.add(crew.own)
        found[v] = [
            copies[places[stop.ref]].pop(0)
            if stop.kind == "facility"
            else model.manager.NodeToIndex(node_of[numbers[stop.ref], stop.mode])
            for stop in stops
        ]
    return found


def forbid_idling(model: OrtoolsModel) -> None:
    """Vehicles wait for windows, and before passes for gaps."""
    routing, time, solver = model.routing, model.time(), model.routing.solver()
    waits = [0] * (routing.Size() + len(model.crews))
    for name in paced(model.problem):
        for index in model.indices_of(name):
            waits[index] = 1
    opens = [UNSERVED] * (routing.Size() + len(model.crews))
    for node, i in enumerate(model.node_task):
        opens[model.manager.NodeToIndex(node)] = model.problem.tasks[i].window[0]
    for copy, f in enumerate(model.node_facility):
        opens[model.facility_index(copy)] = model.problem.facilities[f].window[0]
    for index in range(routing.Size()):
        begin = time.CumulVar(index) + time.TransitVar(index)
        opening = solver.Element(opens, routing.NextVar(index))
        may = solver.Element(waits, routing.NextVar(index))
        solver.Add((time.SlackVar(index) == 0) + (begin == opening) + may >= 1)


def add_gaps(model: OrtoolsModel, repeat: Repeat) -> None:
    """Two served passes are `gap_s` apart, in either order, or on two days."""
    time, solver, routing = model.time(), model.routing.solver(), model.routing
    days = [UNSERVED, *(model.own(v).day for v in range(len(model.crews)))]
    stay = [max(int(stays[node]) for stays in model.stays_s.values()) for node in range(len(model.node_task))]
    for first, second in combinations(_passes(model, repeat), 2):
        for a in first:
            for b in second:
                wait_a = stay[model.manager.IndexToNode(a)] + repeat.gap_s
                wait_b = stay[model.manager.IndexToNode(b)] + repeat.gap_s
                ahead = time.CumulVar(b) - time.CumulVar(a)
                apart = (ahead >= wait_a) + (ahead <= -wait_b)
                if len(set(days)) > 2:
                    on_a, on_b = (solver.Element(days, routing.VehicleVar(index) + 1) for index in (a, b))
                    apart += on_a != on_b
                solver.Add(apart >= routing.ActiveVar(a) + routing.ActiveVar(b) - 1)


def add_days(model: OrtoolsModel, repeat: Repeat) -> None:
    """The days of the passes are an allowed pattern, or part of one where some stay out."""
    solver, routing = model.routing.solver(), model.routing
    days = [model.own(v).day for v in range(len(model.crews))]
    by_pass = []
    for indices in _passes(model, repeat):
        on = [solver.Element([UNSERVED, *days], routing.VehicleVar(index) + 1).Var() for index in indices]
        by_pass.append(on[0] if len(on) == 1 else solver.Max(on).Var())
    if by_pass:
        solver.Add(solver.AllowedAssignments(by_pass, sorted(set(_combinations(len(by_pass), repeat.patterns)))))


def _passes(model: OrtoolsModel, repeat: Repeat) -> list[list[int]]:
    return [indices for name in repeat.tasks if (indices := model.indices_of(name))]


def _combinations(passes: int, patterns: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Days of each pass, `UNSERVED` for those that stay out."""
    for pattern in patterns:
        for served in range(min(passes, len(pattern)) + 1):
            for days in permutations(pattern, served):
                for who in combinations(range(passes), served):
                    row = [UNSERVED] * passes
                    for at, day in zip(who, days, strict=True):
                        row[at] = day
                    yield tuple(row)
