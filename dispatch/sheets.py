"""Handing a sheet back: what the crew ticked becomes visits, and the sheet is closed."""

from __future__ import annotations

from dispatch.execution import serve
from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.tables.plans import Route, Sheet
from models.tables.work import WorkItem
from models.times import parse_time

WHY_NOT = {
    "superseded": "has been replaced by a newer one: take that one's code",
    "handed_back": "was handed back before",
}


def hand_back(uow: UnitOfWork, code: str, undone: frozenset[int] = frozenset()) -> int:
    """Every stop of the sheet was done but the numbers in `undone`; the count of work items this proves.

    Raises Refused for an unknown code, Stale for a sheet that is superseded or was handed back before.
    """
    sheet = uow.session.get(Sheet, code.upper())
    if sheet is None:
        raise Refused("unknown_sheet", f"no sheet {code}: the code is the 8 signs under its square")
    if sheet.state != "issued":
        raise Stale("sheet_" + sheet.state, f"sheet {sheet.code} {WHY_NOT[sheet.state]}")
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
