"""Peers that run outside this process: VROOM in another interpreter, HGS-CARP and HGS-CVRP as programs given by path.

Each is handed the same instance and seconds; what it answers becomes a Plan of ours.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from routing.engines.assemble import Tour, Visit, assemble, finder_for, vehicle_name
from routing.engines.fleet import copies_wanted
from routing.engines.matrix import Matrix, matrix_for
from routing.errors import NoEngine
from routing.instances.instance import Instance
from routing.instances.solution import read_solution
from routing.plan import Plan, Unserved
from routing.problem import HORIZON_S, Problem

VROOM_SCRIPT = Path(__file__).with_name("routing_vroom.py")

SLACK_S = 60.0
"""Wall time an outside program gets past its seconds."""

LARGEST = 2**31 - 1
"""Largest figure VROOM's matrices hold."""

VROOM_FLEET_MAX = 400

CARP_TYPES = {"carplib": "30", "mcgrp": "31", "pcarp": "32", "mcgrp_tp": "34"}
"""HGS-CARP's number of each format (34 needs its build with turn penalties)."""

_SERVICE = re.compile(r"\(\s*S\s+(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*\)")


def solve_with_vroom(instance: Instance, python: str | None, seconds: float) -> Plan:
    """Raises NoEngine where it is not there, does not model the problem, or leaves mandatory work out."""
    problem = instance.problem
    if python is None:
        raise NoEngine("no interpreter with pyvroom: give --vroom VENV/bin/python")
    finder = finder_for(problem)
    model = _vroom_model(problem, matrix_for(problem, finder), seconds)
    answer = _call([python, str(VROOM_SCRIPT)], json.dumps(model), seconds)
    names = [vehicle["own"] for vehicle in model["vehicles"]]
    tours = [
        Tour(names[v], vehicle_name(problem, names[v], v + 1), tuple(Visit(False, job, 0) for job in jobs))
        for v, jobs in json.loads(answer)["routes"]
    ]
    served = {visit.item for tour in tours for visit in tour.visits}
    unserved = [Unserved(task.id, "time") for t, task in enumerate(problem.tasks) if t not in served]
    return assemble(problem, finder, tours, unserved, "vroom", 0, 0)


def _vroom_model(problem: Problem, matrix: Matrix, seconds: float) -> dict[str, Any]:
    """Jobs at places of one table; place 0 is where vehicles start and end."""
    vehicles = problem.vehicles
    alike = len({(v.start, v.end, v.travel_rate, v.profile, v.shift) for v in vehicles}) == 1
    if not alike or any(len(task.modes) != 1 for task in problem.tasks) or problem.facilities or problem.repeats:
        raise NoEngine("VROOM is given points and vehicles that drive alike, without facilities")
    if any(task.prize is not None or task.release_s for task in problem.tasks):
        raise NoEngine("VROOM has no prizes and no releases")
    tables = {}
    for name, table in (("costs", matrix.cost * vehicles[0].travel_rate), ("durations", matrix.duration)):
        rows = [int(matrix.start_row[0]), *matrix.mode_row]
        columns = [int(matrix.end_column[0]), *matrix.mode_column]
        square = table[rows][:, columns].clip(max=LARGEST)
        for i in range(len(rows)):
            square[i, i] = 0
        tables[name] = square.tolist()
    if problem.unlimited_fleet:
        each = VROOM_FLEET_MAX // len(vehicles)
        fleet = [
            v for v in range(len(vehicles)) for _ in range(min(each, copies_wanted(problem, len(problem.tasks), v)))
        ]
    else:
        fleet = list(range(len(vehicles)))[:VROOM_FLEET_MAX]
    return {
        **tables,
        "seconds": seconds,
        "vehicles": [
            {
                "own": v,
                "start": 0,
                "end": 0,
                "capacity": list(vehicles[v].capacity),
                "shift": [vehicles[v].shift[0], min(vehicles[v].shift[1], HORIZON_S)],
                "fixed": vehicles[v].fixed_cost,
            }
            for v in fleet
        ],
        "jobs": [
            {"place": t + 1, "demand": list(task.demand), "service": task.service_s, "window": list(task.window)}
            for t, task in enumerate(problem.tasks)
        ],
    }


def solve_with_hgs(
    path: Path, instance: Instance, name: str, program: str | None, seconds: float, seed: int
) -> tuple[Plan, int | None]:
    """(plan, the cost it states). Raises NoEngine where there is no program, no such format, or no solution."""
    if program is None:
        raise NoEngine(f"no program: give --{name} PATH")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.sol"
        if name == "hgs-cvrp":
            if instance.kind != "cvrp":
                raise NoEngine("HGS-CVRP reads CVRP only")
            _call([program, str(path), str(out), "-t", f"{seconds:g}", "-seed", str(seed)], "", seconds)
        else:
            if instance.kind not in CARP_TYPES:
                raise NoEngine(f"HGS-CARP does not read {instance.kind}")
            kind = CARP_TYPES[instance.kind]
            _call(
                [program, str(path), "-type", kind, "-sol", str(out), "-seed", str(seed), "-t", f"{seconds:g}"],
                "",
                seconds,
            )
        if not out.is_file():
            raise NoEngine(f"{name} wrote no solution")
        text = out.read_text(encoding="latin-1")
    if name == "hgs-carp":
        text = carp_solution(text, instance)
    plan, faults = read_solution(instance, text, name)
    if faults:
        raise NoEngine(f"its solution is not understood: {faults[0].text}")
    stated = plan.cost
    plan, _ = read_solution(instance, re.sub(r"Cost.*", f"Cost {instance.cost_text(_cost(plan))}", text), name)
    return plan, stated


def _cost(plan: Plan) -> int:
    """What its routes add up to here (no such instance has other terms)."""
    return sum(route.cost for route in plan.routes)


def carp_solution(text: str, instance: Instance) -> str:
    """HGS-CARP's solution as FILE.sol. Its first line is the cost; `(S k,i,j)` serves its k-th task from i to j."""
    lines = text.splitlines()
    nodes = sum(names[0].startswith("n") for names in instance.labels)
    out, day = [], ""
    for number, line in enumerate((line for line in lines if "(D" in line), 1):
        at = line.split()[1]
        if instance.kind == "pcarp" and at != day:
            day = at
            out.append(f"Day {day}")
        words = [f"n{j}" if int(k) <= nodes else f"({i},{j})" for k, i, j in _SERVICE.findall(line)]
        out.append(f"Route #{number}: {' '.join(words)}")
    return "\n".join([*out, f"Cost {lines[0].split()[0]}", ""])


def _call(command: list[str], text: str, seconds: float) -> str:
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=3 * seconds + SLACK_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEngine(f"{command[0]}: {type(error).__name__}") from None
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()
        raise NoEngine(f"{Path(command[0]).name} ended with {done.returncode}: {last[-1][:200] if last else 'no word'}")
    return done.stdout
