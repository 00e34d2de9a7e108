"""Solvers side by side at equal processor seconds, every plan judged by our checker.

python -m bench.routing run egl X --engines auto,pyvrp-alone,ortools-ils --seconds 10 --seeds 1,2,3 --out runs.jsonl
python -m bench.routing table runs.jsonl [--svg gaps.svg]

A run is a child process, one thread, and one line of the file; lines that are there already are not run again, so a
sweep may be stopped and started anew. `--long` takes the named instances of the long runs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from bench.machine import machine
from bench.routing_peers import OURS, PEERS, Programs, run
from bench.routing_sets import SETS, files_of, reference
from bench.routing_table import markdown, picture, summary
from routing.checker import check
from routing.errors import RoutingError
from routing.instances.read import read_instance

KILL_AFTER = 3.0
"""A child is ended after so many times its seconds of wall time, and `KILL_SLACK_S` more."""

KILL_SLACK_S = 300.0

_KEY = ("set", "instance", "engine", "seed", "seconds")

Row = dict[str, Any]


def one(task: Row) -> Row:
    """One run in this process: the row it adds to the file."""
    path = Path(task["path"])
    row = {name: task[name] for name in _KEY}
    instance = read_instance(path)
    cost, what = reference(path, instance)
    row |= {"decimals": instance.decimals, "reference": cost, "reference_is": what, "feasible": False, "note": ""}
    cpu, wall = _processor_s(), time.perf_counter()
    try:
        found = run(task["engine"], path, instance, task["seconds"], task["seed"], Programs(**task["programs"]))
    except RoutingError as error:
        return row | {"note": " ".join(str(error).split())[:200]}
    spent = {"cpu_s": round(_processor_s() - cpu, 2), "wall_s": round(time.perf_counter() - wall, 2)}
    verdict = check(instance.problem, found.plan)
    mandatory = {entry.id for entry in instance.problem.tasks if entry.prize is None}
    left_out = sum(entry.task in mandatory for entry in found.plan.unserved)
    row |= {
        "cost": verdict.cost,
        "stated": found.stated,
        "feasible": verdict.feasible and left_out == 0,
        "left_out": left_out,
        "routes": len(found.plan.routes),
        "iterations": found.plan.iterations,
        **spent,
    }
    if not verdict.feasible:
        row["note"] = f"{verdict.violations[0].code}: {verdict.violations[0].text}"[:200]
    return row


def _processor_s() -> float:
    """Processor seconds of this process and of those it started."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def tasks_of(args: argparse.Namespace) -> Iterator[Row]:
    """Every run asked for, in the order of sets, instances, seeds, engines."""
    programs = {"vroom_python": args.vroom, "hgs_carp": args.hgs_carp, "hgs_cvrp": args.hgs_cvrp}
    programs["wall_factor"] = args.wall_factor
    for name in args.sets:
        files = files_of(args.shared, name, args.only, args.long)
        for path, seed, engine in itertools.product(files, args.seeds.split(","), args.engines.split(",")):
            key = {"set": name, "instance": path.stem, "engine": engine, "seed": int(seed), "seconds": args.seconds}
            yield key | {"path": str(path), "programs": programs}


def in_child(task: Row) -> Row:
    """One run in a process of its own; whatever ends it becomes a note."""
    command = [sys.executable, "-m", "bench.routing", "one", json.dumps(task)]
    limit = KILL_AFTER * task["seconds"] + KILL_SLACK_S
    row = {name: task[name] for name in _KEY} | {"feasible": False}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit, check=False, env=os.environ | one_thread
        )
    except subprocess.TimeoutExpired:
        return row | {"note": f"ended after {limit:g} s of wall time"}
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()
        return row | {"note": f"ended with {done.returncode}: {last[-1][:200] if last else ''}"}
    answer: Row = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def read_rows(path: Path) -> list[Row]:
    """Lines of a file of runs; a last line that was cut off is passed over."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if all(name in row for name in _KEY):
            rows.append(row)
    return rows


def sweep(args: argparse.Namespace) -> None:
    """Run what is not in the file yet, `--jobs` at a time. Kernels are compiled before, as at set-up."""
    done = {tuple(row[name] for name in _KEY) for row in read_rows(args.out)}
    wanted = [task for task in tasks_of(args) if tuple(task[name] for name in _KEY) not in done]
    print(f"{len(wanted)} runs to do, {len(done)} in {args.out}", file=sys.stderr)
    if wanted:
        subprocess.run([sys.executable, "-m", "routing.engines.warm"], check=False, capture_output=True)
    lock = Lock()
    with args.out.open("a", encoding="utf-8") as file, ThreadPoolExecutor(args.jobs) as pool:
        file.write(json.dumps({"machine": machine()}) + "\n")

        def work(task: Row) -> None:
            row = in_child(task)
            with lock:
                file.write(json.dumps(row) + "\n")
                file.flush()
                print(" ".join(str(row.get(name, "")) for name in (*_KEY, "cost", "note")), file=sys.stderr)

        list(pool.map(work, wanted))
    print(markdown(summary(read_rows(args.out))))


def main() -> None:
    """The three commands."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    runs = commands.add_parser("run", help="run solvers on sets and append to a file")
    runs.add_argument("sets", nargs="+", choices=SETS)
    runs.add_argument("--engines", default="auto,pyvrp-alone,ortools-gls,ortools-ils", help=", ".join((*OURS, *PEERS)))
    runs.add_argument("--seconds", type=float, default=10.0)
    runs.add_argument("--seeds", default="1")
    runs.add_argument("--only", default="", help="parts of names, with commas")
    runs.add_argument("--long", action="store_true", help="the named instances of the long runs")
    runs.add_argument("--jobs", type=int, default=1)
    runs.add_argument("--wall-factor", type=float, default=1.0, help="for OR-Tools and VROOM on a busy machine")
    runs.add_argument("--out", type=Path, required=True)
    runs.add_argument("--shared", type=Path, default=Path(os.environ.get("SWEEPLINE_SHARED", "../shared")))
    runs.add_argument("--vroom", help="interpreter that has pyvroom")
    runs.add_argument("--hgs-carp", help="program")
    runs.add_argument("--hgs-cvrp", help="program")
    table = commands.add_parser("table", help="summary of a file of runs")
    table.add_argument("file", type=Path)
    table.add_argument("--svg", type=Path)
    commands.add_parser("one", help="one run, as the parent asks for it").add_argument("task")
    args = parser.parse_args()
    if args.command == "one":
        print(json.dumps(one(json.loads(args.task))))
    elif args.command == "table":
        lines = summary(read_rows(args.file))
        print(markdown(lines))
        if args.svg is not None:
            args.svg.write_text(picture(lines), encoding="utf-8")
    else:
        sweep(args)


if __name__ == "__main__":
    main()
