"""Members of consumer groups: one that comes back from the dead, and groups that never come to rest."""

from __future__ import annotations

import signal

from tests.simulation.lab.faults.roles import stands_still, wait_dead
from tests.simulation.lab.health import GROUPS
from tests.simulation.lab.trial import Strike, fault

BEYOND_SESSION_S = 14.0
"""The broker misses a member after ten seconds and gives its partitions to the others."""
JOINS = 6
KILLS = 3
CALM = 50


@fault("zombie-worker", "streams")
def zombie_worker(strike: Strike) -> None:
    """It stands still until its partitions are another's, then goes on with what it had in hand."""
    process = strike.site.processes["streams-1"]
    pid = process.signal(signal.SIGSTOP)
    strike.hold(BEYOND_SESSION_S)
    strike.proof("process stood still", stands_still(pid))
    driver = strike.site.driver
    try:
        strike.until("another has its partitions", lambda: driver.lag("positions", ("positions",)) < CALM, 40.0, 0.5)
    finally:
        process.signal(signal.SIGCONT)
    strike.healed()


@fault("rebalance-storm", "streams")
def rebalance_storm(strike: Strike) -> None:
    """Members come, take partitions, read what they never commit, and go."""
    names = ["positions", "cases", "stations", "resources"]
    for _ in range(JOINS):
        group = names[strike.rng.randrange(len(names))]
        member = strike.site.driver.consumer(group, GROUPS[group])
        member.poll(timeout_s=strike.rng.uniform(0.5, 2))
        member.poll(timeout_s=0.5)
        strike.proof("joins", 1)
        member.close()
    strike.healed()


@fault("rebalance-storm-by-kills", "streams")
def rebalance_by_kills(strike: Strike) -> None:
    """The two workers are killed in turn."""
    for turn in range(KILLS):
        process = strike.site.processes[f"streams-{turn % 2 + 1}"]
        strike.proof("processes dead", wait_dead(process.signal(signal.SIGKILL)))
        strike.hold(strike.rng.uniform(1, 4))
    strike.healed()


@fault("both-workers-killed", "streams")
def both_killed(strike: Strike) -> None:
    """Nobody reads for a while."""
    for name in ("streams-1", "streams-2"):
        strike.proof("processes dead", wait_dead(strike.site.processes[name].signal(signal.SIGKILL)))
    strike.healed()


@fault("everything-killed", "roles")
def everything_killed(strike: Strike) -> None:
    """Every role at once, as when the machine's supervisor goes mad."""
    pids = [process.signal(signal.SIGKILL) for process in strike.site.processes.values()]
    strike.proof("processes dead", sum(wait_dead(pid) for pid in pids))
    strike.healed()
