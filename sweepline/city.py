"""Functions behind `city import` and `city show`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import delete
from sqlmodel import Session, col, select

from config.settings import database_url, load_settings
from demo.fleet import make_demo_fleet
from dispatch.city.faults import Fault
from dispatch.city.imports import Input, add_geocode, apply_inputs, read_input
from dispatch.city.store import city_summary, find_city, get_city, upsert_rows
from dispatch.city.streets_import import Naming, check_zone
from dispatch.fallback import PERIOD, request_fallbacks
from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Refused
from models.migrate import ensure
from models.tables.city import Crew, District, Facility, Segment, Shift, Station, Vehicle, Worker
from models.tables.plans import Plan

SHOWN_FAULTS = 50
"""Faults printed for people; with --json all of them."""


class _Undo(Exception):
    """Rolls a transaction back on purpose."""


def import_command(
    files: Sequence[Path],
    data_dir: Path,
    kind: str = "auto",
    dry_run: bool = False,
    fleet: str = "",
    seed: int = 7,
    geocode: str = "",
    name: str = "",
    zone: str = "",
    as_json: bool = False,
    attribution: str = "",
    fallback: bool = True,
) -> int:
    """Import files into the city of a data directory: all of them or nothing. 0 done, 2 when a file has faults.

    A city with vehicles gets its fallback plans before this returns, unless `fallback` is off or another process
    runs on the directory. Raises Refused when a file as a whole cannot be used; then not even the data directory is
    made.
    """
    if fleet not in ("", "demo"):
        raise Refused("bad_fleet", f"--fleet {fleet}: unknown; give demo, or import vehicles from CSV")
    if zone:
        check_zone(zone)
    progress = Console(stderr=True)
    inputs: list[Input] = []
    for file in files:
        with progress.status(f"reading {file.name}"):
            inputs.append(read_input(file, kind))
    summary: dict[str, Any] = {}
    with _import_database(data_dir, dry_run) as database, progress.status("storing the city"):
        try:
            with database.write() as session:
                apply_inputs(session, inputs, Naming(name, zone, attribution))
                if geocode:
                    add_geocode(session, geocode)
                if fleet:
                    place_demo_fleet(session, seed)
                summary = city_summary(session)
                if dry_run or any(item.faults.rows for item in inputs):
                    raise _Undo
        except _Undo:
            pass
    faults = [fault for item in inputs for fault in item.faults.rows]
    if fallback and not dry_run and not faults and summary["vehicles"]:
        with progress.status("making the fallback plans"):
            make_fallbacks(data_dir)
    _report(inputs, faults, summary, dry_run, as_json)
    return 2 if faults else 0


@contextmanager
def _import_database(data_dir: Path, dry_run: bool) -> Iterator[Database]:
    """The database to import into; for a dry run without one, an empty one that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) if dry_run and not _is_there(data_dir) else data_dir
        folder.mkdir(parents=True, exist_ok=True)
        database = _open(folder)
        try:
            yield database
        finally:
            database.close()


def make_fallbacks(data_dir: Path) -> None:
    """Start the city's clockwork and make a fallback plan of every district, anew where there were some."""
    from sweepline.running import open_system, run_until_idle, stored_already

    system = open_system(data_dir)
    try:
        with system.database.read() as session:
            had = session.exec(select(Plan).where(Plan.period == PERIOD)).first() is not None
        system.start_city()
        if had:
            with system.database.write() as session:
                uow = UnitOfWork(session, system.clock(), "import", "system:import")
                request_fallbacks(uow, system.context, "import")
        with stored_already():
            run_until_idle(system)
    finally:
        system.close()


def _open(data_dir: Path) -> Database:
    """The database, its schema up to date. Opened here, without the rest of the system, so that showing is quick."""
    database = Database(database_url(load_settings(data_dir), data_dir))
    ensure(database)
    return database


def _is_there(data_dir: Path) -> bool:
    """True when the database exists; one on a server always does."""
    url = database_url(load_settings(data_dir), data_dir)
    return not url.startswith("sqlite:///") or Path(url.removeprefix("sqlite:///")).exists()


def place_demo_fleet(session: Session, seed: int) -> None:
    """Put the generated fleet into the city, in place of an earlier generated one.

    Raises Refused when the city has vehicles or crews of its own.
    """
    city = get_city(session)
    own = session.exec(select(Vehicle.id)).first() or session.exec(select(Crew.id)).first()
    if own and city.fleet != "demo":
        raise Refused("own_fleet", f"the city has its own fleet ({own}); --fleet demo is for a city without one")
    for table in (Worker, Crew, Vehicle):
        session.execute(delete(table))
    session.execute(delete(Facility).where(col(Facility.id).like("demo-%")))
    made = make_demo_fleet(
        session.exec(select(Segment).order_by(Segment.id)).all(),
        session.exec(select(District).order_by(District.code)).all(),
        session.exec(select(Station).order_by(Station.id)).all(),
        seed,
    )
    upsert_rows(session, Facility, made.facilities)
    upsert_rows(session, Shift, made.shifts)
    upsert_rows(session, Vehicle, made.rows.vehicles)
    upsert_rows(session, Crew, made.rows.crews)
    upsert_rows(session, Worker, made.rows.workers)
    get_city(session).fleet = "demo"
    session.flush()


def _report(
    inputs: Sequence[Input], faults: Sequence[Fault], summary: dict[str, Any], dry_run: bool, as_json: bool
) -> None:
    stored = not dry_run and not faults
    if as_json:
        document = {
            "stored": stored,
            "dry_run": dry_run,
            "files": [{"file": str(i.path), "kind": i.kind, "rows": i.stored, "notes": i.faults.notes} for i in inputs],
            "faults": [{"file": f.file, "line": f.line, "text": f.text} for f in faults],
            "city": summary,
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))
        return
    for item in inputs:
        print(f"{item.path}: {item.kind}, {item.stored} rows")
        for note in item.faults.notes:
            print(f"  note: {note}")
    for fault in faults[:SHOWN_FAULTS]:
        print(f"sweepline: {fault}", file=sys.stderr)
    if len(faults) > SHOWN_FAULTS:
        print(f"sweepline: and {len(faults) - SHOWN_FAULTS} more faults", file=sys.stderr)
    if faults:
        print(f"sweepline: {len(faults)} faults, nothing stored; correct them and import again", file=sys.stderr)
    elif dry_run:
        print("no faults; dry run, nothing stored")
    else:
        _print_summary(summary, print)


def show_command(data_dir: Path, as_json: bool = False) -> int:
    """Print what the stored city consists of. Raises Refused where there is none."""
    if not _is_there(data_dir):
        raise Refused("no_city", f"{data_dir}: no city here; run `sweepline city import FILE --data {data_dir}`")
    database = _open(data_dir)
    try:
        with database.read() as session:
            if find_city(session) is None:
                raise Refused(
                    "no_city", f"{data_dir}: no city here; run `sweepline city import FILE --data {data_dir}`"
                )
            summary = city_summary(session)
    finally:
        database.close()
    if as_json:
        print(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        _print_summary(summary, print)
    return 0


def _print_summary(summary: dict[str, Any], out: Callable[[str], None]) -> None:
    out(f"{summary['name']} ({summary['code']}), {summary['zone']}, {summary['attribution']}")
    table = Table(box=None, show_header=False)
    for key in ("segments", "bridges", "slopes", "one_way", "turn_restrictions", "districts", "facilities", "stations",
                "toilets", "vehicles", "crews", "alert_areas"):  # fmt: skip
        table.add_row(key.replace("_", " "), str(summary[key]))
    table.add_row("length", f"{summary['length_m'] / 1000:.1f} km")
    dropped = ", ".join(f"{reason} {count}" for reason, count in summary["dropped"].items())
    table.add_row("dropped", dropped or "nothing")
    if summary["fleet"]:
        table.add_row("fleet", f"{summary['fleet']} (generated)")
    Console(soft_wrap=True).print(table)
