"""OR-Tools, the reference engine: it models every constraint a Problem can state, and polishes any plan.

Guided local search from the given plan, or from parallel cheapest insertion. Its plans are checked here, and the result
is never worse than the plan it started from. `ortools_model` and `ortools_rules` say how a Problem maps.

Deterministic under an iteration budget: one thread, no clock, and an end counted in solutions found (with a limit on
failures so that a search that finds none ends too). `STEPS_A_SOLUTION` steps of the budget pay one. Under a budget of
seconds the building of the model counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from routing.checker import check
from routing.engines.assemble import Tour, Visit, assemble, left_and_cost, tours_of, vehicle_name
from routing.engines.base import WALL_SLACK_S, Budget, Stopwatch
from routing.engines.features import features, refusal
from routing.engines.ortools_model import OrtoolsModel, crews_of, facility_copies
from routing.engines.ortools_rules import add_rules, frozen_indices
from routing.engines.reasons import TIME, impossible, left_out
from routing.engines.settle import settle
from routing.engines.workbench import workbench
from routing.passes import paced
from routing.plan import Plan, Unserved
from routing.problem import HORIZON_S, Problem

CELLS_MAX = 9_000_000
"""Cells of its tables for one profile and rate, times the number of these; a cell takes about 80 bytes as they are
made."""

PASSES_MAX = 5
"""Passes of a piece of work with day patterns: their combinations are listed."""

DEFAULT_ITERATIONS = 4_000
"""Steps where the budget names nothing."""

STEPS_A_SOLUTION = 20
"""Steps of an iteration budget that pay for one solution of the local search."""

FAILURES_A_SOLUTION = 50
"""Failed branches allowed for each solution asked for, and at least as many thousands."""


class OrtoolsEngine:
    """Guided local search over everything."""

    name = "ortools"

    def supports(self, problem: Problem) -> str | None:
        """Everything up to a size."""
        refused = refusal(problem, {})
        if refused is not None:
            return refused
        every = range(len(problem.tasks))
        nodes = sum(len(task.modes) for task in problem.tasks) + 2 * len(crews_of(problem, len(every)))
        nodes += facility_copies(problem, every) * len(problem.facilities)
        tables = len({(v.profile, v.travel_rate) for v in problem.vehicles})
        if nodes * nodes * tables > CELLS_MAX:
            return f"{tables} tables of {nodes} nodes, it is given at most {CELLS_MAX:,} cells"
        if any(repeat.patterns and len(repeat.tasks) > PASSES_MAX for repeat in problem.repeats):
            return f"more than {PASSES_MAX} passes with day patterns"
        return None

    def solve(self, problem: Problem, start: Plan | None, budget: Budget, seed: int) -> Iterator[Plan]:
        """Yield the best plan found, or `start` where that is no worse."""
        watch = Stopwatch(budget.seconds)
        finder, matrix = workbench(problem)
        frozen = {stop.ref for vehicle in problem.vehicles for stop in vehicle.frozen}
        hopeless = {
            i: reason
            for i, task in enumerate(problem.tasks)
            if task.id not in frozen and (reason := impossible(problem, finder, task)) is not None
        }
        able = [i for i in range(len(problem.tasks)) if i not in hopeless]
        unserved = [Unserved(problem.tasks[i].id, reason) for i, reason in hopeless.items()]
        if not able and not frozen:
            yield assemble(problem, finder, (), unserved, self.name, seed, 0)
            return
        model = OrtoolsModel.build(problem, matrix, able)
        add_rules(model, features(problem))
        found, solutions = _search(model, None if start is None else tours_of(problem, start), budget, watch)
        if found is None:
            if start is not None:
                yield start
            return
        decided, starts = _read(model, found)
        opens = _waits(model, found)
        tours = _whole_repeats(problem, decided)
        served = {visit.item for tour in tours for visit in tour.visits if not visit.facility}
        for i in able:
            if i not in served:
                task = problem.tasks[i]
                unserved.append(Unserved(task.id, left_out(problem, finder, task, TIME)))
        plan = assemble(
            problem, finder, tours, unserved, self.name, seed, solutions, starts if problem.repeats else None, opens
        )
        plan = settle(problem, plan, finder)
        if start is not None and not _better(problem, plan, start):
            yield start
        else:
            yield plan


def _waits(model: OrtoolsModel, found: Any) -> dict[int, int]:
    """When each pass (by its task's number) begins that may have to wait for another."""
    passes = paced(model.problem)
    return {
        i: int(found.Value(model.time().CumulVar(index)))
        for i, indices in model.nodes_of.items()
        if model.problem.tasks[i].id in passes
        for index in indices
        if found.Value(model.routing.ActiveVar(index))
    }


def _better(problem: Problem, plan: Plan, start: Plan) -> bool:
    """By the checker's word."""
    if not check(problem, plan).feasible:
        return not check(problem, start).feasible
    return left_and_cost(problem, plan) < left_and_cost(problem, start) or not check(problem, start).feasible


def _whole_repeats(problem: Problem, tours: list[Tour]) -> list[Tour]:
    """Where day patterns are wanted, passes are served all or none: those of incomplete ones go."""
    served = {problem.tasks[v.item].id for tour in tours for v in tour.visits if not v.facility}
    out = {
        name
        for repeat in problem.repeats
        if repeat.patterns and not served.issuperset(repeat.tasks)
        for name in repeat.tasks
    }
    if not out & served:
        return tours
    kept = []
    for tour in tours:
        visits = tuple(v for v in tour.visits if v.facility or problem.tasks[v.item].id not in out)
        if any(not v.facility for v in visits):
            kept.append(tour._replace(visits=visits))
    return kept


def _search(model: OrtoolsModel, tours: Sequence[Tour] | None, budget: Budget, watch: Stopwatch) -> tuple[Any, int]:
    """Search within the budget. Returns the assignment (None where there is no plan) and the solutions found."""
    from ortools.constraint_solver import pywrapcp
    from ortools.constraint_solver import routing_enums_pb2 as enums

    routing, solver = model.routing, model.routing.solver()
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = enums.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = enums.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    iterations = budget.iterations
    if iterations is None and budget.seconds is None:
        iterations = DEFAULT_ITERATIONS
    if iterations is not None:
        wanted = max(1, iterations // STEPS_A_SOLUTION)
        parameters.solution_limit = wanted
        failures = FAILURES_A_SOLUTION * max(1_000, wanted)
        routing.AddSearchMonitor(solver.FailuresLimit(failures))
    if budget.seconds is not None:
        # Its own limit is wall time; processor time, which is what a budget counts, runs slower on a busy machine.
        parameters.time_limit.FromMilliseconds(int(1_000 * min(max(0.05, watch.left()) + WALL_SLACK_S, HORIZON_S)))
        routing.AddSearchMonitor(solver.CustomLimit(lambda: watch.left() <= 0))
    routing.CloseModelWithParameters(parameters)
    hint = None if tours is None else _hint(model, tours)
    if hint is None:
        found = routing.SolveWithParameters(parameters)
    else:
        found = routing.SolveFromAssignmentWithParameters(hint, parameters)
    return found, int(solver.Solutions())


def _hint(model: OrtoolsModel, tours: Sequence[Tour]) -> Any:
    """The solver's form of given tours, or None where they do not fit the model."""
    problem = model.problem
    node_of = {pair: node for node, pair in enumerate(zip(model.node_task, model.node_mode, strict=True))}
    begun = frozen_indices(model)
    taken = {index for route in begun.values() for index in route}
    copies: dict[int, list[int]] = {}
    for copy, f in enumerate(model.node_facility):
        if model.facility_index(copy) not in taken:
            copies.setdefault(f, []).append(model.facility_index(copy))
    routes: list[list[int]] = [[] for _ in model.crews]
    free = set(range(len(model.crews)))
    for tour in tours:
        skills = frozenset[str]().union(*(problem.tasks[v.item].skills for v in tour.visits if not v.facility))
        fitting = (v for v in sorted(free) if model.crews[v].own == tour.vehicle and skills <= model.crews[v].skills)
        v = next(fitting, None)
        if v is None:
            return None
        free.discard(v)
        routes[v] = list(begun.get(v, ()))
        for visit in tour.visits[len(routes[v]) :]:
            if visit.facility:
                if not copies.get(visit.item):
                    return None
                routes[v].append(copies[visit.item].pop(0))
            elif (visit.item, visit.mode) in node_of:
                routes[v].append(model.manager.NodeToIndex(node_of[visit.item, visit.mode]))
    return model.routing.ReadAssignmentFromRoutes(routes, True)


def _read(model: OrtoolsModel, found: Any) -> tuple[list[Tour], dict[str, int]]:
    """Tours of a solution, and when each begins; facility visits that reset nothing are left out, but frozen ones."""
    problem, routing = model.problem, model.routing
    tours, starts = [], {}
    copies: dict[int, int] = {}
    for v, crew in enumerate(model.crews):
        own = problem.vehicles[crew.own]
        visits: list[Visit] = []
        used = any(own.initial_used)
        index = found.Value(routing.NextVar(routing.Start(v)))
        while not routing.IsEnd(index):
            node = model.manager.IndexToNode(index)
            if node < len(model.node_task):
                task = model.node_task[node]
                visits.append(Visit(False, task, model.node_mode[node]))
                used = used or any(problem.tasks[task].demand) or problem.tasks[task].release_s > 0
            elif used or len(visits) < len(own.frozen):
                visits.append(Visit(True, model.node_facility[node - len(model.node_task)], 0))
                used = bool(problem.facilities[visits[-1].item].resets)
            index = found.Value(routing.NextVar(index))
        while len(visits) > len(own.frozen) and visits[-1].facility and not problem.unload_at_end:
            visits.pop()
        if any(not visit.facility for visit in visits) or own.frozen:
            copies[crew.own] = copies.get(crew.own, 0) + 1
            tours.append(Tour(crew.own, vehicle_name(problem, crew.own, copies[crew.own]), tuple(visits)))
            starts[tours[-1].name] = int(found.Value(model.time().CumulVar(routing.Start(v))))
    return tours, starts
