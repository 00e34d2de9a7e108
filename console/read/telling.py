"""Who must be told of a changed route, and the sheets that are out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from dispatch.sheets import TICKED, find_sheet, find_stop
from models.ids import sheet_code
from models.tables.city import Vehicle, Worker
from models.tables.flow import AuditRow, Timer
from models.tables.plans import Plan, PlanVersion, Route, Sheet, Telling
from models.tables.work import UNDONE, WorkItem
from models.times import parse_time

TOLD_SHOWN = timedelta(hours=24)
"""How long a change that has been told stays on the list, and a sheet after it came back or was replaced."""
LIMIT = 500


class TellingOut(Out):
    """A changed route and its crew. `due_at`: when it becomes an alarm. `change`: stops added and dropped, the first
    number on the sheet that differs, names of places added. `version_state`: of the version it is a change to.
    """

    id: str
    plan: str
    service: str
    version: str
    version_state: str
    seq: int
    vehicle: str
    plate: str
    driver: str
    phone: str
    change: dict[str, Any]
    sheet: str
    old_sheet: str
    opened_at: datetime
    due_at: datetime | None
    told_at: datetime | None
    told_by: str
    how: str


class SheetOut(Out):
    """A sheet. `state`: issued, superseded, handed_back. `is_ready`: its PDF is there."""

    code: str
    plan: str
    service: str
    version: str
    seq: int
    vehicle: str
    plate: str
    driver: str
    pages: int
    stops: int
    is_ready: bool
    issued_at: datetime
    state: str
    handed_back_at: datetime | None
    handed_back_by: str


class SheetStopOut(Out):
    """A stop as a tick needs it. `ticks`: a tick can prove it now. `state`: of its work; empty where it has none."""

    code: str
    stop: int
    kind: str
    name: str
    name_en: str
    planned_at: datetime
    vehicle: str
    plate: str
    sheet_state: str
    state: str
    ticks: bool


def read_sheet_stop(session: Session, code: str, n: int) -> SheetStopOut:
    """One stop of a sheet. Raises Refused where there is no such sheet or stop."""
    sheet = find_sheet(session, code)
    stop = find_stop(session, sheet, n)
    item = session.get(WorkItem, stop["work_item"]) if stop["work_item"] else None
    vehicle = session.get(Vehicle, sheet.vehicle)
    state = item.state if item is not None else ""
    return SheetStopOut(
        code=sheet.code,
        stop=n,
        kind=stop["kind"],
        name=stop["name"],
        name_en=stop["name_en"] or stop["name"],
        planned_at=parse_time(stop["start"]),
        vehicle=sheet.vehicle,
        plate=vehicle.plate if vehicle is not None else "",
        sheet_state=sheet.state,
        state=state,
        ticks=sheet.state == "issued" and stop["kind"] in TICKED and state in UNDONE,
    )


def read_tellings(session: Session, now: datetime) -> list[TellingOut]:
    """Changes not yet told, the soonest due first, then those told within TOLD_SHOWN. A closed plan's are past."""
    rows = session.exec(
        select(Telling, Route, PlanVersion, Plan)
        .join(Route, col(Route.id) == col(Telling.route))
        .join(PlanVersion, col(PlanVersion.id) == col(Route.plan_version))
        .join(Plan, col(Plan.code) == col(PlanVersion.plan))
        .where(
            sa.or_(
                sa.and_(col(Telling.told_at).is_(None), col(PlanVersion.state) != "closed"),
                col(Telling.told_at) > now - TOLD_SHOWN,
            )
        )
        .order_by(col(Telling.told_at).is_not(None), col(Telling.opened_at), col(Telling.id))
        .limit(LIMIT)
    ).all()
    plates, people = _names(session, [route for _, route, _, _ in rows])
    due = {row.id: row.due_at for row in _timers(session, [telling.id for telling, *_ in rows])}
    former = [str(telling.change.get("from_route", "")) for telling, *_ in rows]
    old_routes = session.exec(select(Route).where(col(Route.id).in_(former))).all()
    hashes = {route.id: route.route_hash for route in old_routes}
    found = []
    for (telling, route, version, plan), old in zip(rows, former, strict=True):
        driver = people.get(route.driver)
        found.append(
            TellingOut(
                id=telling.id,
                plan=plan.code,
                service=plan.service,
                version=version.id,
                version_state=version.state,
                seq=route.seq,
                vehicle=telling.vehicle,
                plate=plates.get(telling.vehicle, ""),
                driver=driver.name if driver is not None else "",
                phone=driver.phone if driver is not None else "",
                change=telling.change,
                sheet=sheet_code(route.route_hash),
                old_sheet=sheet_code(hashes[old]) if old in hashes else "",
                opened_at=telling.opened_at,
                due_at=due.get(f"untold:{telling.id}"),
                told_at=telling.told_at,
                told_by=telling.told_by,
                how=telling.how,
            )
        )
    return found


def _timers(session: Session, tellings: Collection[str]) -> Sequence[Timer]:
    return session.exec(select(Timer).where(col(Timer.id).in_([f"untold:{id_}" for id_ in tellings]))).all()


def _names(session: Session, routes: Sequence[Route]) -> tuple[dict[str, str], dict[str, Worker]]:
    """Plates by vehicle, people by id."""
    vehicles = session.exec(select(Vehicle).where(col(Vehicle.id).in_({route.vehicle for route in routes}))).all()
    people = session.exec(select(Worker).where(col(Worker.id).in_({route.driver for route in routes}))).all()
    return {row.id: row.plate for row in vehicles}, {row.id: row for row in people}


def read_sheets(session: Session, now: datetime) -> list[SheetOut]:
    """Sheets that are out, and those that came back or were replaced within TOLD_SHOWN; the newest first."""
    rows = session.exec(
        select(Sheet, Route, Plan)
        .join(Route, col(Route.id) == col(Sheet.route))
        .join(Plan, col(Plan.code) == col(Sheet.plan))
        .where(sa.or_(col(Sheet.state) == "issued", col(Sheet.issued_at) > now - TOLD_SHOWN))
        .order_by(col(Sheet.issued_at).desc(), col(Sheet.route))
        .limit(LIMIT)
    ).all()
    plates, people = _names(session, [route for _, route, _ in rows])
    back = {
        row.subject: row
        for row in session.exec(
            select(AuditRow)
            .where(
                col(AuditRow.subject).in_([f"sheet:{sheet.code}" for sheet, *_ in rows]),
                AuditRow.action == "sheet.handed_back",
            )
            .order_by(col(AuditRow.id))
        ).all()
    }
    found = []
    for sheet, route, plan in rows:
        came = back.get(f"sheet:{sheet.code}")
        driver = people.get(route.driver)
        found.append(
            SheetOut(
                code=sheet.code,
                plan=plan.code,
                service=plan.service,
                version=route.plan_version,
                seq=route.seq,
                vehicle=sheet.vehicle,
                plate=plates.get(sheet.vehicle, ""),
                driver=driver.name if driver is not None else "",
                pages=sheet.pages,
                stops=route.stops,
                is_ready=sheet.path != "",
                issued_at=sheet.issued_at,
                state=sheet.state,
                handed_back_at=came.at if came is not None else None,
                handed_back_by=came.actor if came is not None else "",
            )
        )
    return found
