"""Plans: the list, one version, approving it, its tracks."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from fastapi.responses import Response

from console.errors import Problem
from console.guards import Approver, Deps, Dispatcher, Viewer
from console.read.differences import DifferenceOut, find_difference
from console.read.explanations import ExplanationOut
from console.read.plans import PlanDetailOut, PlanOut, VersionOut, find_plan_detail, find_versions, read_plans
from console.read.work import find_newest
from dispatch.tracks import route_track
from models.errors import Refused, Stale
from models.tables.plans import PlanVersion

router = APIRouter(tags=["plans"])

PlanCode = Annotated[str, Path(max_length=120, description="A plan's code, as S-20231218-D01-N")]
VersionId = Annotated[str, Path(max_length=120, description="PLAN@VERSION, as S-20231218-D01-N@3")]


@router.get("/api/plans")
def plans(_who: Viewer, deps: Deps) -> list[PlanOut]:
    """Plans with the versions that matter, their verdicts and numbers."""
    with deps.database.read() as session:
        return read_plans(session)


@router.get("/api/plans/{version_id}")
def plan(version_id: VersionId, _who: Viewer, deps: Deps) -> PlanDetailOut:
    """One version with its routes, stops and driven segments."""
    return _detail(version_id, deps)


@router.get("/api/plans/{code}/versions")
def versions(code: PlanCode, _who: Viewer, deps: Deps) -> list[VersionOut]:
    """Every version of a plan, the newest first, those that were superseded too: what can be compared."""
    with deps.database.read() as session:
        found = find_versions(session, code)
    if found is None:
        raise Problem(404, "unknown_plan", f"plan {code} is not known")
    return found


@router.get("/api/plans/{version_id}/difference/{old_id}")
def difference(version_id: VersionId, old_id: VersionId, _who: Viewer, deps: Deps) -> DifferenceOut:
    """What changed from the version `old_id` to this one."""
    with deps.database.read() as session:
        found = find_difference(session, old_id, version_id)
    if found is None:
        raise Problem(404, "unknown_plan", f"{version_id} and {old_id} are not two versions of one plan")
    return found


@router.get("/api/plans/{version_id}/explanations", responses={503: {"description": "One is being worked out."}})
def explanations(version_id: VersionId, _who: Dispatcher, deps: Deps) -> list[ExplanationOut]:
    """Why each task is left out, and what would let it be served, the cheapest first. Takes seconds to a minute."""
    with deps.database.read() as session:
        if session.get(PlanVersion, version_id) is None:
            raise Problem(404, "unknown_plan", f"plan version {version_id} is not known")
    return [ExplanationOut.model_validate(row) for row in deps.explain(version_id)]


def _detail(version_id: str, deps: Deps) -> PlanDetailOut:
    with deps.database.read() as session:
        found = find_plan_detail(session, version_id)
    if found is None:
        raise Problem(404, "unknown_plan", f"plan version {version_id} is not known")
    return found


@router.post(
    "/api/plans/{version_id}/approve",
    responses={
        409: {
            "description": "The version has been overtaken: `newest` names the one to look at, "
            "`difference` what changed, a vehicle or crew at a time."
        }
    },
)
def approve(version_id: VersionId, who: Approver, deps: Deps) -> PlanDetailOut:
    """Approve exactly this version."""
    try:
        deps.approve(version_id, who.name)
    except Stale as error:
        with deps.database.read() as session:
            newest = find_newest(session, version_id)
            found = find_difference(session, version_id, newest.id) if newest is not None else None
        raise Problem(
            409,
            error.code,
            error.text,
            newest=newest.id if newest is not None else None,
            newest_state=newest.state if newest is not None else None,
            difference=[change.model_dump() for change in found.changes] if found is not None else [],
        ) from error
    return _detail(version_id, deps)


@router.post(
    "/api/plans/{version_id}/undo",
    status_code=202,
    responses={409: {"description": "The approval is too long ago."}},
)
def undo(version_id: VersionId, who: Approver, deps: Deps) -> None:
    """Ask for the running plan as it was before this approved change; a version is proposed when it is made."""
    try:
        deps.undo(version_id.partition("@")[0], who.name)
    except Stale as error:
        raise Problem(409, error.code, error.text) from error


@router.get("/api/plans/{version_id}/routes/{seq}/track.{kind}", response_class=Response)
def track(version_id: VersionId, seq: int, kind: Literal["gpx", "geojson"], _who: Viewer, deps: Deps) -> Response:
    """A route as GPX or GeoJSON, for navigators and maps."""
    with deps.database.read() as session:
        try:
            content = route_track(session, f"{version_id}/{seq}", kind)
        except Refused as error:
            raise Problem(404, error.code, error.text) from error
    name = re.sub(r"[^A-Za-z0-9.@-]+", "-", f"{version_id}-{seq}")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
    return Response(content, media_type=f"application/{'gpx+xml' if kind == 'gpx' else 'geo+json'}", headers=headers)
