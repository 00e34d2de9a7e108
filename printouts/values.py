"""What sheets, slips and orders say, as plain frozen values: all words chosen, all times local, nothing to look up.

Every text has passed `printouts.text.printable`. A `Words` is (Chinese, English); either may be empty.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

Words = tuple[str, str]

EMPTY: Words = ("", "")


@dataclass(frozen=True, slots=True)
class Street:
    """What paper needs of a stored segment. Plain: a map looks at every one. `geometry` is [[lon, lat], ...]."""

    id: str
    from_node: str
    to_node: str
    name: str
    name_en: str
    road_class: str
    length_m: float
    geometry: list[list[float]]


@dataclass(frozen=True, slots=True)
class DriveStep:
    """A stretch driven on one street without working. `turn` is the code of the turn into it."""

    turn: str
    name: Words
    length_m: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a sheet. `kind`: work (a street served), stop (station, spot), facility, drive.

    `n` numbers everything but drives; it is the number on the map. `time` is the local clock HH:MM at its start.
    `stops` counts the document's stops this row stands for. `scan` is the stop's number where a tick proves it, `qr`
    its code as rows of 0 and 1 without the margin.
    """

    kind: str
    n: int
    turn: str
    name: Words
    time: str
    what: Words = EMPTY
    detail: Words = EMPTY
    length_m: int = 0
    area_m2: int = 0
    rate_g_m2: int = 0
    quantity_kg: int = 0
    load_kg: int = 0
    pass_no: int = 1
    case: str = ""
    text: str = ""
    steps: tuple[DriveStep, ...] = ()
    stops: int = 0
    scan: int = 0
    qr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the crew, for the roll-call."""

    name: str
    role: Words


@dataclass(frozen=True, slots=True)
class Strip:
    """The map of a part of a route, from the row numbered `first` to that numbered `last`. `svg` is a document."""

    first: int
    last: int
    svg: str


@dataclass(frozen=True, slots=True)
class SheetData:
    """One route's sheet. `created` is the plan version's creation as Unix seconds: the PDF's date.

    `map_svg` and `qr_svg` are complete SVG documents. `layout`: streets, stops or beats.
    """

    code: str
    qr_payload: str
    plan: str
    version: int
    route: str
    service: str
    layout: str
    title: Words
    city: Words
    district: Words
    vehicle: str
    plate: str
    vehicle_kind: Words
    driver: str
    crew: Words
    people: tuple[Person, ...]
    tools: tuple[Words, ...]
    day: str
    weekday: Words
    start: str
    end: str
    start_place: Words
    end_place: Words
    distance_m: int
    quantity_kg: int
    quantity: Words
    rate: Words
    stops: int
    notes: tuple[Words, ...]
    rows: tuple[Row, ...]
    map_svg: str
    strips: tuple[Strip, ...]
    qr_svg: str
    attribution: str
    created: int

    def to_json(self) -> dict[str, Any]:
        """Plain lists, dictionaries, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class SlipData:
    """One page that tells a crew what changed on a route whose sheet is out already."""

    code: str
    old_code: str
    qr_payload: str
    qr_svg: str
    plan: str
    old_version: int
    version: int
    title: Words
    vehicle: str
    plate: str
    driver: str
    phone: str
    sentence: Words
    added: tuple[Words, ...]
    removed: tuple[Words, ...]
    old_end: str
    new_end: str
    opened: str
    created: int

    def to_json(self) -> dict[str, Any]:
        """Plain lists, dictionaries, strings and numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One route in its plan's order. Times are local HH:MM."""

    seq: int
    vehicle: str
    plate: str
    kind: Words
    driver: str
    phone: str
    crew: Words
    start: str
    end: str
    stops: int
    distance_m: int
    quantity_kg: int
    code: str


@dataclass(frozen=True, slots=True)
class SlotRow:
    """One visit to a facility: arrives, goes into a bay, leaves."""

    vehicle: str
    plate: str
    arrive: str
    start: str
    depart: str
    waits_min: int


@dataclass(frozen=True, slots=True)
class PlaceSlots:
    """The visits to one facility in order of arrival."""

    name: Words
    kind: Words
    bays: int
    longest_queue: int
    waited_min: int
    rows: tuple[SlotRow, ...]


@dataclass(frozen=True, slots=True)
class OrderData:
    """A plan version as whoever sends the crews out needs it: its routes in depot order, then each facility's slots.

    `quantity` names the kilograms of a row, empty where the service has none. `left_out` counts tasks not served.
    """

    plan: str
    version: int
    title: Words
    city: Words
    district: Words
    day: str
    weekday: Words
    start: str
    end: str
    notes: tuple[Words, ...]
    quantity: Words
    left_out: int
    rows: tuple[OrderRow, ...]
    places: tuple[PlaceSlots, ...]
    created: int

    def to_json(self) -> dict[str, Any]:
        """Plain lists, dictionaries, strings and numbers."""
        return asdict(self)
