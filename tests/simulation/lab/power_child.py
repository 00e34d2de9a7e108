"""An embedded system at work, to be killed at any write: complaints in, each told on standard output when it is taken.

    python -m tests.simulation.lab.power_child DIR FIRST COUNT

Takes complaints FIRST to FIRST+COUNT-1 that are not yet taken, then runs every role to rest.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from dispatch.intake.lines import event_of
from sweepline.compose import Options, System
from sweepline.running import run_until_idle
from tests.small_city import place


def say(line: dict[str, str]) -> None:
    """On the file at once: one write, no buffer."""
    os.write(1, json.dumps(line).encode() + b"\n")


def main(folder: Path, first: int, count: int) -> None:
    system = System(folder, replace(Options(), iterations=10))
    for number in range(first, first + count):
        lon, lat = place(number % 5, number // 5 % 5)
        mark = f"power-{number}"
        body = {"type": "complaint.received", "id": mark, "kind": "ice", "lon": lon, "lat": lat, "text": mark}
        say({"sent": mark})
        (receipt,) = system.take([event_of({**body, "channel": "lab"}, datetime.now(UTC))])
        say({receipt.status: mark})
    while not run_until_idle(system):
        pass
    system.close()
    say({"done": "yes"})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
