"""Load on the real system: an open loop of positions, bins, tickets and alerts against every role as a process.

    python -m bench.load --rate 1000 --seconds 60

Kafka, PostgreSQL (fsync on) and all roles run on this machine, on ports and in a folder of their own, loopback only.
Event → database is the commit time PostgreSQL keeps of the row's transaction less the instant the event was due.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from bench.load_sender import Rates, Sender, Sent
from bench.load_site import ACCOUNT, Site, Usage, usage
from bench.load_traffic import Traffic, add_bins, add_vehicles
from bench.machine import machine
from demo.city import build_demo_city
from models.times import iso, to_micros

LEAD_S = 2.0
SAMPLE_S = 5.0
DRAIN_LIMIT_S = 900.0
NO_THINNING = "[rules.intake]\nthin_backlog = 1000000000\n"
DRAFT_LIMIT_S = 180.0
SLOPE_FROM_S = 300.0
"""Memory's growth is not judged by shorter runs."""
STORED = {
    "positions": ("position", "observed_at", "vehicle LIKE 'L-%'"),
    "levels": ("level", "observed_at", "true"),
    "tickets": ("inbox", "at", "\"group\" = 'cases'"),
    "alerts": ("inbox", "at", "\"group\" = 'weather' AND source = 'cap:load'"),
}
"""Table, column of the event's time (tickets and alerts: of its receipt) and condition of the rows events become."""


def rows(kind: str) -> str:
    """A query for the seconds from event to commit of the rows of a kind from `:since` to before `:until`."""
    table, at, where = STORED[kind]
    committed = "extract(epoch from pg_xact_commit_timestamp(xmin))"
    return f"SELECT {committed} - {at} / 1e6 AS s FROM {table} WHERE {at} >= :since AND {at} < :until AND {where}"


def zone_of(hour: int, now: datetime) -> str:
    """The time zone in which it is now that hour of the day. What a city plans by itself (the night, the day's
    collection) goes by its own clock: runs begun at different times of ours are alike."""
    ahead = (hour - now.hour + 11) % 24 - 11
    return f"Etc/GMT{-ahead:+d}"


Span = dict[str, int]
"""since and until: microseconds."""


def stored(engine: Engine, kind: str, span: Span) -> dict[str, Any]:
    """How many rows of a kind there are, and how long they took."""
    query = f"""SELECT count(s), percentile_cont(ARRAY[.5, .95, .99, 1.0]) WITHIN GROUP (ORDER BY s)
                FROM ({rows(kind)}) AS took"""
    with engine.connect() as connection:
        count, marks = connection.execute(text(query), span).one()
    names = ("p50_s", "p95_s", "p99_s", "max_s")
    return {"stored": count, **dict(zip(names, (round(float(mark), 3) for mark in marks or ()), strict=False))}


def drain(site: Site, engine: Engine, wanted: dict[str, int], span: Span) -> float | None:
    """Seconds until as many rows are stored as were accepted; None when a role ends, or not within the limit."""
    began = time.monotonic()
    while time.monotonic() - began < DRAIN_LIMIT_S and not site.dead():
        with engine.connect() as connection:
            counts = {
                kind: connection.execute(text(f"SELECT count(*) FROM ({rows(kind)}) AS s"), span).scalar_one()
                for kind in wanted
            }
        if all(counts[kind] >= count for kind, count in wanted.items()):
            return round(time.monotonic() - began, 1)
        time.sleep(1.0)
    return None


def drafts(engine: Engine, due: float, wanted: int) -> dict[str, Any]:
    """Seconds from the warning of snow to the first feasible version of each district's salting plan,; those not
    there after DRAFT_LIMIT_S are left out."""
    query = text(
        """SELECT p.district, min(extract(epoch from pg_xact_commit_timestamp(v.xmin))) AS at
           FROM plan p JOIN planversion v ON v.plan = p.code
           WHERE p.service = 'salting' AND p.period <> 'fallback' AND v.feasible GROUP BY p.district ORDER BY at"""
    )
    began = time.monotonic()
    while True:
        with engine.connect() as connection:
            found = {district: round(float(at) - due, 2) for district, at in connection.execute(query)}
        if len(found) >= wanted or time.monotonic() - began > DRAFT_LIMIT_S:
            return {"districts": wanted, "draft_s": found}
        time.sleep(0.5)


class Sampler(threading.Thread):
    """Looks at the memory of every group until told to stop."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        super().__init__(daemon=True)
        self._groups = groups
        self._memory: list[tuple[float, dict[str, Usage]]] = []
        self.stop = threading.Event()

    def run(self) -> None:
        """Sample until stopped."""
        while not self.stop.wait(SAMPLE_S):
            self._memory.append((time.time(), usage(self._groups)))

    def most_mb(self) -> dict[str, int]:
        """The most memory seen of each group."""
        return {name: round(max(used[name].memory_b for _, used in self._memory) / 2**20) for name in self._groups}

    def slope_pct_h(self) -> dict[str, float]:
        """Growth of memory in percent an hour, by least squares over the second half of the samples."""
        half = self._memory[len(self._memory) // 2 :]
        if not half or half[-1][0] - self._memory[0][0] < SLOPE_FROM_S:
            return {}
        at = [t - half[0][0] for t, _ in half]
        found = {}
        for name in self._groups:
            size = [used[name].memory_b for _, used in half]
            slope, _ = statistics.linear_regression(at, size)
            found[name] = round(slope * 3600 / statistics.fmean(size) * 100, 1)
        return found


class Backlog(threading.Thread):
    """Times how long streams workers that are started again need for what was sent while there were none."""

    def __init__(self, site: Site, engine: Engine, workers: int) -> None:
        super().__init__(daemon=True)
        self._site, self._engine, self._workers = site, engine, workers
        self._sent: Sent | None = None
        self._span: Span = {}
        self._drained_s: float | None = None

    def begin(self, sent: Sent, span: Span) -> None:
        """Start the workers and the watch."""
        self._sent, self._span = sent, span
        for _ in range(self._workers):
            self._site.add("streams")
        self.start()

    def run(self) -> None:
        """Watch."""
        assert self._sent is not None
        self._drained_s = drain(self._site, self._engine, dict(self._sent.accepted), self._span)

    def report(self) -> dict[str, Any]:
        """What waited, and the seconds until all of it was stored, starting of the workers included."""
        if self._sent is None:
            return {}
        self.join(DRAIN_LIMIT_S)
        away = dict(self._sent.turned_away)
        return {"accepted": dict(self._sent.accepted), "turned_away": away, "drained_s": self._drained_s}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 of some seconds."""
    ordered = sorted(values)
    return {f"p{p}_s": round(ordered[min(len(ordered) - 1, len(ordered) * p // 100)], 3) for p in (50, 95, 99)}


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """One profile from an empty folder to its report."""
    city = build_demo_city(options.seed)
    city.city.zone = zone_of(options.city_hour, datetime.now(UTC))
    vehicles = add_vehicles(city, round(options.rate * options.interval))
    bins = add_bins(city, options.bins)
    site = Site(folder)
    try:
        site.start(city, options.workers, NO_THINNING if options.no_thinning else "", options.partitions)
        engine = create_engine(site.database_url)
        traffic = Traffic(city, vehicles, options.interval, datetime.now(UTC), options.seed)
        rates = Rates(len(bins) / options.bin_interval, options.tickets, options.alert_every)

        def send(seconds: float, rates: Rates = rates) -> tuple[Sent, Span]:
            began = time.time() + LEAD_S
            traffic.restart(datetime.fromtimestamp(began, UTC))
            sender = Sender(site.url, ACCOUNT, site.password, traffic, rates, bins)
            asyncio.run(sender.run(began, seconds))
            return sender.sent, {"since": to_micros(traffic.start), "until": to_micros(datetime.now(UTC))}

        warm, span = send(options.warm)
        drain(site, engine, dict(warm.accepted), span)
        backlog = Backlog(site, engine, options.workers)
        if options.backlog:
            site.end("streams")
            backlog.begin(*send(options.backlog))
        sampler = Sampler(site.groups)
        sampler.start()
        before, own = usage(site.groups), time.process_time()
        sent, span = send(options.seconds, replace(rates, storm_at_s=options.storm_at))
        storm = drafts(engine, sent.storm_due, len(city.districts)) if sent.storm_due else {}
        drained_s = drain(site, engine, {kind: sent.accepted[kind] for kind in STORED if sent.accepted[kind]}, span)
        after, own = usage(site.groups), time.process_time() - own
        sampler.stop.set()
        took = {kind: stored(engine, kind, span) for kind in STORED if sent.accepted[kind]}
        cpu_s = {name: after[name].cpu_s - before[name].cpu_s for name in site.groups} | {"generator": own}
        events = max(1, sum(sent.accepted.values()))
        return {
            "accepted": dict(sent.accepted),
            "turned_away": dict(sent.turned_away),
            "answers": dict(sorted(sent.answers.items())),
            "generator_late": percentiles(sent.late_s),
            "post": {kind: percentiles(seconds) for kind, seconds in sent.post_s.items()},
            "event_to_database": took,
            "storm": storm,
            "taken_s": round(sent.taken_s, 1),
            "drained_s": drained_s,
            "backlog": backlog.report(),
            "cpu_ms_per_event": {name: round(seconds * 1000 / events, 3) for name, seconds in cpu_s.items()},
            "cpu_ms_per_event_all": round(sum(cpu_s.values()) * 1000 / events, 3),
            "memory_mb": sampler.most_mb(),
            "memory_slope_pct_h": sampler.slope_pct_h(),
            "dead": site.dead(),
        }
    finally:
        site.stop(keep=options.keep)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=1000.0, help="positions a second")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to send")
    parser.add_argument("--warm", type=float, default=10.0, help="seconds sent before, not measured")
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two reports of a vehicle")
    parser.add_argument("--bins", type=int, default=2000, help="bins that report")
    parser.add_argument("--bin-interval", type=float, default=900.0, help="seconds between two reports of a bin")
    parser.add_argument("--tickets", type=float, default=0.0, help="complaints a second")
    parser.add_argument("--alert-every", type=float, default=10.0, help="seconds between two alerts; 0: none")
    parser.add_argument(
        "--storm-at", type=float, default=None, help="send a warning of heavy snow after so many seconds"
    )
    parser.add_argument("--backlog", type=float, default=0.0, help="seconds sent before while no streams worker runs")
    parser.add_argument("--no-thinning", action="store_true", help="take every position, however long the backlog")
    parser.add_argument("--workers", type=int, default=1, help="processes of the role streams")
    parser.add_argument("--partitions", type=int, default=0, help="of each topic; default: as registered")
    parser.add_argument("--city-hour", type=int, default=1, help="the hour it is in the city when the run begins")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None, help="an empty folder for everything; default: temporary")
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs")
    return parser.parse_args(arguments)


def main() -> None:
    """Run one profile and print one document."""
    options = parse()
    body: dict[str, Any] = {"machine": machine(), "at": iso(datetime.now(UTC))}
    folder = options.folder or Path(tempfile.mkdtemp(prefix="sweepline-load-"))
    body |= run(options, folder)
    body["load_1m_after"] = round(os.getloadavg()[0], 2)
    print(json.dumps(body, indent=1))


if __name__ == "__main__":
    main()
