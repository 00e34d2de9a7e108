"""Streets from an OpenStreetMap extract (.osm.pbf): ways cut at junctions, the largest strongly connected part.

Pure but for reading the file. Nothing of a file that cannot be read whole is returned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from pathlib import Path

from routing.errors import RoutingError
from routing.streets import osm_tags
from routing.streets.segments import largest_strong_part, segment_id

MAX_FILE_BYTES = 512_000_000
MAX_WAYS = 400_000
"""A city has some ten thousand streets; a file beyond these limits is a country's."""
HEAD_BYTES = 64
EARTH_M = 6_371_008.8
"""Mean radius of the earth."""
RESTRICTION_KEYS = ("restriction", "restriction:hgv")


class BadStreets(RoutingError):
    """A file of streets that cannot be used: not a pbf, truncated, or without streets."""

    def __init__(self, where: str, what: str, remedy: str) -> None:
        self.where, self.what, self.remedy = where, what, remedy
        super().__init__(f"{where}: {what}; {remedy}")


@dataclass(frozen=True, slots=True)
class OsmSegment:
    """A street between two junctions; fields as in the Segment table, geometry from from_node to to_node."""

    id: str
    way: str
    from_node: str
    to_node: str
    name: str
    name_en: str
    road_class: str
    highway: str
    lanes: int
    width_m: float
    length_m: float
    one_way: int
    bridge: bool
    ramp: bool
    slope_pct: float | None
    layer: int
    speed_kmh: int
    geometry: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class OsmRestriction:
    """A forbidden or mandatory turn between two segments; `kind` is the value of the OSM tag."""

    id: str
    from_segment: str
    via_node: str
    to_segment: str
    kind: str


@dataclass(frozen=True, slots=True)
class OsmStreets:
    """What an extract holds. `dropped` counts by reason: ways not kept, segments not connected, turns not mapped.

    `found` is the number of segments before the unconnected ones were dropped.
    """

    segments: tuple[OsmSegment, ...]
    restrictions: tuple[OsmRestriction, ...]
    dropped: dict[str, int]
    found: int


@dataclass(slots=True)
class _Way:
    id: int
    nodes: list[int]
    tags: dict[str, str]


@dataclass(slots=True)
class _Turn:
    id: int
    kind: str
    sources: list[int]
    via: int
    targets: list[int]


@dataclass(slots=True)
class _Raw:
    """The kept objects of a file."""

    ways: list[_Way] = field(default_factory=list)
    turns: list[_Turn] = field(default_factory=list)
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)


def is_pbf(path: Path) -> bool:
    """True when the file begins like an OpenStreetMap pbf, whatever its name."""
    with path.open("rb") as file:
        return b"OSMHeader" in file.read(HEAD_BYTES)


def read_osm(path: Path) -> OsmStreets:
    """All streets of an extract that a truck can serve.

    Raises BadStreets when the file is no pbf, ends early, is too large, or holds no street.
    """
    where = str(path)
    if not path.is_file():
        raise BadStreets(where, "no such file", "give an .osm.pbf extract")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise BadStreets(where, f"over {MAX_FILE_BYTES // 1_000_000} MB", "cut an extract of the city first")
    if not is_pbf(path):
        raise BadStreets(where, "not an OpenStreetMap pbf file", "give an .osm.pbf extract")
    raw = _read(path)
    segments = _cut(raw)
    if not segments:
        raise BadStreets(where, "no streets in it", "give an extract with highway=residential and larger streets")
    nodes = largest_strong_part([(row.from_node, row.to_node, row.one_way) for row in segments])
    kept = sorted((row for row in segments if row.from_node in nodes and row.to_node in nodes), key=lambda row: row.id)
    if len(kept) < len(segments):
        raw.dropped["not_connected"] += len(segments) - len(kept)
    restrictions = _map_turns(raw, kept)
    return OsmStreets(tuple(kept), tuple(restrictions), dict(sorted(raw.dropped.items())), len(segments))


def _read(path: Path) -> _Raw:
    """Ways and turns in one pass, the places of their nodes in a second."""
    import osmium

    raw = _Raw()
    file = osmium.io.File(str(path), "pbf")
    try:
        for thing in osmium.FileProcessor(file, osmium.osm.WAY | osmium.osm.RELATION):
            if thing.is_way():
                _take_way(raw, thing)
            elif thing.tags.get("type") in ("restriction", "restriction:hgv"):
                _take_turn(raw, thing)
            if len(raw.ways) > MAX_WAYS:
                raise BadStreets(str(path), f"more than {MAX_WAYS} streets", "cut an extract of the city first")
        wanted = {node for way in raw.ways for node in way.nodes}
        # Not osmium's IdFilter: its bit field grows with the largest id, to a gigabyte on today's node ids.
        for node in osmium.FileProcessor(file, osmium.osm.NODE):
            if node.id in wanted and node.location.valid():
                raw.places[node.id] = (round(node.lon, 7), round(node.lat, 7))
    except (RuntimeError, ValueError, OSError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadStreets(str(path), f"cannot be read to its end ({what})", "fetch the file again") from error
    return raw


def _take_way(raw: _Raw, way: object) -> None:
    tags = {tag.k: tag.v for tag in way.tags}  # type: ignore[attr-defined]
    if "highway" not in tags:
        return
    reason = osm_tags.drop_reason(tags)
    if reason:
        raw.dropped[reason] += 1
        return
    nodes: list[int] = []
    for ref in way.nodes:  # type: ignore[attr-defined]
        if not nodes or nodes[-1] != ref.ref:
            nodes.append(ref.ref)
    if len(nodes) < 2:
        raw.dropped["single_point"] += 1
        return
    raw.ways.append(_Way(way.id, nodes, tags))  # type: ignore[attr-defined]


def _take_turn(raw: _Raw, relation: object) -> None:
    tags = {tag.k: tag.v for tag in relation.tags}  # type: ignore[attr-defined]
    kind = next((tags[key] for key in RESTRICTION_KEYS if key in tags), "")
    if not kind.startswith(("no_", "only_")):
        return
    roles: dict[tuple[str, str], list[int]] = {}
    for member in relation.members:  # type: ignore[attr-defined]
        roles.setdefault((member.role, member.type), []).append(member.ref)
    via = roles.get(("via", "n"), [])
    if len(via) != 1:
        raw.dropped["turn_over_way"] += 1
        return
    sources, targets = roles.get(("from", "w"), []), roles.get(("to", "w"), [])
    raw.turns.append(_Turn(relation.id, kind, sources, via[0], targets))  # type: ignore[attr-defined]


def _cut(raw: _Raw) -> list[OsmSegment]:
    """Every way cut at junctions: nodes used twice or more, and the ends of ways."""
    uses: Counter[int] = Counter()
    for way in raw.ways:
        uses.update(way.nodes)
        uses.update((way.nodes[0], way.nodes[-1]))
    out: list[OsmSegment] = []
    for way in raw.ways:
        found: list[list[int]] = []
        for piece in _pieces(way.nodes, uses):
            whole = all(node in raw.places for node in piece)
            if not whole:
                raw.dropped["missing_nodes"] += 1
            elif _length_m([raw.places[node] for node in piece]) <= 0:
                raw.dropped["zero_length"] += 1
            else:
                found.append(piece)
        out += _segments(way, found, raw.places)
    return out


def _pieces(nodes: list[int], uses: Counter[int]) -> Iterator[list[int]]:
    """Runs of nodes between junctions. A run that comes back to its start is halved: no street ends where it began."""
    start = 0
    for i in range(1, len(nodes)):
        if uses[nodes[i]] < 2:
            continue
        run = nodes[start : i + 1]
        start = i
        if run[0] != run[-1]:
            yield run
        elif len(run) >= 4:
            half = len(run) // 2
            yield run[: half + 1]
            yield run[half:]


def _segments(way: _Way, pieces: list[list[int]], places: dict[int, tuple[float, float]]) -> Iterator[OsmSegment]:
    """Pieces of one way between the same two nodes get ordinals by their smallest inner node, so ids stay put."""
    groups: dict[tuple[int, int], list[list[int]]] = {}
    for piece in pieces:
        groups.setdefault((min(piece[0], piece[-1]), max(piece[0], piece[-1])), []).append(piece)
    tags = way.tags
    direction = osm_tags.one_way(tags)
    lane_count = osm_tags.lanes(tags, direction)
    name, name_en = osm_tags.names(tags)
    for group in groups.values():
        for ordinal, piece in enumerate(sorted(group, key=lambda p: (min(p[1:-1], default=0), p))):
            geometry = tuple(places[node] for node in piece)
            yield OsmSegment(
                id=segment_id(str(way.id), str(piece[0]), str(piece[-1]), ordinal),
                way=str(way.id),
                from_node=str(piece[0]),
                to_node=str(piece[-1]),
                name=name,
                name_en=name_en,
                road_class=osm_tags.CLASS_OF[tags["highway"]],
                highway=tags["highway"],
                lanes=lane_count,
                width_m=osm_tags.width_m(tags, lane_count),
                length_m=round(_length_m(geometry), 1),
                one_way=direction,
                bridge=osm_tags.is_bridge(tags),
                ramp=osm_tags.is_ramp(tags),
                slope_pct=osm_tags.slope_pct(tags),
                layer=osm_tags.layer(tags),
                speed_kmh=osm_tags.speed_kmh(tags),
                geometry=geometry,
            )


def _length_m(line: tuple[tuple[float, float], ...] | list[tuple[float, float]]) -> float:
    """Great-circle length (haversine)."""
    total = 0.0
    for (lon_a, lat_a), (lon_b, lat_b) in pairwise(line):
        a, b = radians(lat_a), radians(lat_b)
        h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon_b - lon_a) / 2) ** 2
        total += 2 * EARTH_M * asin(sqrt(min(1.0, h)))
    return total


def _map_turns(raw: _Raw, kept: list[OsmSegment]) -> list[OsmRestriction]:
    """Turns whose two streets are known without doubt: one segment of each way at the node."""
    at: dict[tuple[str, str], list[str]] = {}
    for row in kept:
        for node in (row.from_node, row.to_node):
            at.setdefault((row.way, node), []).append(row.id)
    out: dict[str, OsmRestriction] = {}
    for turn in raw.turns:
        via = str(turn.via)
        mapped = False
        for source in turn.sources:
            for target in turn.targets:
                ins, outs = at.get((str(source), via), []), at.get((str(target), via), [])
                if len(ins) == 1 and len(outs) == 1:
                    id_ = f"r{turn.id}-{len(out)}" if f"r{turn.id}" in out else f"r{turn.id}"
                    out[id_] = OsmRestriction(id_, ins[0], via, outs[0], turn.kind)
                    mapped = True
        if not mapped:
            raw.dropped["turn_not_mapped"] += 1
    return sorted(out.values(), key=lambda row: row.id)
