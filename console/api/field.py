"""What stands, moves and waits: vehicles, stations, alerts, status."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import TypeAdapter

from console.guards import Answers, Approver, Deps, Dispatcher, Viewer
from console.read.city import the_city
from console.read.collection import CollectionOut, read_collection
from console.read.field import (
    StationsOut,
    VehicleOut,
    read_stations,
    read_vehicles,
)
from console.read.snow import SnowEpisodeOut, read_snow
from console.read.weather import AlertsOut, StatusOut, read_alerts, read_status

router = APIRouter(prefix="/api", tags=["now"])

VEHICLES = TypeAdapter(list[VehicleOut])


@router.get("/vehicles", response_model=list[VehicleOut])
def vehicles(_who: Viewer, deps: Deps, shared: Answers) -> Response:
    """Every vehicle with its last good fix: what each open page reads again and again while they move."""

    def read() -> bytes:
        with deps.database.read() as session:
            return VEHICLES.dump_json(read_vehicles(session))

    return Response(shared.answer("vehicles", read), media_type="application/json")


@router.get("/stations")
def stations(_who: Viewer, deps: Deps) -> StationsOut:
    """Every station with its level and today's clearance."""
    with deps.database.read() as session:
        return read_stations(session, deps.clock(), the_city(session).zone)


@router.get("/collection")
def collection(_who: Viewer, deps: Deps) -> CollectionOut:
    """The collection day: clearance by district, and each route against its plan."""
    with deps.database.read() as session:
        return read_collection(session, deps.clock(), the_city(session).zone)


@router.get("/alerts")
def alerts(_who: Viewer, deps: Deps) -> AlertsOut:
    """Weather episodes, their alerts, and what the city does about them."""
    with deps.database.read() as session:
        return read_alerts(session, deps.clock())


@router.get("/snow")
def snow(_who: Viewer, deps: Deps) -> list[SnowEpisodeOut]:
    """The snow room: each response under way, its stages by class, and what is untreated and why."""
    with deps.database.read() as session:
        return read_snow(session)


@router.get("/status")
def status(_who: Viewer, deps: Deps) -> StatusOut:
    """The system's clock, automatic starts, quarantine, newest weather reading."""
    with deps.database.read() as session:
        return read_status(session, deps.clock(), deps.simulated)


@router.post("/selfstart/stop", tags=["commands"])
def stop_self_start(who: Dispatcher, deps: Deps) -> StatusOut:
    """Stop every automatic start, at once, until released. Anybody who dispatches may."""
    deps.stop_self_start(True, who.name)
    with deps.database.read() as session:
        return read_status(session, deps.clock(), deps.simulated)


@router.post("/selfstart/release", tags=["commands"])
def release_self_start(who: Approver, deps: Deps) -> StatusOut:
    """Allow automatic starts again."""
    deps.stop_self_start(False, who.name)
    with deps.database.read() as session:
        return read_status(session, deps.clock(), deps.simulated)
