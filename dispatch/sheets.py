"""Sheets that come back: which is the one to drive by, and what the crew ticked becomes visits."""

from __future__ import annotations

from sqlmodel import Session, col, select

from dispatch.execution import serve
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.ids import read_sheet_code
from models.tables.plans import Route, Sheet
from models.tables.work import WorkItem
from models.times import parse_time


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
        ticked = stop["n"] not in undone and stop["kind"] in ("station", "spot")
        if item is not None and ticked and item.state in ("open", "planned", "started"):
            at = min(uow.now, parse_time(stop["depart"]))
            serve(uow, item, route.vehicle or route.crew, at, int(stop["quantity_kg"]), "tick")
            done += 1
    sheet.state = "handed_back"
    uow.audit("sheet.handed_back", f"sheet:{sheet.code}", done=done, undone=sorted(undone))
    return done
