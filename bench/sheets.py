"""How long paper takes: `python -m bench.sheets --data DIR [--sheets 100] [--processes 2] [--paper a4 --large]`.

The routes of every stored plan version, newest first, each route hash once; where there are fewer than asked for, from
the first again (`different` says how many there were). Measured are the wall seconds from the routes to the PDFs in
memory, children started within, and the size of each sheet.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from itertools import cycle, islice
from pathlib import Path

from sqlmodel import col, select

from bench.machine import machine
from models.database import Database
from models.tables.plans import PlanVersion, Route
from printouts.bundle import render_routes
from printouts.paper import paper_of

LIMIT_S, LIMIT_BYTES = 12.0, 250_000
"""What a hundred sheets on two processes may take, and one may weigh."""


def stored_routes(database: Database) -> list[Route]:
    """Routes with anything to do, each route hash once."""
    found: dict[str, Route] = {}
    with database.read() as session:
        rows = session.exec(
            select(Route)
            .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
            .order_by(col(PlanVersion.created_at).desc(), col(Route.id))
        )
        for route in rows:
            if route.doc.get("stops"):
                found.setdefault(route.route_hash, route)
    return list(found.values())


def main() -> int:
    """Print one JSON document; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True, help="a data directory with plans, as of `sweepline demo`")
    parser.add_argument("--sheets", type=int, default=100)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--paper", choices=("a4", "a3"), default="a4")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    about = machine()
    database = Database(f"sqlite:///{options.data / 'sweepline.db'}")
    routes = stored_routes(database)
    if not routes:
        parser.error(f"{options.data}: no stored route; make plans first")
    taken = list(islice(cycle(routes), options.sheets))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    printed = render_routes(database, taken, options.processes, paper=paper_of(options.paper, options.large))
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    sizes = [len(sheet.pdf) for sheet in printed]
    per_100_s = round(wall_s * 100 / len(printed), 2)
    figures = {
        "sheets": len(printed),
        "different": min(len(routes), len(taken)),
        "processes": options.processes,
        "wall_s": round(wall_s, 2),
        "per_100_s": per_100_s,
        "children_cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "pages": sum(sheet.pages for sheet in printed),
        "bytes": {"mean": round(statistics.mean(sizes)), "most": max(sizes)},
    }
    kept = per_100_s <= LIMIT_S and max(sizes) <= LIMIT_BYTES
    print(json.dumps({"machine": about, "figures": figures, "kept": kept}, ensure_ascii=False))
    database.close()
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
