"""Writes small OpenStreetMap pbf files for tests."""

from pathlib import Path
from typing import Any

import osmium
from osmium.osm import mutable

Ways = dict[int, tuple[list[int], dict[str, str]]]
Relations = dict[int, tuple[list[tuple[str, int, str]], dict[str, str]]]


def write_pbf(
    path: Path, nodes: dict[int, tuple[float, float]], ways: Ways, relations: Relations | None = None
) -> Path:
    path.unlink(missing_ok=True)
    writer: Any = osmium.SimpleWriter(str(path))
    for id_, (lon, lat) in sorted(nodes.items()):
        writer.add_node(mutable.Node(id=id_, location=(lon, lat), version=1))
    for id_, (refs, tags) in sorted(ways.items()):
        writer.add_way(mutable.Way(id=id_, nodes=refs, tags=tags, version=1))
    for id_, (members, tags) in sorted((relations or {}).items()):
        writer.add_relation(mutable.Relation(id=id_, members=members, tags=tags, version=1))
    writer.close()
    return path


def cross_nodes() -> dict[int, tuple[float, float]]:
    """1..5 from west to east, 6 and 8 south and north of 3 with 7 halfway up, all about 100 m apart."""
    step = 0.001
    nodes = {i: (10 + i * step, 50.0) for i in range(1, 6)}
    return nodes | {6: (10.003, 49.999), 7: (10.003, 50.001), 8: (10.003, 50.002)}
