"""The city: districts, streets, facilities, stations, vehicles, crews, shifts. Lengths in metres, load in kg."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field


class City(SQLModel, table=True):
    """The one city of a data directory. `network_hash` names the imported street network."""

    code: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    zone: str
    attribution: str = ""
    network_hash: str = ""
    dropped: dict[str, int] = json_field(default_factory=dict)
    fleet: str = ""
    """`demo` when the fleet is a generated, labelled one."""


class District(SQLModel, table=True):
    """A part of the city that is planned on its own. `polygon` is one GeoJSON ring of [lon, lat], [] for ALL."""

    code: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    polygon: list[list[float]] = json_field(default_factory=list)


class Segment(SQLModel, table=True):
    """Undirected centre line between two junctions. `one_way`: 0 both ways, 1 along the geometry, -1 against it."""

    id: str = Field(primary_key=True)
    way: str
    from_node: str = Field(index=True)
    to_node: str = Field(index=True)
    name: str = ""
    name_en: str = ""
    road_class: str = Field(index=True)
    """main, secondary or lane."""
    highway: str = ""
    lanes: int
    width_m: float
    length_m: float
    one_way: int = 0
    bridge: bool = False
    ramp: bool = False
    slope_pct: float | None = None
    layer: int = 0
    speed_kmh: int = 40
    district: str = Field(index=True)
    geometry: list[list[float]] = json_field(default_factory=list)


class TurnRestriction(SQLModel, table=True):
    """A turn that may not be made: from one segment over a node into another. `kind` is the OSM value."""

    id: str = Field(primary_key=True)
    from_segment: str
    via_node: str
    to_segment: str
    kind: str


class Facility(SQLModel, table=True):
    """depot, salt_store, transfer, hydrant, snow_dump. Opening times are local clock minutes."""

    id: str = Field(primary_key=True)
    kind: str
    name: str
    name_en: str = ""
    lon: float
    lat: float
    node: str
    district: str = Field(index=True)
    open_min: int = 0
    close_min: int = 1440
    service_s: int = 600
    bays: int = 1


class Station(SQLModel, table=True):
    """Where waste waits. Served from `node`. `kg_full` is what all its containers hold when full."""

    id: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    lon: float
    lat: float
    node: str
    district: str = Field(index=True)
    community: str = ""
    kg_full: int = 100
    service_s: int = 120


class Container(SQLModel, table=True):
    """One container of a station. `stream`: food, residual, recyclable, hazardous or mixed."""

    id: str = Field(primary_key=True)
    station: str = Field(foreign_key="station.id", index=True)
    litres: int
    stream: str


class Toilet(SQLModel, table=True):
    """A public toilet, by place only."""

    id: str = Field(primary_key=True)
    name: str
    lon: float
    lat: float
    district: str = Field(index=True)


class AlertAreaConfig(SQLModel, table=True):
    """An alert area that is ours: by geocode (`valueName=value` or the bare value) or by polygon."""

    id: str = Field(primary_key=True)
    name: str = ""
    geocodes: list[str] = json_field(default_factory=list)
    polygon: list[list[float]] = json_field(default_factory=list)


class Vehicle(SQLModel, table=True):
    """A truck. `kind`: spreader, plough, combi (both), compactor, sweeper, water. `skills` name what it can do."""

    id: str = Field(primary_key=True)
    plate: str
    kind: str
    district: str = Field(index=True)
    depot: str
    salt_kg: int = 0
    waste_kg: int = 0
    water_l: int = 0
    skills: list[str] = json_field(default_factory=list)
    work_kmh: int = 25
    drive_kmh: int = 40


class Crew(SQLModel, table=True):
    """A crew of workers for a shift. On foot crews have `walk_kmh`."""

    id: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    district: str = Field(index=True)
    shift: str
    size: int
    depot: str
    vehicle: str = ""


class Worker(SQLModel, table=True):
    """A worker of a crew. `role`: driver, loader, sweeper, supervisor."""

    id: str = Field(primary_key=True)
    name: str
    crew: str = Field(foreign_key="crew.id", index=True)
    role: str
    phone: str = ""


class Shift(SQLModel, table=True):
    """A shift's local clock times in minutes; `end_min` over 1440 ends the next day."""

    id: str = Field(primary_key=True)
    name: str
    name_en: str = ""
    start_min: int
    end_min: int


class ResourceState(SQLModel, table=True):
    """What is out or limited now: one row a resource, the newest `since` wins."""

    key: str = Field(primary_key=True)
    """kind:ref, as vehicle:S-01."""
    kind: str
    ref: str
    status: str
    since: datetime = time_field()
    until: datetime | None = time_field(default=None)
    reason: str = ""


class Setting(SQLModel, table=True):
    """Small facts about this installation: the demo's clock, switches such as the stop of self-start."""

    key: str = Field(primary_key=True)
    value: dict[str, Any] = json_field(default_factory=dict)
