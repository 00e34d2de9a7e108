"""VROOM by `pyvroom`, run by an interpreter that has it: one JSON document in, one out.

python -m venv VENV && VENV/bin/pip install pyvroom; then `python -m bench.routing ... --vroom VENV/bin/python`. This
file imports nothing of the project. Its search has no seed and ends by itself or by the clock.
"""

from __future__ import annotations

import datetime
import importlib
import json
import sys

EXPLORATION = 5


def main() -> None:
    """Read a model from standard input, write its routes (vehicle, jobs) and its unassigned jobs."""
    import numpy as np

    vroom = importlib.import_module("vroom")
    model = json.load(sys.stdin)
    problem = vroom.Input()
    problem.set_durations_matrix(profile="car", matrix_input=np.array(model["durations"], np.uint32))
    problem.set_costs_matrix(profile="car", matrix_input=np.array(model["costs"], np.uint32))
    for number, vehicle in enumerate(model["vehicles"]):
        problem.add_vehicle(
            vroom.Vehicle(
                number,
                start=vehicle["start"],
                end=vehicle["end"],
                capacity=vehicle["capacity"],
                time_window=vroom.TimeWindow(*vehicle["shift"]),
                costs=vroom.VehicleCosts(fixed=vehicle["fixed"]),
            )
        )
    for number, job in enumerate(model["jobs"]):
        window = vroom.TimeWindow(*job["window"])
        load = vroom.Amount(job["demand"])
        problem.add_job(
            vroom.Job(number, job["place"], default_service=job["service"], delivery=load, time_windows=[window])
        )
    limit = datetime.timedelta(seconds=model["seconds"])
    solution = problem.solve(exploration_level=EXPLORATION, nb_threads=1, timeout=limit)
    steps = solution.routes
    routes: dict[int, list[int]] = {}
    for vehicle, kind, number in zip(steps["vehicle_id"], steps["type"], steps["id"], strict=True):
        if kind == "job":
            routes.setdefault(int(vehicle), []).append(int(number))
    json.dump({"routes": [[vehicle, jobs] for vehicle, jobs in routes.items()]}, sys.stdout)


if __name__ == "__main__":
    main()
