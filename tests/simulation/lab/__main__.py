"""The fault laboratory's command: `make faults`, `make faults FAULT=name SEED=n`.

Without a name every fault is run at each of the seeds, on one set of services; a site that a fault has left ill is
replaced by a new one. With --outcomes FILE each run is added to that file as it ends, and what stands there as passed
is not run again: a run that was stopped goes on. The table goes into the file given by --table. Exit code 1 when a run
failed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.lab.laboratory import Laboratory
from tests.simulation.lab.table import read_outcomes, write_table
from tests.simulation.lab.trial import FAULTS, Outcome

SEEDS = (1, 2, 3)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--fault", default="", help="names with commas; empty: all")
    parser.add_argument("--seed", type=int, default=0, help="one seed; 0: " + ", ".join(map(str, SEEDS)))
    parser.add_argument("--table", type=Path, help="page to put the table into")
    parser.add_argument("--outcomes", type=Path, help="file of JSON lines; runs that passed in it are not run again")
    parser.add_argument("--keep", type=Path, help="folder for services, sites and logs; else a temporary one")
    parser.add_argument("--list", action="store_true", help="names of all faults")
    wanted = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # so that services and roles are ended too
    if wanted.list:
        print("\n".join(FAULTS))
        return 0
    names = [name for name in wanted.fault.split(",") if name] or list(FAULTS)
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        print(f"make faults: no fault {', '.join(unknown)}; there are {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    seeds = (wanted.seed,) if wanted.seed else SEEDS
    folder = wanted.keep or Path(tempfile.mkdtemp(prefix="sweepline-lab-"))
    began = time.monotonic()
    file = wanted.outcomes or folder / "outcomes.jsonl"
    wish = [(name, seed) for seed in seeds for name in names]
    done = {place: outcome for place, outcome in read_outcomes(file).items() if place in wish and outcome.passed}
    outcomes = list(done.values())
    if left := [place for place in wish if place not in done]:
        with Laboratory(folder) as laboratory:
            for name, seed in left:
                outcomes.append(laboratory.run(name, seed))
                _show(outcomes[-1], len(outcomes), len(wish))
                with file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(outcomes[-1].document(), ensure_ascii=False) + "\n")
    if wanted.table:
        write_table(wanted.table, outcomes)
    failed = [outcome for outcome in outcomes if not outcome.passed]
    if len(outcomes) > 1:
        print(f"{len(outcomes)} runs, {len(failed)} failed, {time.monotonic() - began:.0f} s; {folder}")
    print(json.dumps(outcomes[-1].document(), ensure_ascii=False) if len(outcomes) == 1 else "", flush=True)
    return 1 if failed else 0


def _show(outcome: Outcome, number: int, total: int) -> None:
    word = "ok    " if outcome.passed else "FAILED"
    struck = ", ".join(f"{count} {what}" for what, count in outcome.struck.items())
    print(
        f"[{number}/{total}] {word} {outcome.fault} seed {outcome.seed}: back {outcome.back_s} s; {struck}", flush=True
    )
    for line in outcome.wrong:
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
