"""The snow room: what is left until onset and muster, how far each stage is by class, what is untreated and why.

Salt is what the work asks for. Trucks report that they spread and where, not how much: there is no figure of salt
spread, only of the work their tracks prove done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, select

from console.read.base import Out
from console.read.weather import StageOut
from dispatch.pins import excluded_by, live_pins
from dispatch.stages import in_order
from dispatch.versions import LIVE_STATES, latest_version, routes_of
from models.tables.city import Segment
from models.tables.plans import Plan, PlanVersion
from models.tables.weather import Episode, Response, Stage
from models.tables.work import WorkItem
from models.times import parse_time

UNTREATED_SHOWN = 300
"""Rows of untreated work a stage, the soonest deadline first; the counts by reason are of all."""
DONE, GONE = "done", "cancelled"


class ClassOut(Out):
    """Progress of a class of work: items, street metres and kilograms of salt, in all and of those proven done.

    `missed` were not done in time, `cancelled` are no longer owed (a street that is closed).
    """

    name: str
    total: int
    done: int
    started: int
    missed: int
    cancelled: int
    length_m: int
    done_m: int
    salt_kg: int
    done_salt_kg: int


class UntreatedOut(Out):
    """Work of a stage that is not done. `why`: on_route (by `vehicle`, at `at`), waiting (its plan is not approved),
    excluded, missed, street_out, no_plan, or a plan's reason for leaving it out.
    """

    work_item: str
    place: str
    name: str
    deadline: datetime | None
    why: str
    vehicle: str
    at: datetime | None
    version: str


class StagePlanOut(Out):
    """A plan of a stage: its newest version, and the one in force where there is one."""

    code: str
    newest: str
    newest_state: str
    in_force: str


class StageRoomOut(StageOut):
    """A stage with its progress. `untreated` are the most urgent; `why` counts all of them by reason."""

    classes: list[ClassOut]
    plans: list[StagePlanOut]
    untreated: list[UntreatedOut]
    why: dict[str, int]


class SnowEpisodeOut(Out):
    """A response under way. `muster_at` is when its crews on foot begin; null without that stage."""

    episode: str
    phenomenon: str
    severity: str
    onset: datetime
    onset_assumed: bool
    expires: datetime | None
    muster_at: datetime | None
    rate: dict[str, object]
    self_start: bool
    self_start_reason: str
    stages: list[StageRoomOut]


@dataclass(slots=True)
class _Known:
    """Where the work of a stage stands in its plans: by work item."""

    plans: list[StagePlanOut] = field(default_factory=list)
    on_route: dict[str, tuple[str, datetime, str]] = field(default_factory=dict)
    left_out: dict[str, tuple[str, str]] = field(default_factory=dict)
    excluded: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    """Versions shown that are not in force."""


def read_snow(session: Session) -> list[SnowEpisodeOut]:
    """Responses that are live, the soonest onset first."""
    rows = session.exec(
        select(Episode, Response)
        .join(Response, col(Response.episode) == col(Episode.id))
        .where(Response.state == "live", Episode.state == "live")
        .order_by(col(Episode.onset), Episode.id)
    ).all()
    lengths: dict[str, tuple[str, float]] = {}
    if rows:
        found = session.exec(select(Segment.id, Segment.name, Segment.length_m)).all()
        lengths = {f"segment:{id_}": (name, length_m) for id_, name, length_m in found}
    return [_episode(session, episode, response, lengths) for episode, response in rows]


def _episode(
    session: Session, episode: Episode, response: Response, lengths: dict[str, tuple[str, float]]
) -> SnowEpisodeOut:
    stages = in_order(session.exec(select(Stage).where(Stage.response == response.id)).all())
    return SnowEpisodeOut(
        episode=episode.id,
        phenomenon=episode.phenomenon,
        severity=episode.severity,
        onset=episode.onset,
        onset_assumed=episode.onset_assumed,
        expires=episode.expires,
        muster_at=next((row.due_at for row in stages if row.kind == "muster"), None),
        rate=dict(response.rate),
        self_start=response.self_start,
        self_start_reason=response.self_start_reason,
        stages=[_stage(session, row, lengths) for row in stages],
    )


def _stage(session: Session, stage: Stage, lengths: dict[str, tuple[str, float]]) -> StageRoomOut:
    origin = f"stage:{stage.id}"
    items = session.exec(select(WorkItem).where(WorkItem.origin == origin)).all()
    known = _known(session, origin)
    open_ = [_untreated(item, known, lengths) for item in items if item.state not in (DONE, GONE)]
    open_ += [_untreated(item, known, lengths) for item in items if item.state == GONE and _is_shut(item)]
    soonest = sorted(open_, key=lambda row: (row.deadline is None, row.deadline, row.work_item))
    return StageRoomOut(
        id=stage.id,
        kind=stage.kind,
        anchor=stage.anchor,
        state=stage.state,
        due_at=stage.due_at,
        started_at=stage.started_at,
        done_at=stage.done_at,
        classes=_classes(items, lengths),
        plans=known.plans,
        untreated=soonest[:UNTREATED_SHOWN],
        why=dict(sorted(Counter(row.why for row in open_).items())),
    )


def _is_shut(item: WorkItem) -> bool:
    return item.detail.get("reason") == "street_out"


def _classes(items: Iterable[WorkItem], lengths: dict[str, tuple[str, float]]) -> list[ClassOut]:
    by_class: dict[str, list[WorkItem]] = {}
    for item in items:
        by_class.setdefault(item.priority, []).append(item)

    def count(rows: Sequence[WorkItem], state: str) -> int:
        return sum(row.state == state for row in rows)

    def metres(rows: Iterable[WorkItem]) -> int:
        return round(sum(lengths.get(row.place, ("", 0.0))[1] for row in rows if row.service != "beats"))

    found = []
    for name, rows in sorted(by_class.items()):
        owed = [row for row in rows if row.state != GONE]
        done = [row for row in rows if row.state == DONE]
        found.append(
            ClassOut(
                name=name,
                total=len(owed),
                done=len(done),
                started=count(rows, "started"),
                missed=count(rows, "missed"),
                cancelled=count(rows, GONE),
                length_m=metres(owed),
                done_m=metres(done),
                salt_kg=sum(row.quantity_kg for row in owed),
                done_salt_kg=sum(row.quantity_kg for row in done),
            )
        )
    return found


def _known(session: Session, origin: str) -> _Known:
    known = _Known()
    for plan in session.exec(select(Plan).where(Plan.origin == origin).order_by(Plan.code)).all():
        newest = latest_version(session, plan.code)
        live = session.exec(
            select(PlanVersion)
            .where(PlanVersion.plan == plan.code, col(PlanVersion.state).in_(LIVE_STATES))
            .order_by(col(PlanVersion.version).desc())
        ).first()
        known.excluded |= excluded_by(live_pins(session, plan.code))
        known.plans.append(
            StagePlanOut(
                code=plan.code,
                newest=newest.id if newest is not None else "",
                newest_state=newest.state if newest is not None else "",
                in_force=live.id if live is not None else "",
            )
        )
        shown = live or newest
        if shown is None:
            continue
        if live is None:
            known.waiting.add(shown.id)
        known.left_out.update({row["work_item"]: (row["reason"], shown.id) for row in shown.unserved})
        for route in routes_of(session, shown.id):
            for stop in route.doc["stops"]:
                entry = (route.vehicle or route.crew, parse_time(stop["arrive"]), shown.id)
                if stop["work_item"] and stop["work_item"] not in known.on_route:
                    known.on_route[stop["work_item"]] = entry
    return known


def _untreated(item: WorkItem, known: _Known, lengths: dict[str, tuple[str, float]]) -> UntreatedOut:
    vehicle, at, version = known.on_route.get(item.id, ("", None, ""))
    if item.state == GONE:
        why = "street_out"
    elif item.state == "missed":
        why = "missed"
    elif item.id in known.excluded:
        why = "excluded"
    elif vehicle:
        why = "waiting" if version in known.waiting else "on_route"
    else:
        why, version = known.left_out.get(item.id, ("no_plan", ""))
    return UntreatedOut(
        work_item=item.id,
        place=item.place,
        name=lengths.get(item.place, ("", 0.0))[0],
        deadline=item.deadline,
        why=why,
        vehicle=vehicle,
        at=at,
        version=version,
    )
