"""The city, its streets for the map, their treatment and the work on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import TypeAdapter

from console.guards import Answers, Deps, Viewer
from console.read.city import CityOut, StreetCache, TreatmentOut, read_city, read_treatment
from console.read.work import WORK_AFTER, WORK_BEFORE, WorkRouteOut, read_work

router = APIRouter(prefix="/api", tags=["city"])

TREATMENT = TypeAdapter(TreatmentOut)


def _streets(request: Request) -> StreetCache:
    cache: StreetCache = request.app.state.streets
    return cache


Streets = Annotated[StreetCache, Depends(_streets)]


@router.get("/city")
def city(_who: Viewer, deps: Deps, streets: Streets) -> CityOut:
    """The city: name, zone, bounds, attribution, districts, facilities."""
    with deps.database.read() as session:
        return read_city(session, streets.packed(session))


@router.get(
    "/map/segments",
    responses={
        200: {
            "description": "Every street segment, gzipped JSON: `scale` (integers are degrees times it), `classes`, "
            "`districts`, `names` [[zh, en]], `ids`, and `segments` in the order of `ids`: [name index, class index, "
            "flags (1 bridge, 2 ramp), one_way, length_m, district index, x, y, dx, dy, ...]."
        },
        304: {"description": "The network is the one the caller has."},
    },
    response_class=Response,
)
def segments(request: Request, _who: Viewer, deps: Deps, streets: Streets) -> Response:
    """The street network, to be asked for once: its ETag is the network hash."""
    with deps.database.read() as session:
        packed = streets.packed(session)
    etag = f'"{packed.network_hash}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(packed.body, media_type="application/json", headers={**headers, "Content-Encoding": "gzip"})


@router.get("/map/treatment", response_model=TreatmentOut)
def treatment(_who: Viewer, deps: Deps, shared: Answers) -> Response:
    """When each street was last treated, as reported by the trucks' tracks: each open page asks while vehicles move."""

    def read() -> bytes:
        with deps.database.read() as session:
            return TREATMENT.dump_json(read_treatment(session, deps.clock()))

    return Response(shared.answer("treatment", read), media_type="application/json")


@router.get("/map/work")
def work(_who: Viewer, deps: Deps) -> list[WorkRouteOut]:
    """Which route each street belongs to, for the plans around now."""
    with deps.database.read() as session:
        return read_work(session, deps.clock(), WORK_BEFORE, WORK_AFTER)
