"""What-if: a plan worked out with something otherwise, in a child process. One at a time, stored nowhere."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from console.errors import Problem
from console.guards import Deps, Dispatcher
from console.read.whatif import WhatIfOut
from dispatch.whatif import Change
from models.tables.plans import PlanVersion

router = APIRouter(tags=["plans"])

VersionId = Annotated[str, Path(max_length=120, description="PLAN@VERSION the answer is held against")]
Name = Annotated[str, Field(max_length=200)]
DAY_MIN = 24 * 60


class Asking(BaseModel):
    """At least one change: a vehicle or crew away, a street (segment id) closed, another row of the spread matrix, the
    onset later by minutes (earlier where negative).
    """

    without: Name = ""
    close: Name = ""
    rate: Name = ""
    onset_min: Annotated[int, Field(ge=-DAY_MIN, le=DAY_MIN)] = 0


@router.post(
    "/api/plans/{version_id}/what-if", status_code=202, responses={503: {"description": "One is being worked out."}}
)
def ask(version_id: VersionId, body: Asking, who: Dispatcher, deps: Deps) -> WhatIfOut | None:
    """Start working out what the plan would be. It takes as long as a plan is improved, and some seconds."""
    if body == Asking():
        raise Problem(400, "usage", "give at least one change")
    with deps.database.read() as session:
        if session.get(PlanVersion, version_id) is None:
            raise Problem(404, "unknown_plan", f"plan version {version_id} is not known")
    deps.what_if.start(version_id, Change(body.without, body.close, body.rate, body.onset_min), who.name)
    return look(who, deps)


@router.get("/api/what-if")
def look(_who: Dispatcher, deps: Deps) -> WhatIfOut | None:
    """The what-if that is worked out, or the last one; null where there is none."""
    found = deps.what_if.look()
    return WhatIfOut.model_validate(found) if found is not None else None


@router.delete("/api/what-if", status_code=204)
def stop(_who: Dispatcher, deps: Deps) -> None:
    """End the one that is worked out, or forget the last one."""
    deps.what_if.stop()
