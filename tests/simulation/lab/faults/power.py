"""Power gone: the embedded system (SQLite for database and log), ended at a write, then started again on what is left.

strace ends the child as it is about to do its n-th write to a file. What a power cut may lose besides, what was written
but not yet synced, is not shown by this: see docs/reliability.md.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from sqlmodel import select

from models.database import Database
from models.tables.flow import Quarantine
from models.tables.work import Report
from tests.simulation.lab.services import ROOT
from tests.simulation.lab.trial import Strike, fault
from tests.small_city import stored_small_city

CUTS = 5
EACH = 3
CHILD_S = 300
WRITES = 260
"""About as many writes as one turn of the child does."""


def _child(folder: Path, first: int, die_at: int) -> tuple[int, list[dict[str, str]]]:
    """(exit code, what it said) of a child that dies at its n-th write; 0: it may live."""
    command = [sys.executable, "-m", "tests.simulation.lab.power_child", str(folder), str(first), str(EACH)]
    if die_at:
        inject = f"inject=pwrite64,fdatasync:signal=SIGKILL:when={die_at}"
        only = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,fdatasync"]
        command = ["strace", *only, "-e", inject, *command]
    env = {key: value for key, value in os.environ.items() if not key.startswith("SWEEPLINE_")}
    env |= {"SWEEPLINE_SOLVER_PROCESSES": "0", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=CHILD_S)
    lines = [line for line in done.stdout.split(b"\n") if line.endswith(b"}")]
    return done.returncode, [json.loads(line) for line in lines]


@fault("power-cut-embedded", "power")
def power_cut(strike: Strike) -> None:
    """Killed at seeded writes, again and again on the same data; at the end each complaint is there once."""
    strike.demand(shutil.which("strace") is not None, "cannot be struck here: the package strace is missing")
    folder = strike.site.data / f"power-{strike.seed}-{strike.rng.randrange(10**9)}"
    stored_small_city(folder)
    said: Counter[str] = Counter()
    taken: set[str] = set()
    for turn in range(CUTS):
        code, lines = _child(folder, turn * EACH, strike.rng.randrange(1, WRITES))
        strike.proof("killed at a write", code != 0)
        for line in lines:
            said.update(line.values())
            taken |= {mark for status, mark in line.items() if status in ("accepted", "duplicate")}
    code, lines = _child(folder, CUTS * EACH, 0)
    strike.demand(code == 0 and {"done": "yes"} in lines, "it does not come to rest again")
    taken |= {mark for line in lines for status, mark in line.items() if status == "accepted"}
    database = Database(f"sqlite:///{folder / 'sweepline.db'}")
    with database.read() as session:
        reports = Counter(session.exec(select(Report.text)).all())
        held = session.exec(select(Quarantine)).all()
    database.close()
    strike.demand(not held, f"{len(held)} in quarantine")
    strike.demand(taken <= set(reports), f"missing {sorted(taken - set(reports))}")
    strike.demand(max(reports.values()) == 1, f"doubled {[m for m, n in reports.items() if n > 1]}")
    strike.demand(set(reports) <= set(said) | taken, "phantom reports")
    strike.healed()
