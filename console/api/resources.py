"""Resources: what is in and out of service, and putting it in or out."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from console.guards import Deps, Dispatcher, Viewer
from console.read.resources import ResourceOut, read_resources

router = APIRouter(prefix="/api/resources", tags=["resources"])

REASON_LIMIT = 400
"""As an event of the kind may have."""


class Service(BaseModel):
    """Which resource, what it is from now on, and why (needed unless it is back)."""

    kind: Literal["vehicle", "crew", "facility", "street"]
    ref: Annotated[str, Field(min_length=1, max_length=80)]
    status: Literal["out", "limited", "back"]
    reason: Annotated[str, Field(max_length=REASON_LIMIT)] = ""


@router.get("")
def resources(_who: Viewer, deps: Deps) -> list[ResourceOut]:
    """Vehicles, crews, facilities and closed streets, with the routes in force that need them."""
    with deps.database.read() as session:
        return read_resources(session, deps.clock())


@router.post("")
def put(body: Service, who: Dispatcher, deps: Deps) -> list[ResourceOut]:
    """Put a resource in or out of service; plans follow as they do after an event of the kind."""
    deps.command("resource.set", body.model_dump(), who.name)
    with deps.database.read() as session:
        return read_resources(session, deps.clock())
