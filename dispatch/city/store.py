"""A city into the database and out of it. Storing is one transaction of the caller's: all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, tuple_, update
from sqlmodel import Session, SQLModel, col, select

from dispatch.city.data import CityData
from dispatch.city.hashes import network_hash
from dispatch.params import TurnRules
from dispatch.streets import Streets, build_streets
from models.errors import Refused
from models.tables.city import (
    AlertAreaConfig,
    City,
    Container,
    Crew,
    District,
    Facility,
    Segment,
    Shift,
    Station,
    Toilet,
    TurnRestriction,
    Vehicle,
    Worker,
)

CHUNK_ROWS = 1000
"""Rows of one INSERT."""
STEEP_PCT = 3.0
"""From here on a street counts as a slope; ramps always do."""
TABLES: tuple[tuple[str, type[SQLModel]], ...] = (
    ("districts", District),
    ("segments", Segment),
    ("restrictions", TurnRestriction),
    ("facilities", Facility),
    ("stations", Station),
    ("containers", Container),
    ("toilets", Toilet),
    ("alert_areas", AlertAreaConfig),
    ("vehicles", Vehicle),
    ("shifts", Shift),
    ("crews", Crew),
    ("workers", Worker),
)
"""Lists of CityData and their tables, parents before children."""


def store_city(session: Session, data: CityData) -> None:
    """Replace the stored city, all its tables, by this one. Refused when another city lives here.

    The network hash is taken anew, so a caller cannot store a stale one.
    """
    store_parts(session, data, frozenset(name for name, _ in TABLES))


def store_parts(session: Session, data: CityData, parts: frozenset[str]) -> None:
    """Replace the city's row and the named lists only; the other tables stay as they are."""
    check_same_city(session, data.city.code)
    if parts & {"segments", "restrictions"}:
        data.city.network_hash = network_hash(data.segments, data.restrictions)
    for name, table in reversed(TABLES):
        if name in parts:
            session.execute(delete(table))
    session.execute(delete(City))
    _insert(session, City, [data.city])
    for name, table in TABLES:
        if name in parts:
            _insert(session, table, getattr(data, name))
    session.expire_all()


def check_same_city(session: Session, code: str) -> None:
    """Refused when the data directory already holds a city of another code."""
    stored = find_city(session)
    if stored is not None and stored.code != code:
        raise Refused(
            "other_city",
            f"the data folder holds the city {stored.code} ({stored.name}), not {code}; use another --data",
        )


def _insert(session: Session, table: type[SQLModel], rows: Sequence[SQLModel]) -> None:
    records = [row.model_dump() for row in rows]
    for start in range(0, len(records), CHUNK_ROWS):
        session.execute(insert(table), records[start : start + CHUNK_ROWS])


def upsert_rows(session: Session, table: type[SQLModel], rows: Iterable[SQLModel]) -> int:
    """Insert rows, or overwrite those whose key exists. Returns how many there were."""
    records = [row.model_dump() for row in rows]
    keys = [column.name for column in table.__table__.primary_key]  # type: ignore[attr-defined]
    columns = [getattr(table, key) for key in keys]
    have: set[tuple[Any, ...]] = set()
    for start in range(0, len(records), 400):
        wanted = [tuple(record[key] for key in keys) for record in records[start : start + 400]]
        have.update(tuple(row) for row in session.execute(select(*columns).where(tuple_(*columns).in_(wanted))).all())
    fresh = [record for record in records if tuple(record[key] for key in keys) not in have]
    known = [record for record in records if tuple(record[key] for key in keys) in have]
    for start in range(0, len(fresh), CHUNK_ROWS):
        session.execute(insert(table), fresh[start : start + CHUNK_ROWS])
    if known:
        session.execute(update(table), known)
    session.expire_all()
    return len(records)


def find_city(session: Session) -> City | None:
    """The stored city, if any."""
    return session.exec(select(City)).first()


def get_city(session: Session) -> City:
    """The stored city. Refused when nothing has been imported yet."""
    city = find_city(session)
    if city is None:
        raise Refused("no_city", "the data folder holds no city yet; run `sweepline city import FILE --data DIR`")
    return city


def load_streets(session: Session, closed: frozenset[str] = frozenset(), turns: TurnRules | None = None) -> Streets:
    """The stored streets without the closed ones as a routing network. A second's work on a large city: keep it."""
    segments = session.exec(select(Segment).order_by(Segment.id)).all()
    for row in segments:
        session.expunge(row)  # the streets outlive this session: a rollback must not expire them
    restrictions = session.exec(select(TurnRestriction).order_by(TurnRestriction.id)).all()
    return build_streets(segments, restrictions, closed, turns=turns)


def city_summary(session: Session) -> dict[str, Any]:
    """What `city show --json` prints: counts of the stored city, and what its import dropped and why."""
    city = get_city(session)

    def count(table: type[SQLModel], *where: Any) -> int:
        return int(session.execute(select(func.count()).select_from(table).where(*where)).scalar_one())

    kinds = session.execute(select(Facility.kind, func.count()).group_by(Facility.kind)).all()
    return {
        "name": city.name,
        "code": city.code,
        "zone": city.zone,
        "attribution": city.attribution,
        "fleet": city.fleet,
        "network_hash": city.network_hash,
        "districts": count(District),
        "segments": count(Segment),
        "length_m": round(session.execute(select(func.sum(Segment.length_m))).scalar_one() or 0),
        "bridges": count(Segment, col(Segment.bridge).is_(True)),
        "slopes": count(Segment, (func.abs(Segment.slope_pct) >= STEEP_PCT) | col(Segment.ramp).is_(True)),
        "one_way": count(Segment, col(Segment.one_way) != 0),
        "turn_restrictions": count(TurnRestriction),
        "dropped": dict(sorted(city.dropped.items())),
        "facilities": count(Facility),
        "facilities_by_kind": dict(sorted((str(kind), int(number)) for kind, number in kinds)),
        "stations": count(Station),
        "toilets": count(Toilet),
        "vehicles": count(Vehicle),
        "crews": count(Crew),
        "alert_areas": count(AlertAreaConfig),
    }
