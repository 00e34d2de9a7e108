"""Is the system back to normal? One of everything, through every role, and nothing waiting anywhere."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from sqlmodel import Session, col, func, select

from dispatch.planning import PlanFor, find_or_make_plan, request_plan
from dispatch.uow import UnitOfWork
from models.errors import Unavailable
from models.tables.flow import Inbox, Outbox, Projection
from models.tables.plans import PlanRequest, PlanVersion
from models.tables.work import WorkItem
from models.times import local_date, to_micros
from tests.simulation.lab.balance import Balance, balance
from tests.simulation.lab.events import Speaker
from tests.simulation.lab.site import Site
from tests.simulation.lab.ways_in import Gateway, GaveUp, Http

BACK_LIMIT_S = 120.0
LOOK_S = 0.25
PROBE_VEHICLE = "C-2"
GROUPS = {
    "resources": ("resources",),
    "weather": ("weather",),
    "stations": ("stations",),
    "cases": ("cases",),
    "positions": ("positions",),
    "timers": ("timers",),
    "work": ("work",),
    "projections": ("state",),
    "view-last_fix": ("positions",),
}


@dataclass(slots=True)
class Back:
    """How long each part took to be back, in seconds from the end of the fault; `late` are those that were not."""

    parts: dict[str, float] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)

    @property
    def back_s(self) -> float:
        return max(self.parts.values(), default=0.0)


class Probe:
    """Looks for signs of life of each role, side by side, until all are there or the time is up."""

    def __init__(self, site: Site, since: float | None = None) -> None:
        self._site = site
        self._since = time.monotonic() if since is None else since
        self._speaker = Speaker(f"probe-{uuid.uuid4().hex[:6]}")
        self._http = Http(site, site.ledger)

    def run(self, limit_s: float = BACK_LIMIT_S) -> Back:
        back = Back()
        gateway = Gateway(self._site, self._site.ledger)
        fix = self._speaker.position(PROBE_VEHICLE)
        complaint = self._speaker.complaint(int(time.time()) % 97)
        try:
            gateway.say([fix])
            back.parts["broker"] = self._elapsed()
            self._http.say(complaint)
            back.parts["console"] = self._elapsed()
        except GaveUp as error:
            back.late.append(str(error))
            return back
        finally:
            gateway.close()
        micros = to_micros(datetime.fromisoformat(fix.body["observed_at"]))
        timer = self._set_timer()
        signs: dict[str, Callable[[Session], bool]] = {
            "streams": lambda s: s.get(Inbox, ("cases", "complaints:lab", complaint.mark)) is not None,
            "views": lambda s: self._seen_by_view(s, micros),
            "timers": lambda s: s.get(Inbox, ("timers", "sweepline", f"timer:{timer}")) is not None,
        }
        self._wait(signs, back, limit_s)
        self._plan_and_print(back, limit_s)
        return back

    def _elapsed(self) -> float:
        return time.monotonic() - self._since

    def _wait(self, signs: dict[str, Callable[[Session], bool]], back: Back, limit_s: float) -> None:
        left = dict(signs)
        while left and self._elapsed() < limit_s:
            with self._site.database.read() as session:
                for name in [name for name, there in left.items() if there(session)]:
                    back.parts[name] = self._elapsed()
                    del left[name]
            if left:
                time.sleep(LOOK_S)
        back.late += [f"{name}: no sign within {limit_s:.0f} s" for name in left]

    def _seen_by_view(self, session: Session, micros: int) -> bool:
        row = session.get(Projection, f"vehicle:{PROBE_VEHICLE}")
        return row is not None and row.position >= micros

    def _set_timer(self) -> str:
        """A timer due now, of a kind that looks and changes nothing."""
        id_ = f"lab:{uuid.uuid4().hex}"
        with self._site.database.write() as session:
            now = datetime.now(UTC)
            UnitOfWork(session, now, id_, "system:lab").set_timer(id_, now, "fallback.age", "planning")
        return id_

    def _plan_and_print(self, back: Back, limit_s: float) -> None:
        """A plan asked for is made; approved, it is in the bundle."""
        request, plan = ask_for_plan(self._site)
        self._wait({"planner": lambda s: planned(s, request) is not None}, back, limit_s)
        if back.late:
            return
        while self._elapsed() < limit_s:
            with self._site.database.read() as session:
                newest = newest_of(session, plan)
            try:
                done = newest and self._http.ask("POST", f"/api/plans/{newest}/approve")
            except httpx.TransportError:
                done = None
            if done and (done.status_code == 200 or "already_approved" in done.text):
                back.parts["approval"] = self._elapsed()
                break
            time.sleep(LOOK_S)
        else:
            back.late.append(f"approval of {plan}: not taken within {limit_s:.0f} s")
            return
        self._wait({"printer": lambda _: printed(self._site, str(newest))}, back, limit_s)


def ask_for_plan(site: Site, period: str = "lab", moved: bool = False) -> tuple[str, str]:
    """Ask for the day's collection anew: (request id, plan code). `moved`: it starts later, so every sheet is new."""
    with site.database.write() as session:
        now = datetime.now(UTC)
        uow = UnitOfWork(session, now, f"lab:{uuid.uuid4().hex}", "lab")
        day = local_date(now, site.context.zone)
        wanted = PlanFor(
            "D01", "collection", period, day, "L", now - timedelta(minutes=1), now + timedelta(hours=6), "lab"
        )
        plan = find_or_make_plan(uow, wanted)
        if moved:
            plan.start_at = now
        items = session.exec(
            select(WorkItem.id)
            .where(WorkItem.service == "collection", col(WorkItem.state).in_(("open", "planned", "started")))
            .where(col(WorkItem.origin).like("day:%"))
            .order_by(col(WorkItem.period).desc(), WorkItem.id)
            .limit(5)
        ).all()
        return request_plan(uow, site.context, plan, "lab", work_items=tuple(items)).id, plan.code


def planned(session: Session, request: str) -> PlanRequest | None:
    """A request whose first plan is there."""
    row = session.get(PlanRequest, request)
    return row if row is not None and row.phase in ("improve", "done") else None


def newest_of(session: Session, plan: str) -> str | None:
    rows = select(PlanVersion.id).where(PlanVersion.plan == plan).order_by(col(PlanVersion.version).desc())
    return session.exec(rows.limit(1)).first()


def printed(site: Site, version: str) -> bool:
    """Whether the district's bundle has this version, or a later one of its plan."""
    path = site.data / "bundles" / "D01" / "manifest.json"
    plan, _, number = version.partition("@")
    try:
        versions = [one.partition("@") for one in json.loads(path.read_text())["versions"]]
    except (OSError, ValueError):
        return False
    return any(of == plan and int(n) >= int(number) for of, _, n in versions)


def settled(site: Site, start: int, limit_s: float) -> Balance:
    """The balance once nothing waits any more, or as it is when the time is up."""
    deadline = time.monotonic() + limit_s
    while True:
        waiting = _waiting(site)
        late = time.monotonic() > deadline
        if not waiting or late:
            result = balance(site.database, site.ledger, start)
            if result.even or late:
                result.faults += waiting
                return result
        time.sleep(LOOK_S * 2)


def _waiting(site: Site) -> list[str]:
    """Messages not sent, records not committed."""
    with site.database.read() as session:
        unsent = session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None))).one()
    found = [f"waiting: {unsent} messages in the outbox"] if unsent else []
    try:
        for group, topics in GROUPS.items():
            lag = site.driver.lag(group, topics)
            if lag:
                found.append(f"waiting: {lag} records for {group}")
    except Unavailable as error:
        found.append(f"waiting: {error}")
    return found
