"""Telling crews of changed routes, and the sheets: the list, one as PDF, handing back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from console.deps import ConsoleDeps
from console.errors import Problem
from console.guards import Deps, Dispatcher, Viewer
from console.read.telling import (
    SheetOut,
    SheetStopOut,
    TellingOut,
    read_sheet_stop,
    read_sheets,
    read_tellings,
)
from models.ids import SHEET_ALPHABET, read_sheet_code
from models.tables.plans import Route, Sheet, Telling

router = APIRouter(tags=["telling"])

NUMBERS_LIMIT = 2000
SHEET_CODE = re.compile(f"[{SHEET_ALPHABET}]{{8}}")


Stop = Annotated[int, InPath(ge=1, le=NUMBERS_LIMIT)]


class Told(BaseModel):
    """By what means the crew was told."""

    how: Literal["phone", "radio", "in_person", "paper"]


class HandBack(BaseModel):
    """Numbers of stops on the sheet that were not done."""

    undone: Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=NUMBERS_LIMIT)] = []


@router.get("/api/tellings")
def tellings(_who: Viewer, deps: Deps) -> list[TellingOut]:
    """The call list: changes to be told, then those told lately."""
    with deps.database.read() as session:
        return read_tellings(session, deps.clock())


@router.post("/api/tellings/{id_}/told")
def told(id_: str, body: Told, who: Dispatcher, deps: Deps) -> list[TellingOut]:
    """Tick a change as told: from now on the vehicle is judged by its new route."""
    deps.command("route.told", {"telling": id_, "how": body.how}, who.name)
    with deps.database.read() as session:
        return read_tellings(session, deps.clock())


@router.get("/api/tellings/{id_}/slip.pdf", response_class=FileResponse)
def slip(id_: str, _who: Viewer, deps: Deps) -> FileResponse:
    """The one-page change slip."""
    with deps.database.read() as session:
        telling = session.get(Telling, id_)
        route = session.get(Route, telling.route) if telling is not None else None
        name = deps.slip_name(route) if route is not None else ""
    path = _inside(deps, name)
    if path is None:
        raise Problem(404, "unknown_slip", "there is no slip of that change, or it is not printed yet")
    return _pdf(path, path.name)


@router.get("/api/sheets")
def sheets(_who: Viewer, deps: Deps) -> list[SheetOut]:
    """Sheets that are out, and those that came back or were replaced lately."""
    with deps.database.read() as session:
        return read_sheets(session, deps.clock())


@router.post("/api/sheets/{code}/back", responses={409: {"description": "It is not the one that is out."}})
def back(code: str, body: HandBack, who: Dispatcher, deps: Deps) -> list[SheetOut]:
    """Hand a sheet back: every stop was done but those named."""
    deps.command("sheet.back", {"code": code[:20], "undone": sorted(set(body.undone))}, who.name)
    with deps.database.read() as session:
        return read_sheets(session, deps.clock())


@router.get("/api/sheets/{code}/stops/{stop}")
def sheet_stop(code: str, stop: Stop, _who: Viewer, deps: Deps) -> SheetStopOut:
    """One stop of a sheet: what the square beside it names."""
    with deps.database.read() as session:
        return read_sheet_stop(session, code[:20], stop)


@router.post(
    "/api/sheets/{code}/stops/{stop}/tick", responses={409: {"description": "It is done, or the sheet is not out."}}
)
def tick(code: str, stop: Stop, who: Dispatcher, deps: Deps) -> SheetStopOut:
    """Tick one stop as done; the sheet stays out."""
    deps.command("sheet.tick", {"code": code[:20], "stop": stop}, who.name)
    with deps.database.read() as session:
        return read_sheet_stop(session, code[:20], stop)


@router.get("/sheets/{code}.pdf", response_class=FileResponse)
def sheet(code: str, _who: Viewer, deps: Deps) -> FileResponse:
    """The printed sheet of a route, by the code on it."""
    code = read_sheet_code(code)
    row = None
    if SHEET_CODE.fullmatch(code):
        with deps.database.read() as session:
            row = session.get(Sheet, code)
    path = _inside(deps, row.path) if row is not None else None
    if row is None or path is None:
        raise Problem(404, "unknown_sheet", f"there is no sheet {code[:20]}")
    return FileResponse(
        path, media_type="application/pdf", filename=f"{row.code}.pdf", content_disposition_type="inline"
    )


def _pdf(path: Path, name: str) -> FileResponse:
    return FileResponse(path, media_type="application/pdf", filename=name, content_disposition_type="inline")


def _inside(deps: ConsoleDeps, name: str) -> Path | None:
    """The file of that name, where it is one of the sheets' folder."""
    root = deps.sheets_dir.resolve()
    path = (root / name).resolve() if name else root
    return path if path != root and path.is_relative_to(root) and path.is_file() else None
