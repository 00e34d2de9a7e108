"""Sheets that come back: which is the one to drive by, and what the crew ticked becomes visits."""

from __future__ import annotations

from sqlmodel import Session, col, select

from dispatch.execution import serve
from dispatch.routes import StopDoc
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.ids import read_sheet_code
from models.tables.plans import Route, Sheet
from models.tables.work import UNDONE, WorkItem
from models.times import parse_time

TICKED = ("station", "spot")
"""What a tick on paper proves; a street is proven by the track."""


def find_sheet(session: Session, text: str) -> Sheet:
    """The sheet whose code was scanned or typed. Raises Refused for an unknown one."""
    sheet = session.get(Sheet, read_sheet_code(text))
    if sheet is None:
        raise Refused("unknown_sheet", f"no sheet {text}: the code is the 8 signs under its square")
    return sheet


def find_successor(session: Session, sheet: Sheet) -> Sheet | None:
    """The sheet its vehicle drives by instead, where there is one."""
    same = select(Sheet).where(Sheet.plan == sheet.plan, Sheet.vehicle == sheet.vehicle, Sheet.state == "issued")
    rows = session.exec(same.where(Sheet.code != sheet.code).order_by(col(Sheet.issued_at).desc(), Sheet.code))
    return rows.first()


def standing(session: Session, sheet: Sheet) -> str:
    """What a sheet is worth now, in words: empty where it is the one to drive by."""
    if sheet.state == "handed_back":
        return "was handed back before"
    if sheet.state == "superseded":
        newer = find_successor(session, sheet)
        return f"has been replaced: take {newer.code}" if newer else "is void: its vehicle has no route in the plan now"
    return ""


def find_stop(session: Session, sheet: Sheet, n: int) -> StopDoc:
    """The stop of that number on a sheet. Raises Refused where there is none."""
    route = session.get_one(Route, sheet.route)
    stop: StopDoc | None = next((stop for stop in route.doc["stops"] if stop["n"] == n), None)
    if stop is None:
        raise Refused("unknown_stop", f"sheet {sheet.code} has no stop {n}: scan the square beside the stop")
    return stop


def tick(uow: UnitOfWork, code: str, n: int) -> None:
    """One stop of a sheet that is out was done. The rest of the sheet stays as it is.

    Raises Refused for an unknown code or number and for a street (its track proves it), Stale for a sheet that is
    superseded or back, and for a stop that is done already.
    """
    sheet = find_sheet(uow.session, code)
    if sheet.state != "issued":
        raise Stale("sheet_" + sheet.state, f"sheet {sheet.code} {standing(uow.session, sheet)}")
    stop = find_stop(uow.session, sheet, n)
    item = uow.session.get(WorkItem, stop["work_item"]) if stop["work_item"] else None
    if item is None or stop["kind"] not in TICKED:
        raise Refused("not_ticked", f"stop {n} of sheet {sheet.code} is not ticked: the vehicle's track proves it")
    if item.state not in UNDONE:
        raise Stale("stop_" + item.state, f"stop {n} of sheet {sheet.code} is {item.state} already")
    route = uow.session.get_one(Route, sheet.route)
    _served(uow, route, stop, item)
    uow.audit("sheet.ticked", f"sheet:{sheet.code}", stop=n)


def _served(uow: UnitOfWork, route: Route, stop: StopDoc, item: WorkItem) -> None:
    """A tick tells that, not when: at the latest when it was planned."""
    at = min(uow.now, parse_time(stop["depart"]))
    serve(uow, item, route.vehicle or route.crew, at, int(stop["quantity_kg"]), "tick")


def hand_back(uow: UnitOfWork, code: str, undone: frozenset[int] = frozenset()) -> int:
    """Every stop of the sheet was done but the numbers in `undone`; the count of work items this proves.

    Raises Refused for an unknown code, Stale for a sheet that is superseded or was handed back before.
    """
    sheet = find_sheet(uow.session, code)
    if sheet.state != "issued":
        raise Stale("sheet_" + sheet.state, f"sheet {sheet.code} {standing(uow.session, sheet)}")
    route = uow.session.get(Route, sheet.route)
    assert route is not None
    done = 0
    for stop in route.doc["stops"]:
        item = uow.session.get(WorkItem, stop["work_item"]) if stop["work_item"] else None
        ticked = stop["n"] not in undone and stop["kind"] in TICKED
        if item is not None and ticked and item.state in UNDONE:
            _served(uow, route, stop, item)
            done += 1
    sheet.state = "handed_back"
    uow.audit("sheet.handed_back", f"sheet:{sheet.code}", done=done, undone=sorted(undone))
    return done
