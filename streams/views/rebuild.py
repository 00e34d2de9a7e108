"""Views made again from the stored rows, and held against their projections: what `db verify` asks.

Rows are read in the order they were received. A projection may lag behind by what is still on its way; what it says
must be what the view's function says of the rows up to its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from models.events.base import Event
from models.tables.flow import Projection
from models.tables.work import Level, Position
from models.times import iso, to_micros
from streams.views.filling import FILLING
from streams.views.last_fix import LAST_FIX
from streams.views.view import EMIT_EVERY, State, View

CHUNK = 10_000
TOOLS = {"spreader": "s", "plough": "p", "lift": "l", "broom": "b"}


@dataclass(frozen=True, slots=True)
class Difference:
    """A projection that is not what the rows say. `position`, `held`: what it shows, None where there is none."""

    key: str
    position: int | None
    held: State | None
    rebuilt: State | None


def rebuilt_states(session: Session, view: View) -> dict[str, State]:
    """The state of each key after all rows."""
    return _replayed(session, view, {})[0]


def held_against_rows(
    session: Session, since: datetime | None = None, views: Sequence[View] | None = None
) -> tuple[list[Difference], list[Difference]]:
    """(wrong, behind): projections that the rows up to their position do not give, and those whose rows have gone on.

    Behind is one that is older than it may be once everything on its way has arrived. `since`: positions are not kept
    from before, so what shows an older one cannot be judged. `views`: all where none are named.
    """
    wrong: list[Difference] = []
    late: list[Difference] = []
    for view in VIEWS if views is None else views:
        held = {row.key: row for row in session.exec(select(Projection).where(Projection.kind == view.kind)).all()}
        prefix = f"{view.kind}:"
        wanted = {key.removeprefix(prefix): row.position for key, row in held.items()}
        newest, then = _replayed(session, view, wanted)
        for key, row in sorted(held.items()):
            rebuilt = then.get(key.removeprefix(prefix))
            gone = view is LAST_FIX and since is not None and row.position < to_micros(since)
            if rebuilt != row.value and not gone:
                wrong.append(Difference(key, row.position, row.value, rebuilt))
        for name, state in sorted(newest.items()):
            shown = wanted.get(name)
            if shown is None or view.position(state) - shown >= EMIT_EVERY // timedelta(microseconds=1):
                found = held.get(prefix + name)
                late.append(Difference(prefix + name, shown, found.value if found else None, state))
    return wrong, late


def _replayed(session: Session, view: View, wanted: dict[str, int]) -> tuple[dict[str, State], dict[str, State]]:
    """The state of each key after all rows, and as it was at a key's wanted position (microseconds)."""
    newest: dict[str, State] = {}
    then: dict[str, State] = {}
    for event in EVENTS_OF[view.name](session):
        state, _ = view.step(newest.get(event.key), event)
        if state is not None:
            newest[event.key] = state
            if wanted.get(event.key) == view.position(state):
                then[event.key] = state
    return newest, then


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
