"""The city and its streets, packed for one quick load: the map asks once a network and keeps it."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import sub
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from console.read.base import Out
from models.errors import Unavailable
from models.tables.city import City, District, Facility, Segment
from models.tables.work import Pass

SCALE = 100_000
"""Coordinates are integers of degrees times this: five decimals, about one metre."""

CLASSES = ("main", "secondary", "lane")
BRIDGE, RAMP = 1, 2

TREATING = ("s", "p")
"""Tool letters that treat a street: spreader, plough."""

WHOLE = 0.5
"""A pass that covers less of a segment than this does not count as a treatment on the map."""

LOOK_BACK = timedelta(hours=48)
"""Treatments older than this are shown as none."""

GZIP_LEVEL = 6


class DistrictOut(Out):
    """A district."""

    code: str
    name: str
    name_en: str


class FacilityOut(Out):
    """A depot, salt store, transfer station, hydrant or snow dump."""

    id: str
    kind: str
    name: str
    name_en: str
    lon: float
    lat: float


class CityOut(Out):
    """The city. `bounds` is [west, south, east, north] of its streets in degrees; `zone` its IANA time zone."""

    code: str
    name: str
    name_en: str
    zone: str
    attribution: str
    network_hash: str
    fleet: str
    bounds: tuple[float, float, float, float]
    districts: list[DistrictOut]
    facilities: list[FacilityOut]


class TreatmentOut(Out):
    """When streets were last treated: [segment id, ISO time, tool letters], newest a segment; those never are left out.

    `since` is how far back was looked.
    """

    since: datetime
    treated: list[tuple[str, datetime, str]]


@dataclass(frozen=True, slots=True)
class Packed:
    """The streets of one network as sent: gzipped JSON, and the bounds in degrees."""

    network_hash: str
    body: bytes
    bounds: tuple[float, float, float, float]


class StreetCache:
    """The packed streets of the newest network; packed again only when the network hash changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packed: Packed | None = None

    def packed(self, session: Session) -> Packed:
        """The streets as sent. Raises Unavailable where no city is imported yet."""
        city = the_city(session)
        with self._lock:
            if self._packed is None or self._packed.network_hash != city.network_hash:
                self._packed = pack_streets(session, city.network_hash)
            return self._packed


def the_city(session: Session) -> City:
    """The one city. Raises Unavailable where none is imported yet."""
    city = session.exec(select(City)).first()
    if city is None:
        raise Unavailable("no city is imported yet: run `sweepline city import`")
    return city


def pack_streets(session: Session, network_hash: str) -> Packed:
    """Every segment as [name index, class index, flags, one_way, length_m, district index, x, y, dx, dy, ...].

    Geometries are read as text and decoded in one go: a third of the time of decoding each.
    """
    names: dict[tuple[str, str], int] = {}
    districts: dict[str, int] = {}
    ids: list[str] = []
    rows: list[list[int]] = []
    xs: list[int] = []
    ys: list[int] = []
    found = session.execute(_segments_query()).all()
    lines: list[list[list[float]]] = json.loads(f"[{','.join(row[-1] for row in found)}]")
    for (id_, name, name_en, class_, bridge, ramp, one_way, length_m, district, _), line in zip(
        found, lines, strict=True
    ):
        line_xs, line_ys = [round(p[0] * SCALE) for p in line], [round(p[1] * SCALE) for p in line]
        xs += line_xs
        ys += line_ys
        flags = (BRIDGE if bridge else 0) | (RAMP if ramp else 0)
        row = [names.setdefault((name, name_en), len(names)), _class(class_), flags, one_way, round(length_m)]
        row.append(districts.setdefault(district, len(districts)))
        ids.append(id_)
        rows.append(row + _deltas(line_xs, line_ys))
    body: dict[str, Any] = {
        "network_hash": network_hash,
        "scale": SCALE,
        "classes": CLASSES,
        "districts": list(districts),
        "names": list(names),
        "ids": ids,
        "segments": rows,
    }
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    bounds = (min(xs) / SCALE, min(ys) / SCALE, max(xs) / SCALE, max(ys) / SCALE) if xs else (0.0, 0.0, 0.0, 0.0)
    return Packed(network_hash, gzip.compress(raw, GZIP_LEVEL, mtime=0), bounds)


def _segments_query() -> sa.Select[*tuple[Any, ...]]:
    return sa.select(
        col(Segment.id),
        col(Segment.name),
        col(Segment.name_en),
        col(Segment.road_class),
        col(Segment.bridge),
        col(Segment.ramp),
        col(Segment.one_way),
        col(Segment.length_m),
        col(Segment.district),
        sa.cast(col(Segment.geometry), sa.Text),
    ).order_by(col(Segment.id))


def _class(name: str) -> int:
    return CLASSES.index(name) if name in CLASSES else len(CLASSES) - 1


def _deltas(xs: list[int], ys: list[int]) -> list[int]:
    """x, y of the first point, then the steps from point to point."""
    flat = [0] * (2 * len(xs))
    flat[::2] = map(sub, xs, [0, *xs])
    flat[1::2] = map(sub, ys, [0, *ys])
    return flat


def read_city(session: Session, packed: Packed) -> CityOut:
    """The city with its districts and facilities."""
    city = the_city(session)
    return CityOut(
        code=city.code,
        name=city.name,
        name_en=city.name_en or city.name,
        zone=city.zone,
        attribution=city.attribution,
        network_hash=city.network_hash,
        fleet=city.fleet,
        bounds=packed.bounds,
        districts=[
            DistrictOut(code=row.code, name=row.name, name_en=row.name_en or row.name)
            for row in session.exec(select(District).order_by(District.code)).all()
        ],
        facilities=[
            FacilityOut(
                id=row.id, kind=row.kind, name=row.name, name_en=row.name_en or row.name, lon=row.lon, lat=row.lat
            )
            for row in session.exec(select(Facility).order_by(Facility.id)).all()
        ],
    )


def read_treatment(session: Session, now: datetime) -> TreatmentOut:
    """The newest treating pass of each segment within LOOK_BACK before `now`, which may be long ago."""
    since = now - LOOK_BACK
    treats = sa.or_(*(col(Pass.tools).contains(letter) for letter in TREATING))
    newest = (
        sa.select(col(Pass.segment).label("segment"), sa.func.max(Pass.to_at).label("to_at"))
        .where(treats, col(Pass.fraction) >= WHOLE, col(Pass.to_at) > since, col(Pass.to_at) <= now)
        .group_by(col(Pass.segment))
        .subquery()
    )
    rows = session.execute(
        sa.select(col(Pass.segment), col(Pass.to_at), sa.func.max(Pass.tools))
        .join(newest, (col(Pass.segment) == newest.c.segment) & (col(Pass.to_at) == newest.c.to_at))
        .where(treats)
        .group_by(col(Pass.segment), col(Pass.to_at))
    )
    return TreatmentOut(since=since, treated=[(segment, at, tools) for segment, at, tools in rows])
