"""The snow response: an episode makes a response with stages; stages make work and ask for plans.

pretreat (bridges and ramps, main, secondary before onset) → plough (from the depth that calls for it) → muster
(manual beats at the muster clock).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from dispatch.beats import plan_beats
from dispatch.context import Context
from dispatch.decide.alerts import EpisodeFact
from dispatch.decide.snow import (
    NEEDS_PLOUGHS,
    RESPONDS_TO,
    Conditions,
    RateChoice,
    choose_rate,
    may_self_start,
    muster_at,
    priority_of,
    salt_kg,
    sides,
)
from dispatch.params import SnowParams
from dispatch.planning import PlanFor, find_or_make_plan, request_plan
from dispatch.uow import UnitOfWork
from models.tables.city import District, ResourceState, Segment, Setting
from models.tables.plans import Plan, PlanRequest, PlanVersion
from models.tables.weather import Alert, Episode, Forecast, Reading, Response, Stage
from models.tables.work import WorkItem
from models.times import iso, local_date

SELF_START_STOP = "self_start_stopped"
TREATED = ("main", "secondary")


def episode_changed(
    uow: UnitOfWork, context: Context, episode: Episode, fact: EpisodeFact, head: Alert | None, moved: bool
) -> None:
    """Make, move or close the response of an episode."""
    response = uow.session.exec(select(Response).where(Response.episode == episode.id)).first()
    if episode.state == "withdrawn":
        if response is not None:
            _stand_down(uow, response)
        return
    over = episode.expires is not None and episode.expires <= uow.now
    if episode.phenomenon not in RESPONDS_TO or over or head is None:
        return
    if response is None:
        _open_response(uow, context, episode, head)
    elif moved and response.state == "live":
        _move_stages(uow, context, response, episode)


def _open_response(uow: UnitOfWork, context: Context, episode: Episode, head: Alert) -> None:
    params = context.rules.snow
    stop = uow.session.get(Setting, SELF_START_STOP)
    why_not = may_self_start(
        head.status, head.sent, head.received_at, head.expires, stop is not None and stop.value.get("on", False), params
    )
    if context.replay:
        why_not = "replay"
    choice = choose_rate(episode.phenomenon, conditions_now(uow.session, episode), params)
    response = Response(
        id=uow.new_id("response", episode.id),
        episode=episode.id,
        self_start=not why_not,
        self_start_reason=why_not,
        rate={"row": choice.code, "g_m2": choice.g_m2, "passes": choice.passes, "notes": list(choice.notes)},
    )
    uow.session.add(response)
    uow.audit(
        "response.opened", f"response:{response.id}", episode=episode.id, rate=response.rate, self_start=not why_not
    )
    pretreat = _stage(uow, response, "pretreat", "onset", episode.onset, "planned")
    _plan_streets(uow, context, pretreat, choice, "salting", episode.onset)
    if episode.phenomenon in NEEDS_PLOUGHS:
        due = episode.onset + timedelta(minutes=params.plough_after_onset_min)
        plough = _stage(uow, response, "plough", "depth", due, "waiting")
        uow.set_timer(f"plough:{response.id}", due, "stage.plough", "alerts", stage=plough.id)
    at = muster_at(episode.onset, context.zone, params)
    muster = _stage(uow, response, "muster", "clock", at, "planned")
    plan_beats(uow, context, muster, at)
    uow.session.flush()


def _stage(uow: UnitOfWork, response: Response, kind: str, anchor: str, due_at: datetime | None, state: str) -> Stage:
    stage = Stage(
        id=uow.new_id("stage", response.id, kind),
        response=response.id,
        kind=kind,
        anchor=anchor,
        due_at=due_at,
        state=state,
    )
    uow.session.add(stage)
    uow.session.flush()
    uow.audit("stage." + state, f"stage:{stage.id}", kind=kind, due_at=iso(due_at) if due_at else "")
    return stage


def conditions_now(session: Session, episode: Episode) -> Conditions:
    """Newest road temperature of the last three hours before the decision, and the snow forecast over the episode."""
    reading = session.exec(
        select(Reading)
        .where(col(Reading.road_c).is_not(None))
        .order_by(col(Reading.observed_at).desc(), Reading.device)
    ).first()
    fresh = reading is not None and reading.observed_at > episode.received_at - timedelta(hours=3)
    forecast = session.exec(
        select(Forecast)
        .where(Forecast.valid_to > episode.onset, col(Forecast.snow_cm).is_not(None))
        .order_by(col(Forecast.issued_at).desc(), Forecast.provider)
    ).first()
    return Conditions(
        road_c=reading.road_c if reading is not None and fresh else None,
        air_c=reading.air_c if reading is not None and fresh else None,
        snow_cm=forecast.snow_cm if forecast is not None else None,
    )


def street_rows(session: Session, district: str) -> list[Segment]:
    """The streets a snow stage treats in a district: main, secondary, and every bridge and ramp; by id."""
    rows = session.exec(select(Segment).where(Segment.district == district).order_by(Segment.id)).all()
    return [row for row in rows if row.road_class in TREATED or row.bridge or row.ramp]


def closed_streets(session: Session) -> frozenset[str]:
    """Segments that are out of service now."""
    rows = session.exec(select(ResourceState).where(ResourceState.kind == "street", ResourceState.status == "out"))
    return frozenset(row.ref for row in rows)


def _plan_streets(
    uow: UnitOfWork, context: Context, stage: Stage, choice: RateChoice, service: str, onset: datetime
) -> None:
    """Work items for every street of the stage and one plan request a district."""
    params = context.rules.snow
    start = uow.now + timedelta(minutes=params.ready_after_min)
    shift_end = start + timedelta(minutes=params.plough_shift_min)
    shut = closed_streets(uow.session)
    day = local_date(start, context.zone)
    for district in uow.session.exec(select(District).order_by(District.code)).all():
        plan = find_or_make_plan(
            uow, PlanFor(district.code, service, f"stage:{stage.id}", day, "N", start, shift_end, f"stage:{stage.id}")
        )
        for segment in street_rows(uow.session, district.code):
            item = street_item(uow, context, plan, segment, choice, service, start, onset)
            if segment.id in shut:
                item.state, item.detail = "cancelled", {**item.detail, "reason": "street_out"}
            uow.session.add(item)
        uow.session.flush()
        request_plan(uow, context, plan, f"stage.{stage.kind}")


def street_deadline(params: SnowParams, priority: str, service: str, start: datetime, onset: datetime) -> datetime:
    """By when a street of a class is due: within its time, and where it is salted before an onset, ahead of that."""
    rule = params.classes.get(priority) or params.classes["secondary"]
    within = start + timedelta(minutes=rule.within_min)
    last = onset - timedelta(minutes=params.pretreat_margin_min)
    return min(within, last) if service == "salting" and last > start else within


def street_item(
    uow: UnitOfWork,
    context: Context,
    plan: Plan,
    segment: Segment,
    choice: RateChoice,
    service: str,
    start: datetime,
    onset: datetime,
) -> WorkItem:
    """The work item of one street in one stage. Passes count runs over the street: treatments times sides."""
    params = context.rules.snow
    priority = priority_of(segment.road_class, segment.bridge, segment.ramp)
    both_ways = (
        2 if service == "ploughing" and segment.one_way == 0 else sides(segment.width_m, segment.one_way, params)
    )
    runs = choice.passes * both_ways
    return WorkItem(
        id=uow.new_id("work", plan.code, segment.id),
        service=service,
        district=segment.district,
        place=f"segment:{segment.id}",
        node=segment.from_node,
        origin=plan.origin,
        period=plan.period,
        priority=priority,
        quantity_kg=salt_kg(segment.length_m, segment.width_m, choice.g_m2) * choice.passes,
        passes=runs,
        deadline=street_deadline(params, priority, service, start, onset),
        created_at=uow.now,
        detail={"g_m2": choice.g_m2, "sides": both_ways, "rate": choice.code},
    )


def depth_reported(uow: UnitOfWork, context: Context, depth_cm: float, observed_at: datetime) -> None:
    """Enough snow lies: every waiting plough stage whose onset has come starts."""
    if depth_cm < context.rules.snow.plough_at_depth_cm:
        return
    for stage in uow.session.exec(select(Stage).where(Stage.kind == "plough", Stage.state == "waiting")).all():
        episode = _episode_of(uow.session, stage)
        if episode is not None and episode.onset <= observed_at:
            start_plough(uow, context, stage)


def start_plough(uow: UnitOfWork, context: Context, stage: Stage) -> None:
    """Plan the ploughs of every district. Anything but a waiting stage is left alone."""
    if stage.state != "waiting":
        return
    episode = _episode_of(uow.session, stage)
    if episode is None or episode.state != "live":
        return
    stage.state = "planned"
    uow.cancel_timer(f"plough:{stage.response}")
    choice = RateChoice("snow_cover", context.rules.snow.plough_salt_g_m2, 1, ())
    _plan_streets(uow, context, stage, choice, "ploughing", episode.onset)
    uow.audit("stage.planned", f"stage:{stage.id}", kind="plough")


def plough_timer(uow: UnitOfWork, context: Context, stage_id: str) -> None:
    """Nobody measured a depth since onset: the ploughs go by the clock. Measured and low: look again in an hour."""
    stage = uow.session.get(Stage, stage_id)
    if stage is None or stage.state != "waiting":
        return
    episode = _episode_of(uow.session, stage)
    if episode is None:
        return
    measured = uow.session.exec(
        select(Reading).where(col(Reading.snow_depth_cm).is_not(None), Reading.observed_at >= episode.onset)
    ).first()
    if measured is None:
        start_plough(uow, context, stage)


def _episode_of(session: Session, stage: Stage) -> Episode | None:
    response = session.get(Response, stage.response)
    return session.get(Episode, response.episode) if response is not None else None


def _move_stages(uow: UnitOfWork, context: Context, response: Response, episode: Episode) -> None:
    """The onset moved: what has not started is planned again for the new one."""
    for stage in uow.session.exec(select(Stage).where(Stage.response == response.id)).all():
        if stage.kind == "pretreat" and stage.state == "planned":
            stage.due_at = episode.onset
            for item in uow.session.exec(select(WorkItem).where(WorkItem.origin == f"stage:{stage.id}")).all():
                last = episode.onset - timedelta(minutes=context.rules.snow.pretreat_margin_min)
                if item.deadline is not None and last > uow.now:
                    item.deadline = min(item.deadline, last)
            for plan in uow.session.exec(select(Plan).where(Plan.origin == f"stage:{stage.id}")).all():
                request_plan(uow, context, plan, "onset_moved")
        elif stage.kind == "plough" and stage.state == "waiting":
            stage.due_at = episode.onset + timedelta(minutes=context.rules.snow.plough_after_onset_min)
            uow.set_timer(f"plough:{response.id}", stage.due_at, "stage.plough", "alerts", stage=stage.id)
        uow.audit("stage.moved", f"stage:{stage.id}", onset=iso(episode.onset))


def _stand_down(uow: UnitOfWork, response: Response) -> None:
    """Withdrawn: stages not started are closed; nobody is recalled, an alarm proposes to stand down."""
    if response.state != "live":
        return
    response.state = "closed"
    for stage in uow.session.exec(select(Stage).where(Stage.response == response.id)).all():
        if stage.state in ("waiting", "planned"):
            stage.state = "closed"
            _drop_plans(uow, stage)
        uow.cancel_timer(f"plough:{response.id}")
    uow.audit("response.closed", f"response:{response.id}", reason="withdrawn")
    uow.open_alarm("stand_down", response.id, priority=1, proposal="stand down")


def _drop_plans(uow: UnitOfWork, stage: Stage) -> None:
    origin = f"stage:{stage.id}"
    for plan in uow.session.exec(select(Plan).where(Plan.origin == origin)).all():
        uow.cancel_timer(f"selfstart:{plan.code}")
        for request in uow.session.exec(select(PlanRequest).where(PlanRequest.plan == plan.code)).all():
            if request.phase in ("greedy", "improve", "insert", "replan"):
                request.phase, request.note = "done", "withdrawn"
        for version in uow.session.exec(select(PlanVersion).where(PlanVersion.plan == plan.code)).all():
            if version.state in ("draft", "proposed"):
                version.state = "closed"
    for item in uow.session.exec(select(WorkItem).where(WorkItem.origin == origin)).all():
        if item.state in ("open", "planned"):
            item.state = "cancelled"
