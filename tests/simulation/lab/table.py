"""The table of a run, put into a page between two marks.

    python -m tests.simulation.lab.table PAGE OUTCOMES...

makes it of the `outcomes.jsonl` that runs left, where one run was done in parts.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.simulation.lab.trial import FAULTS, Outcome

BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
SHOWN = 300
"""Characters shown of what was wrong with a run."""
COUNTS = ("accepted", "applied", "quarantined", "missing", "doubled", "phantom", "disorder")


def write_table(page: Path, outcomes: Sequence[Outcome], command: str = "make faults") -> None:
    """Replace what stands between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table(outcomes, command)}\n{END}{after}", encoding="utf-8")


def read_outcomes(*files: Path) -> dict[tuple[str, int], Outcome]:
    """Of files of JSON lines: fault and seed → its last outcome. A line that a stopped run left half is passed over."""
    found: dict[tuple[str, int], Outcome] = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
            try:
                document = json.loads(line)
            except ValueError:
                continue
            document.pop("passed")
            outcome = Outcome(**document)
            found[outcome.fault, outcome.seed] = outcome
    return found


def table(outcomes: Sequence[Outcome], command: str) -> str:
    """One line a fault in the order of the list of faults, its seeds added up; `back` is the slowest."""
    order = list(FAULTS)
    outcomes = sorted(outcomes, key=lambda outcome: (order.index(outcome.fault), outcome.seed))
    failed = sum(not outcome.passed for outcome in outcomes)
    seeds = sorted({outcome.seed for outcome in outcomes})
    names = list(dict.fromkeys(outcome.fault for outcome in outcomes))
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}, `{command}`: "
        f"{len(names)} faults, seeds {', '.join(map(str, seeds))}, {len(outcomes)} runs, "
        f"{failed} failed.",
        "",
        f"| Fault | Struck | Runs passed | {' | '.join(COUNTS)} | Back, s |",
        f"|---|---|---|{'---|' * len(COUNTS)}---|",
    ]
    for name in names:
        mine = [outcome for outcome in outcomes if outcome.fault == name]
        struck: Counter[str] = Counter()
        for outcome in mine:
            struck.update(outcome.struck)
        hits = ", ".join(f"{count} {what}" for what, count in struck.items())
        sums = " | ".join(str(sum(getattr(outcome, count) for outcome in mine)) for count in COUNTS)
        passed = f"{sum(outcome.passed for outcome in mine)} of {len(mine)}"
        lines.append(f"| {name} | {hits} | {passed} | {sums} | {max(outcome.back_s for outcome in mine)} |")
    wrong = [
        f"- {o.fault}, seed {o.seed}: {' '.join('; '.join(o.wrong).split())[:SHOWN]}" for o in outcomes if not o.passed
    ]
    return "\n".join([*lines, "", "What failed:", "", *(wrong or ["- nothing"])])


def main(page: str, *files: str) -> None:
    """The newest outcome of each fault and seed."""
    write_table(Path(page), list(read_outcomes(*map(Path, files)).values()), "make faults FAULT=... SEED=...")


if __name__ == "__main__":
    import tests.simulation.lab.laboratory  # noqa: F401

    main(*sys.argv[1:])
