"""Photos of cases: one in as its bytes, out as JPEG in two sizes, removed and brought back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from sqlmodel import col, select

from console.errors import Problem
from console.guards import PHOTO_LIMIT, Deps, Dispatcher, Viewer
from console.read.cases import PhotoOut, read_case
from dispatch.photos import PHOTOS_A_CASE
from models.errors import Refused
from models.tables.work import CasePhoto, Report

router = APIRouter(prefix="/api", tags=["photos"])

Number = Annotated[str, Path(min_length=1, max_length=60)]
Id = Annotated[str, Path(min_length=1, max_length=60)]
KEPT_S = 3600
UNFIT = {"too_many_pixels": 413, "not_a_photo": 415, "broken_photo": 422, "too_many_photos": 409}
ANSWERS: dict[int | str, dict[str, Any]] = {
    409: {"description": f"The case was merged, or has {PHOTOS_A_CASE} photos."},
    413: {"description": f"Over {PHOTO_LIMIT // 2**20} MB, or more points than a photo has."},
    415: {"description": "No JPEG, PNG or WebP."},
    422: {"description": "Damaged."},
}


@router.post(
    "/cases/{number}/photos",
    status_code=201,
    responses=ANSWERS,
    openapi_extra={"requestBody": {"required": True, "content": {"image/*": {}}}},
)
async def add(
    number: Number,
    request: Request,
    who: Dispatcher,
    deps: Deps,
    report: Annotated[str, Query(max_length=60)] = "",
) -> PhotoOut:
    """A photo of a case as its bytes; with `report`, of the case that report belongs to by now. Sent again it is the
    same one."""
    if not request.headers.get("content-type", "").startswith("image/"):
        raise Problem(415, "not_a_photo", "send a photo's bytes as image/jpeg, image/png or image/webp")
    raw = await request.body()
    if not raw:
        raise Problem(400, "empty", "the body is empty: send a photo")
    try:
        return await run_in_threadpool(_add, deps, number, report, raw, who.name)
    except Refused as error:
        if error.code not in UNFIT:
            raise
        raise Problem(UNFIT[error.code], error.code, error.text) from error


def _add(deps: Deps, number: str, report: str, raw: bytes, who: str) -> PhotoOut:
    with deps.database.read() as session:
        read_case(session, number)  # nothing is opened for a case there is not
    picture = deps.photos.keep(raw)
    deps.command("photo.add", {"case": number, "report": report, "picture": asdict(picture)}, who)
    with deps.database.read() as session:
        told = session.get(Report, report) if report else None
        case = told.case if told is not None else number
        rows = session.exec(
            select(CasePhoto).where(CasePhoto.case == case, CasePhoto.sent_sha256 == picture.sent_sha256)
        ).all()
        row = next(row for row in rows if row.removed_at is None)
        return PhotoOut.model_validate(row, from_attributes=True)


@router.get("/photos/{sha256}/{size}", response_class=FileResponse)
def photo(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], size: Literal["full", "small"], _who: Viewer, deps: Deps
) -> FileResponse:
    """A photo that belongs to a case, as JPEG."""
    path = deps.photos.path(sha256, size == "small")
    with deps.database.read() as session:
        known = session.exec(
            select(CasePhoto.id).where(CasePhoto.sha256 == sha256, col(CasePhoto.removed_at).is_(None))
        ).first()
    if known is None or not path.is_file():
        raise Refused("unknown_photo", f"no photo {sha256[:12]}")
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": f"private, max-age={KEPT_S}"})


@router.delete("/photos/{id_}", status_code=204, responses={409: {"description": "Removed already."}})
def remove(id_: Id, who: Dispatcher, deps: Deps) -> None:
    """Out of sight at once; for a day it can be brought back."""
    deps.command("photo.remove", {"photo": id_}, who.name)


@router.post("/photos/{id_}/restore", status_code=204, responses={409: {"description": "It is there."}})
def restore(id_: Id, who: Dispatcher, deps: Deps) -> None:
    """It was removed wrongly."""
    deps.command("photo.restore", {"photo": id_}, who.name)
