"""Views made again from the stored rows, and held against their projections: what `db verify` asks.

Rows are read in the order they were received. A projection may lag behind by what is still on its way; what it says
must be what the view's function says of the rows up to its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from models.events.base import Event
from models.tables.flow import Projection
from models.tables.work import Level, Position
from models.times import iso
from streams.views.filling import FILLING
from streams.views.last_fix import LAST_FIX
from streams.views.view import EMIT_EVERY, State, View

CHUNK = 10_000
TOOLS = {"spreader": "s", "plough": "p", "lift": "l", "broom": "b"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A projection that is not what the rows say: its key, what it holds and what it should."""

    key: str
    held: State | None
    rebuilt: State | None


def rebuilt_states(session: Session, view: View, wanted: dict[str, int] | None = None) -> dict[str, State]:
    """The state of each key after all rows, or, with `wanted`, as it was at a key's position (key → microseconds)."""
    newest: dict[str, State] = {}
    found: dict[str, State] = {}
    for event in EVENTS_OF[view.name](session):
        state, _ = view.step(newest.get(event.key), event)
        if state is not None:
            newest[event.key] = state
            if wanted is not None and wanted.get(event.key) == view.position(state):
                found[event.key] = state
    return newest if wanted is None else found


def differences(session: Session) -> list[Difference]:
    """Every projection of a view that its rows do not give, and every key that has rows but no projection in time."""
    wrong: list[Difference] = []
    for view in VIEWS:
        held = {row.key: row for row in session.exec(select(Projection).where(Projection.kind == view.kind)).all()}
        prefix = f"{view.kind}:"
        at = rebuilt_states(session, view, {key.removeprefix(prefix): row.position for key, row in held.items()})
        for key, row in sorted(held.items()):
            rebuilt = at.get(key.removeprefix(prefix))
            if rebuilt != row.value:
                wrong.append(Difference(key, row.value, rebuilt))
    return wrong


def behind(session: Session) -> list[str]:
    """Keys whose projection is older than it may be once everything on its way has arrived."""
    late = []
    for view in VIEWS:
        rows = session.exec(select(Projection.key, Projection.position).where(Projection.kind == view.kind)).all()
        held = dict(rows)
        for name, state in sorted(rebuilt_states(session, view).items()):
            key = f"{view.kind}:{name}"
            if view.position(state) - held.get(key, -(10**18)) >= EMIT_EVERY.total_seconds() * 1e6:
                late.append(key)
    return late


def _levels(session: Session) -> Iterator[Event]:
    rows = select(Level).order_by(col(Level.received_at), col(Level.observed_at), Level.station)
    for row in session.exec(rows.execution_options(yield_per=CHUNK)):
        data = {"station": row.station, "observed_at": iso(row.observed_at), "level_pct": row.level_pct}
        yield _event("station.level", row.station, row, data)


def _positions(session: Session) -> Iterator[Event]:
    rows = select(Position).order_by(col(Position.received_at), col(Position.observed_at), Position.vehicle)
    for row in session.exec(rows.execution_options(yield_per=CHUNK)):
        data = {
            "vehicle": row.vehicle,
            "observed_at": iso(row.observed_at),
            "lon": row.lon,
            "lat": row.lat,
            "speed_kmh": row.speed_kmh,
            "heading_deg": row.heading_deg,
            "tools": {name: letter in row.tools for name, letter in TOOLS.items()},
        }
        yield _event("vehicle.position", row.vehicle, row, data)


def _event(type_: str, key: str, row: Level | Position, data: dict[str, Any]) -> Event:
    return Event(
        source="rows",
        id=f"{key}@{data['observed_at']}",
        type=type_,
        key=key,
        occurred_at=row.observed_at,
        received_at=row.received_at,
        data=data,
    )


VIEWS: tuple[View, ...] = (LAST_FIX, FILLING)
"""Every view there is."""

EVENTS_OF: dict[str, Callable[[Session], Iterator[Event]]] = {LAST_FIX.name: _positions, FILLING.name: _levels}
"""View → the events its rows once were."""
