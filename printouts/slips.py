"""The one-page change slip: what a crew must know whose route changed after its sheet went out."""

from __future__ import annotations

from sqlmodel import Session

from dispatch.differences import stop_key
from dispatch.routes import StopDoc
from models.errors import Refused
from models.ids import SHEET_PREFIX, sheet_code
from models.tables.city import Vehicle, Worker
from models.tables.plans import Plan, PlanVersion, Route, Telling
from models.times import to_micros
from printouts import messages
from printouts.data import SheetSource, qr_svg
from printouts.rows import named
from printouts.text import name_of
from printouts.values import SlipData, Words

LIST_LIMIT = 14
"""Added or dropped places written out; more are counted."""


def slip_data(session: Session, telling_id: str) -> SlipData:
    """Everything the slip of one change says. Raises Refused when the change or its route is unknown."""
    telling = session.get(Telling, telling_id)
    route = session.get(Route, telling.route) if telling is not None else None
    version = session.get(PlanVersion, route.plan_version) if route is not None else None
    plan = session.get(Plan, version.plan) if version is not None else None
    if telling is None or route is None or version is None or plan is None:
        raise Refused("unknown_telling", f"no such change to tell: {name_of(telling_id)}")
    zone = SheetSource(session).zone
    old = session.get(Route, str(telling.change.get("from_route", "")))
    old_version = session.get(PlanVersion, old.plan_version) if old is not None else None
    vehicle = session.get(Vehicle, route.vehicle) if route.vehicle else None
    driver = session.get(Worker, route.driver) if route.driver else None
    added, removed = _difference(old, route)
    code = sheet_code(route.route_hash)
    first_day = route.start_at.astimezone(zone).date()
    return SlipData(
        code=code,
        old_code=sheet_code(old.route_hash) if old is not None else "",
        qr_payload=SHEET_PREFIX + code,
        qr_svg=qr_svg(SHEET_PREFIX + code),
        plan=name_of(plan.code),
        old_version=old_version.version if old_version is not None else 0,
        version=version.version,
        title=messages.words_of(messages.TITLES, plan.service),
        vehicle=name_of(route.vehicle or route.crew),
        plate=name_of(vehicle.plate) if vehicle is not None else "",
        driver=name_of(driver.name) if driver is not None else "",
        phone=name_of(driver.phone) if driver is not None else "",
        sentence=_sentence(added, removed),
        added=_listed(added),
        removed=_listed(removed),
        old_end=messages.clock(old.end_at, zone, first_day) if old is not None else "",
        new_end=messages.clock(route.end_at, zone, first_day),
        opened=f"{telling.opened_at.astimezone(zone):%Y-%m-%d %H:%M}",
        created=to_micros(telling.opened_at) // 1_000_000,
    )


def _difference(old: Route | None, new: Route) -> tuple[list[StopDoc], list[StopDoc]]:
    """Stops that came and stops that went, by (work item, run). Both empty: only order or times changed."""
    before = {stop_key(stop): stop for stop in (old.doc["stops"] if old is not None else [])}
    after = {stop_key(stop): stop for stop in new.doc["stops"]}
    added = [stop for key, stop in after.items() if key not in before] if old is not None else []
    return added, [stop for key, stop in before.items() if key not in after]


def _listed(stops: list[StopDoc]) -> tuple[Words, ...]:
    """Names once each, in order; those beyond LIST_LIMIT counted."""
    names = list(dict.fromkeys(named(stop) for stop in stops))
    listed = names[:LIST_LIMIT]
    if len(names) > LIST_LIMIT:
        listed.append((f"…… 另有 {len(names) - LIST_LIMIT} 处", f"and {len(names) - LIST_LIMIT} more"))
    return tuple(listed)


def _sentence(added: list[StopDoc], removed: list[StopDoc]) -> Words:
    """The change in one sentence."""
    zh, en = [], []
    if added:
        zh.append(f"增加 {len(added)} 项（{_short(added, 0)}）")
        en.append(f"{len(added)} added ({_short(added, 1)})")
    if removed:
        zh.append(f"取消 {len(removed)} 项（{_short(removed, 0)}）")
        en.append(f"{len(removed)} dropped ({_short(removed, 1)})")
    if not zh:
        return "作业内容不变，顺序或时间有调整。", "Same work; its order or times have changed."
    return "，".join(zh) + "，其余照旧。", ", ".join(en) + "; the rest stays as it was."


def _short(stops: list[StopDoc], language: int) -> str:
    names = list(dict.fromkeys(named(stop) for stop in stops))
    shown = [words[language] or words[0] for words in names[:3]]
    return ("、", ", ")[language].join(shown) + ("…" if len(names) > 3 else "")
