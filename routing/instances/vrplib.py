"""VRPLIB files: capacitated routing, and its dialect for windows, fleets, reloads with releases, and prizes.

Conventions, each confirmed by best-known solutions that cost exactly what is published:

| TYPE | distance | stated cost |
|---|---|---|
| CVRP | Euclid, nearest whole number; the number of vehicles is free | whole |
| HFVRP | Euclid times 1000, nearest; unit and fixed costs of the file are cents | times 100,000, or with a point |
| VRPTW, MTVRPTWR, PCVRPTW | Euclid times 10, cut off; times and prizes times 10 alike | tenths |

Uchoa et al. (2017); Pessoa et al. (2018); Yang (2023) with release times after Cattaruzza et al. (2016); prizes after
Bulhões et al. (2018). An hfvrp fleet with as many vehicles of each kind as customers is unlimited.
"""

from __future__ import annotations

from itertools import groupby

from routing.errors import BadInstance
from routing.instances.figures import CAPACITY_MAX, figure, keyed
from routing.instances.instance import Instance
from routing.instances.places import direct, whole
from routing.instances.vrplib_text import WHOLE, Sheet, distances, integers, split
from routing.network import IntArray
from routing.problem import HORIZON_S, Facility, Mode, Problem, Task, Vehicle

_BASE = {"NODE_COORD", "DEMAND", "DEPOT", "EDGE_WEIGHT", "DISPLAY_DATA"}
_TIMED = {"TIME_WINDOW"}
_NEEDED = {
    "CVRP": set[str](),
    "HFVRP": {"CAPACITY"},
    "VRPTW": _TIMED,
    "MTVRPTWR": _TIMED | {"RELEASE_TIME", "VEHICLES_RELOAD_DEPOT"},
    "PCVRPTW": _TIMED | {"PRIZE"},
}
_ALLOWED = {
    "HFVRP": {"VEHICLES_UNIT_DISTANCE_COST", "VEHICLES_FIXED_COST"},
    "VRPTW": {"SERVICE_TIME"},
    "MTVRPTWR": {"SERVICE_TIME"},
    "PCVRPTW": {"SERVICE_TIME"},
}
_TENTHS = 10
_THOUSANDTHS = 1_000
_VEHICLES_MAX = 100_000


def is_vrplib(text: str) -> bool:
    """Whether the text has VRPLIB's keys."""
    return "DIMENSION" in text and ("NODE_COORD_SECTION" in text or "EDGE_WEIGHT_SECTION" in text)


def read_vrplib(text: str, where: str) -> Instance:
    """Raises BadInstance with what is missing, contradicts itself or is not read."""
    sheet = split(text, where)
    kind = sheet.header.get("TYPE", "CVRP")
    if kind not in _NEEDED:
        raise BadInstance(f"VRPLIB of type {kind[:20]} is not read", where, f"give TYPE {', '.join(_NEEDED)}")
    found = set(sheet.sections)
    extra = sorted(found - _BASE - _NEEDED[kind] - _ALLOWED.get(kind, set()))
    if extra:
        raise BadInstance(f"section {extra[0]}_SECTION is not read with TYPE {kind}", where, "give another TYPE")
    missing = sorted(_NEEDED[kind] - found)
    if missing:
        raise BadInstance(f"{missing[0]}_SECTION is missing in a file of TYPE {kind}", where, WHOLE)
    timed = kind not in ("CVRP", "HFVRP")
    unit = _TENTHS if timed and "EDGE_WEIGHT" not in found else 1
    distance = _rounded(sheet, kind, unit)
    reload = "VEHICLES_RELOAD_DEPOT" in found
    vehicles, fleet, unlimited = _fleet(sheet, timed, unit)
    depots = (Facility("0", 2 * sheet.size, "reload", 0),) if reload else ()
    problem = Problem(
        direct(distance, timed, gate=reload),
        _tasks(sheet, timed, unit),
        vehicles,
        depots,
        ("load",),
        unlimited_fleet=unlimited,
    )
    labels = tuple((str(i),) for i in range(1, sheet.size))
    hetero = kind == "HFVRP"
    return Instance(
        sheet.header.get("NAME", kind.lower()),
        kind.lower(),
        problem,
        labels,
        ("0",) if reload else (),
        decimals=5 if hetero else 0,
        scaled_costs=hetero,
        fleet=fleet,
        where=where,
    )


def _rounded(sheet: Sheet, kind: str, unit: int) -> IntArray:
    exact, euclidean = distances(sheet)
    if not euclidean:
        return integers(exact)
    if sheet.header.get("EDGE_WEIGHT_TYPE") == "CEIL_2D":
        return whole(exact, "ceil", 1, sheet.where)
    if kind == "HFVRP":
        return whole(exact, "round", _THOUSANDTHS, sheet.where)
    return whole(exact, "floor" if unit > 1 else "round", unit, sheet.where)


def _tasks(sheet: Sheet, timed: bool, unit: int) -> tuple[Task, ...]:
    size = sheet.size
    demand = [row[0] for row in sheet.column("DEMAND", size)]
    windows, service = [[0, HORIZON_S]] * size, [0] * size
    if timed:
        windows = sheet.column("TIME_WINDOW", size, 2, scale=unit)
        service = _service(sheet, unit)
    release = _optional(sheet, "RELEASE_TIME", unit)
    prizes = _optional(sheet, "PRIZE", unit)
    for i, (opens, closes) in enumerate(windows):
        if opens > closes:
            raise BadInstance(f"window of location {i + 1} closes before it opens", sheet.where, "swap its ends")
    return tuple(
        Task(
            str(i),
            (Mode(i, size + i),),
            (demand[i],),
            service[i],
            0,
            (windows[i][0], windows[i][1]),
            prize=prizes[i] if "PRIZE" in sheet.sections else None,
            release_s=release[i],
        )
        for i in range(1, size)
    )


def _optional(sheet: Sheet, section: str, unit: int) -> list[int]:
    if section not in sheet.sections:
        return [0] * sheet.size
    return [row[0] for row in sheet.column(section, sheet.size, scale=unit)]


def _service(sheet: Sheet, unit: int) -> list[int]:
    if "SERVICE_TIME" in sheet.sections:
        return _optional(sheet, "SERVICE_TIME", unit)
    words = sheet.header.get("SERVICE_TIME", "0").split() or ["0"]
    return [figure(words[0], "SERVICE_TIME", sheet.where, scale=unit)] * sheet.size


def _fleet(sheet: Sheet, timed: bool, unit: int) -> tuple[tuple[Vehicle, ...], tuple[range, ...], bool]:
    """(vehicles, numbers of their routes, whether there are as many as wanted)."""
    where, size = sheet.where, sheet.size
    shift = (0, HORIZON_S)
    if timed:
        opens, closes = sheet.column("TIME_WINDOW", size, 2, scale=unit)[0]
        shift = (opens, closes)
    if "CAPACITY" not in sheet.sections:
        capacity = keyed(sheet.header, "CAPACITY", where, 1, CAPACITY_MAX)
        if not timed or "VEHICLES" not in sheet.header:
            return (Vehicle("v", size, 0, (capacity,), (0,), shift),), (), True
        count = keyed(sheet.header, "VEHICLES", where, 1, _VEHICLES_MAX)
        _require_reloads(sheet, count)
        copies = tuple(Vehicle(f"v{k}", size, 0, (capacity,), (0,), shift) for k in range(1, min(count, size - 1) + 1))
        return copies, (), False
    count = keyed(sheet.header, "VEHICLES", where, 1, _VEHICLES_MAX)
    capacities = [row[0] for row in sheet.column("CAPACITY", count, least=1)]
    rates, fixed = (
        [row[0] for row in rows] for rows in (_costs(sheet, "UNIT_DISTANCE", count), _costs(sheet, "FIXED", count))
    )
    kinds = [
        (key, [number for number, *_ in group])
        for key, group in groupby(enumerate(zip(capacities, rates, fixed, strict=True), 1), key=lambda item: item[1])
    ]
    unlimited = all(len(numbers) >= size - 1 for _, numbers in kinds)
    vehicles: list[Vehicle] = []
    fleet: list[range] = []
    for k, ((room, rate, price), numbers) in enumerate(kinds, 1):
        for block in [numbers] if unlimited else [[number] for number in numbers]:
            name = f"k{k}" if unlimited else f"v{block[0]}"
            vehicles.append(Vehicle(name, size, 0, (room,), (0,), fixed_cost=price * _THOUSANDTHS, travel_rate=rate))
            fleet.append(range(block[0], block[-1] + 1))
    return tuple(vehicles), tuple(fleet), unlimited


def _costs(sheet: Sheet, name: str, count: int) -> list[list[int]]:
    section = f"VEHICLES_{name}_COST"
    if section not in sheet.sections:
        return [[1 if name == "UNIT_DISTANCE" else 0]] * count
    return sheet.column(section, count)


def _require_reloads(sheet: Sheet, count: int) -> None:
    """Every vehicle may reload at the depot, or none has such a table."""
    if "VEHICLES_RELOAD_DEPOT" not in sheet.sections:
        return
    if any(row != [1] for row in sheet.column("VEHICLES_RELOAD_DEPOT", count)):
        raise BadInstance("a vehicle reloads elsewhere than at location 1", sheet.where, "let all reload at the depot")
