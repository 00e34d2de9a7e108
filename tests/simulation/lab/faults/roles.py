"""Processes that die, stand still, and come back: each role, and those that must not be at work twice."""

from __future__ import annotations

import signal
import time
from functools import partial
from pathlib import Path

from tests.simulation.lab.site import ROLES
from tests.simulation.lab.trial import Strike, fault

STILL_S = 4.0
GONE_S = 10.0


def is_dead(pid: int) -> bool:
    """No such process, or one that only waits to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def wait_dead(pid: int) -> bool:
    deadline = time.monotonic() + GONE_S
    while not is_dead(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_dead(pid)


def kill(name: str, strike: Strike) -> None:
    """kill -9 at a seeded moment."""
    strike.hold(strike.rng.uniform(0, 1))
    pid = strike.site.processes[name].signal(signal.SIGKILL)
    strike.proof("process dead", wait_dead(pid))
    strike.healed()


def freeze(name: str, strike: Strike) -> None:
    """SIGSTOP for a while, then SIGCONT."""
    process = strike.site.processes[name]
    pid = process.signal(signal.SIGSTOP)
    strike.hold(STILL_S)
    strike.proof("process stood still", stands_still(pid))
    process.signal(signal.SIGCONT)
    strike.healed()


for _name in ROLES:
    fault(f"kill-{_name}", "roles", short=_name == "relay")(partial(kill, _name))
    fault(f"freeze-{_name}", "roles")(partial(freeze, _name))
