"""A storm's report: one episode from its first alert to the end of its last plan. Reads rows, changes none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.approval import CLOSE_AFTER
from dispatch.reports.coverage import class_cover, street_lines, unserved_reasons
from dispatch.reports.plans import approved_versions, plan_lines, route_lines, routes_of
from dispatch.reports.timeline import timeline
from dispatch.reports.values import CaseLine, StageLine, StormReport
from dispatch.stages import in_order
from models.errors import Refused
from models.tables.city import City
from models.tables.plans import Plan
from models.tables.weather import Alert, Episode, Response, Stage
from models.tables.work import Case, WorkItem
from models.times import local_date

WITHOUT_PLANS = timedelta(hours=24)
"""How long an episode counts that says no end and has no plan."""


def find_episode(session: Session, wanted: str = "") -> Episode:
    """An episode by its id or by the local date (YYYY-MM-DD) of its onset; the newest with a response when empty.

    Raises Refused when there is none.
    """
    zone = session.exec(select(City.zone)).one()
    rows = session.exec(
        select(Episode)
        .join(Response, col(Response.episode) == col(Episode.id))
        .order_by(col(Episode.onset).desc(), col(Episode.id))
    ).all()
    for row in rows:
        if wanted in ("", row.id, local_date(row.onset, zone).isoformat()):
            return row
    found = session.get(Episode, wanted) if wanted else None
    if found is None:
        raise Refused("unknown_episode", f"no storm {wanted or 'yet'} that was responded to; give its date or its id")
    return found


def storm_report(session: Session, episode: Episode) -> StormReport:
    """The report of an episode. Same rows, same report."""
    city = session.exec(select(City)).one()
    alerts = session.exec(select(Alert).where(Alert.episode == episode.id).order_by(col(Alert.received_at))).all()
    response = session.exec(select(Response).where(Response.episode == episode.id)).first()
    stages = _stages(session, response)
    origins = [f"stage:{stage.id}" for stage in stages]
    plans = session.exec(select(Plan).where(col(Plan.origin).in_(origins)).order_by(Plan.code)).all()
    approved = approved_versions(session, plans)
    until = _until(session, episode, plans, [rows[-1][0].id for rows in approved.values() if rows])
    clock_at = next((stage.due_at for stage in stages if stage.kind == "muster"), None)
    left = unserved_reasons(rows[-1][0].unserved for rows in approved.values() if rows)
    streets = street_lines(session, stages, left, episode.received_at, until)
    moments = timeline(session, alerts, response, stages, plans, episode.received_at, until)
    routes = route_lines(session, plans, until)
    rate = response.rate if response is not None else {}
    known = [moment.at for moment in moments] + [s.last_at for s in streets if s.last_at is not None]
    return StormReport(
        episode=episode.id,
        city=city.name,
        city_en=city.name_en,
        zone=city.zone,
        phenomenon=episode.phenomenon,
        severity=episode.severity,
        headline=alerts[-1].headline if alerts else "",
        state=episode.state,
        received_at=episode.received_at,
        onset=episode.onset,
        onset_assumed=episode.onset_assumed,
        expires=episode.expires,
        clock_at=clock_at,
        until=until,
        as_of=max([*known, *(r.driven_end for r in routes if r.driven_end is not None), episode.received_at]),
        over=bool(stages) and all(stage.state in ("done", "closed") for stage in stages),
        self_start=response is not None and response.self_start,
        self_start_reason=response.self_start_reason if response is not None else "",
        rate_row=str(rate.get("row", "")),
        rate_g_m2=int(rate.get("g_m2", 0)),
        rate_passes=int(rate.get("passes", 0)),
        timeline=moments,
        stages=tuple(_stage_line(session, stage) for stage in stages),
        cover=class_cover(streets, episode.onset, clock_at),
        streets=streets,
        plans=plan_lines(session, plans, routes),
        routes=routes,
        cases=case_lines(session, episode.received_at, until),
        attribution=city.attribution,
    )


def _stages(session: Session, response: Response | None) -> list[Stage]:
    if response is None:
        return []
    rows = session.exec(select(Stage).where(Stage.response == response.id)).all()
    return in_order(rows)


def _until(session: Session, episode: Episode, plans: Sequence[Plan], versions: Sequence[str]) -> datetime:
    """When the last plan closes: what is driven or told later belongs to no plan of this storm."""
    ends = [plan.end_at for plan in plans] + [route.end_at for route in routes_of(session, versions)]
    if ends:
        return max(ends) + CLOSE_AFTER
    return episode.expires or episode.received_at + WITHOUT_PLANS


def _stage_line(session: Session, stage: Stage) -> StageLine:
    states = session.exec(select(WorkItem.state).where(WorkItem.origin == f"stage:{stage.id}")).all()
    return StageLine(
        kind=stage.kind,
        state=stage.state,
        due_at=stage.due_at,
        started_at=stage.started_at,
        done_at=stage.done_at,
        items=len(states),
        done=sum(1 for state in states if state == "done"),
    )


def case_lines(session: Session, since: datetime, until: datetime) -> tuple[CaseLine, ...]:
    """The cases opened from `since` on and before `until`, by number."""
    rows = session.exec(select(Case).where(Case.opened_at >= since, Case.opened_at < until).order_by(Case.number)).all()
    return tuple(case_line(row) for row in rows)


def case_line(row: Case) -> CaseLine:
    """A case as it stands."""
    return CaseLine(
        number=row.number,
        kind=row.kind,
        district=row.district,
        state=row.state,
        opened_at=row.opened_at,
        deadline=row.deadline,
        closed_at=row.closed_at,
    )
