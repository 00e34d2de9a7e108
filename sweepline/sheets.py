"""Functions behind `sheet ...`."""

from __future__ import annotations

import json
from pathlib import Path

from sqlmodel import col, select

from dispatch.approval import tell
from dispatch.commands import run_command
from dispatch.sheets import find_sheet, find_successor, hand_back, standing, tick
from models.errors import Refused
from models.ids import read_scan, read_sheet_code
from models.tables.plans import Sheet, Telling
from models.times import iso
from sweepline.compose import System
from sweepline.printing import counted
from sweepline.running import open_system, run_until_idle, stored_already


def show_command(data: Path, code: str, as_json: bool) -> int:
    """Whether a sheet is the one to drive by: 0 it is, 1 it is not."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            sheet = find_sheet(session, code)
            newer = find_successor(session, sheet) if sheet.state == "superseded" else None
            words = standing(session, sheet)
    finally:
        system.close()
    if as_json:
        row = _row(sheet) | {"replaced_by": newer.code if newer is not None else None}
        print(json.dumps(row, ensure_ascii=False))
    else:
        about = f"{sheet.route.split('/')[0]} {sheet.vehicle}, {counted(sheet.pages, 'page')}"
        print(f"sheet {sheet.code} ({about}) {words or 'is the one to drive by'}")
    return 1 if words else 0


def _row(sheet: Sheet) -> dict[str, str | int]:
    return {
        "code": sheet.code,
        "state": sheet.state,
        "plan": sheet.plan,
        "route": sheet.route,
        "vehicle": sheet.vehicle,
        "pages": sheet.pages,
        "issued_at": iso(sheet.issued_at),
    }


def tick_command(data: Path, scan: str, actor: str, clock: str) -> int:
    """One stop was done: what the square beside it says."""
    code, stop = read_scan(scan)
    if not stop:
        raise Refused("usage", f"{scan} names no stop: give what the square beside it says, as SL1:{code}/7")
    system = open_system(data, clock or None)
    try:
        run_command(
            system.database,
            system.clock(),
            actor,
            "sheet.tick",
            code,
            {"code": code, "stop": stop},
            lambda uow: tick(uow, code, stop),
        )
        with stored_already():
            run_until_idle(system)
    finally:
        system.close()
    print(f"stop {stop} of sheet {code} ticked as done")
    return 0


def back_command(data: Path, code: str, undone: str, actor: str, clock: str) -> int:
    """Hand a sheet back; numbers in `undone` were not done."""
    try:
        numbers = frozenset(int(part) for part in undone.split(",") if part.strip())
    except ValueError as error:
        raise Refused("usage", f"--undone {undone}: give stop numbers, as 3,7") from error
    system = open_system(data, clock or None)
    try:
        done = run_command(
            system.database,
            system.clock(),
            actor,
            "sheet.back",
            code,
            {"code": code, "undone": sorted(numbers)},
            lambda uow: hand_back(uow, code, numbers),
        )
        with stored_already():
            run_until_idle(system)
    finally:
        system.close()
    print(f"sheet {read_sheet_code(code)} handed back: {counted(done, 'stop')} ticked as done")
    return 0


def told_command(data: Path, telling: str, how: str, actor: str, clock: str) -> int:
    """Tick one change, or every open one of a plan, as told."""
    system = open_system(data, clock or None)
    try:
        with system.database.read() as session:
            rows = session.exec(select(Telling).where(Telling.plan == telling, col(Telling.told_at).is_(None))).all()
        ids = [row.id for row in rows] or [telling]
        for id_ in ids:
            _tell(system, id_, how, actor)
        with stored_already():
            run_until_idle(system)
    finally:
        system.close()
    print(f"{counted(len(ids), 'change')} told by {how}")
    return 0


def _tell(system: System, telling: str, how: str, actor: str) -> None:
    data = {"telling": telling, "how": how}
    now = system.clock()
    run_command(system.database, now, actor, "route.told", telling, data, lambda uow: tell(uow, telling, how))
