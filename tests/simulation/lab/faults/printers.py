"""The printer, killed while it makes sheets; a bundle is whole or the one before."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from models.ids import content_hash
from tests.simulation.lab.faults.roles import wait_dead
from tests.simulation.lab.health import ask_for_plan, newest_of, planned, printed
from tests.simulation.lab.services import ROOT, signal_all
from tests.simulation.lab.trial import Strike, fault
from tests.simulation.lab.ways_in import Http

PLAN_S = 60.0
PRINT_S = 110.0


def _approved(strike: Strike) -> str:
    """A version whose sheets are all new, just approved."""
    site = strike.site
    http = Http(site, site.ledger)
    for _ in range(5):
        request, plan = ask_for_plan(site, moved=True)

        def there(request: str = request) -> bool:
            with site.database.read() as session:
                return planned(session, request) is not None

        strike.until("a version", there, PLAN_S, 0.2)
        with site.database.read() as session:
            version = str(newest_of(session, plan))
        if http.ask("POST", f"/api/plans/{version}/approve").status_code == 200:
            break
    else:
        strike.demand(False, "no version could be approved")
    http.close()
    return version


def _whole(strike: Strike) -> None:
    """The bundle that is shown agrees with its manifest, and comes out by `print-last`."""
    bundle = strike.site.data / "bundles" / "D01"
    if (bundle / "manifest.json").exists():
        files = json.loads((bundle / "manifest.json").read_text())["files"]
        bad = [name for name, entry in files.items() if content_hash((bundle / name).read_bytes()) != entry["sha256"]]
        strike.demand(not bad, f"torn bundle: {bad}")


@fault("printer-crash", "printer")
def printer_crash(strike: Strike) -> None:
    version = _approved(strike)
    strike.hold(strike.rng.uniform(0, 1.5))
    strike.proof("process dead", wait_dead(strike.site.processes["printer"].signal(signal.SIGKILL)))
    _whole(strike)
    strike.healed()
    strike.until("the bundle", lambda: printed(strike.site, version), PRINT_S, 0.3)
    _whole(strike)


@fault("printer-child-crash", "printer")
def printer_child_crash(strike: Strike) -> None:
    """The processes that set the pages die under it."""
    version = _approved(strike)
    printer = strike.site.processes["printer"]
    strike.until("children at work", lambda: bool(printer.children()), 20.0, 0.01)
    strike.proof("processes dead", signal_all(printer.children(), signal.SIGKILL))
    strike.healed()
    strike.until("the bundle", lambda: printed(strike.site, version), PRINT_S, 0.3)
    _whole(strike)


@fault("all-away-print-last", "printer")
def all_away(strike: Strike) -> None:
    """Broker, database and planners gone: the last sheets still come out."""
    site = strike.site
    before = site.store.proxy.counts["cut"] + site.broker.proxy.counts["cut"]
    pids = [site.processes[name].signal(signal.SIGKILL) for name in ("planner-1", "planner-2")]
    site.store.proxy.away()
    site.broker.proxy.away()
    try:
        out = site.data / f"out-{strike.seed}-{strike.rng.randrange(10**9)}"
        command = [sys.executable, "-m", "sweepline.cli", "print-last", "--data", str(site.data), "--out", str(out)]
        done = subprocess.run(command, cwd=ROOT, env=site.env, capture_output=True, text=True, timeout=60)
        strike.demand(done.returncode == 0, f"print-last: {done.returncode} {done.stderr.strip()[-200:]}")
        strike.demand(any(out.rglob("*.pdf")), "print-last wrote no sheet")
    finally:
        site.store.proxy.heal()
        site.broker.proxy.heal()
    strike.proof("processes dead", sum(wait_dead(pid) for pid in pids))
    strike.proof("connections cut", site.store.proxy.counts["cut"] + site.broker.proxy.counts["cut"] - before)
    strike.healed()
