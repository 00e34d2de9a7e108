"""A changed level of alert: the rate is chosen anew, work not yet done takes it on, and its plans are made anew."""

from __future__ import annotations

from sqlmodel import Session, col, select

from dispatch.context import Context
from dispatch.decide.snow import RateChoice, choose_rate, salt_kg
from dispatch.planning import request_plan
from dispatch.response import conditions_now
from dispatch.uow import UnitOfWork
from dispatch.versions import live_version
from models.tables.city import Segment
from models.tables.plans import Plan
from models.tables.weather import Episode, Response, Stage
from models.tables.work import UNDONE, WorkItem


def level_changed(uow: UnitOfWork, context: Context, episode: Episode) -> None:
    """Judge the streets' treatment by the level as it is now; nothing happens where the rate stays.

    Runs already driven count; a running plan is replanned behind its started stops, another one made anew.
    """
    response = uow.session.exec(select(Response).where(Response.episode == episode.id)).first()
    if response is None or response.state != "live":
        return
    choice = choose_rate(episode.phenomenon, conditions_now(uow.session, episode), context.rules.snow)
    before = (response.rate["row"], response.rate["g_m2"], response.rate["passes"])
    if (choice.code, choice.g_m2, choice.passes) == before:
        return
    response.rate = {"row": choice.code, "g_m2": choice.g_m2, "passes": choice.passes, "notes": list(choice.notes)}
    uow.audit("response.rate", f"response:{response.id}", rate=response.rate)
    stage = uow.session.exec(select(Stage).where(Stage.response == response.id, Stage.kind == "pretreat")).first()
    if stage is None or stage.state not in ("planned", "running"):
        return
    take_on_rate(uow.session, f"stage:{stage.id}", choice)
    for plan in uow.session.exec(select(Plan).where(Plan.origin == f"stage:{stage.id}").order_by(Plan.code)).all():
        running = live_version(uow.session, plan.code) is not None
        request_plan(uow, context, plan, f"rate:{choice.code}", mode="replan" if running else "full")


def take_on_rate(session: Session, origin: str, choice: RateChoice) -> None:
    """Quantity and runs of the work still owed, at the new rate."""
    rows = session.exec(select(WorkItem).where(WorkItem.origin == origin, col(WorkItem.state).in_(UNDONE))).all()
    segments = {row.id: row for row in session.exec(select(Segment)).all()}
    for item in rows:
        segment = segments[item.place.partition(":")[2]]
        item.quantity_kg = salt_kg(segment.length_m, segment.width_m, choice.g_m2) * choice.passes
        item.passes = max(item.passes_done, choice.passes * int(item.detail.get("sides", 1)))
        item.detail = {**item.detail, "g_m2": choice.g_m2, "rate": choice.code}
