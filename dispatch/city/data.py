"""A whole city as values, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass(slots=True)
class CityData:
    """Rows of the city's tables. Every list is in the order of its ids, so equal cities are equal values."""

    city: City
    districts: list[District] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    restrictions: list[TurnRestriction] = field(default_factory=list)
    facilities: list[Facility] = field(default_factory=list)
    stations: list[Station] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    toilets: list[Toilet] = field(default_factory=list)
    alert_areas: list[AlertAreaConfig] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)
    crews: list[Crew] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
