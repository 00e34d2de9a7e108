"""The streets as map matching needs them: lines in local metres, a grid to find the near ones, short ways between.

Positions are (line index, offset in metres along the line). Build it once a network; it keeps the ways it has found
(a pure cache, bounded), everything else is constant.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

CELL_M = 50.0
RADIUS_M = 35.0
"""A fix further than this from every street is off the streets."""
MAX_CANDIDATES = 6
WRONG_WAY = 1.6
"""A metre against a one-way street counts as this many: ploughs do it, but rarely."""
WRONG_WAY_SLACK_M = 15.0
"""Going back this far on a one-way street is noise, not driving."""
TREE_M = 500.0
MAX_TREES = 4000
"""Ways from a junction are kept up to TREE_M, for at most MAX_TREES junctions (about 12 kB each in dense lanes)."""
MIN_LINE_M = 0.5

Piece = tuple[int, float, float, float, float, float, float]
"""(line, x, y, unit x, unit y, length, offset of its start), metres."""
Tree = dict[int, tuple[float, int, int]]
"""Node → (cost from the root in metres, node before, line driven)."""
Near = tuple[float, int, float]
"""(squared distance, line, offset)."""
Hop = tuple[float, int, int]
"""(cost in metres, leave over: -1 stay, 0 from node, 1 to node, enter over: same)."""
Stretch = tuple[int, float, float]
"""(line, from offset, to offset)."""


class StreetLine(NamedTuple):
    """One street: `one_way` 0, 1 along or -1 against its geometry of (lon, lat) points."""

    segment: str
    from_node: str
    to_node: str
    one_way: int
    geometry: Sequence[Sequence[float]]


class MatchNetwork:
    """See the module. `ids[i]` is the segment of line i, `length_m[i]` its length, `fingerprint` names the whole."""

    def __init__(self, lon0: float, lat0: float) -> None:
        self.lon0, self.lat0 = lon0, lat0
        self.x_m = 111_320.0 * math.cos(math.radians(lat0))
        self.y_m = 110_540.0
        self.ids: list[str] = []
        self.length_m: list[float] = []
        self.fingerprint = ""
        self._ends: list[tuple[int, int]] = []
        self._one_way: list[int] = []
        self._out: list[list[tuple[int, float, int]]] = []
        self._grid: dict[tuple[int, int], list[Piece]] = {}
        self._trees: dict[int, Tree] = {}

    @classmethod
    def build(cls, lines: Iterable[StreetLine]) -> MatchNetwork:
        """The network of these streets. Lines shorter than MIN_LINE_M or of one point are left out."""
        rows = sorted(lines, key=lambda line: line.segment)
        lons = [line.geometry[0][0] for line in rows if line.geometry]
        lats = [line.geometry[0][1] for line in rows if line.geometry]
        centre = (sum(lons) / len(lons), sum(lats) / len(lats)) if lons else (0.0, 0.0)
        network = cls(*centre)
        nodes: dict[str, int] = {}
        for line in rows:
            network._add(line, nodes)
        network.fingerprint = sha256("\n".join(network.ids).encode()).hexdigest()[:12]
        return network

    def xy(self, lon: float, lat: float) -> tuple[float, float]:
        """Local metres of a place, to the centimetre."""
        return round((lon - self.lon0) * self.x_m, 2), round((lat - self.lat0) * self.y_m, 2)

    def near(self, x: float, y: float) -> list[Near]:
        """The nearest offset on each line within RADIUS_M, nearest first, at most MAX_CANDIDATES."""
        best: dict[int, tuple[float, float]] = {}
        for line, x1, y1, ux, uy, length, offset in self._grid.get((int(x // CELL_M), int(y // CELL_M)), ()):
            dx, dy = x - x1, y - y1
            along = dx * ux + dy * uy
            along = 0.0 if along < 0 else length if along > length else along
            ex, ey = dx - along * ux, dy - along * uy
            square = ex * ex + ey * ey
            if square <= RADIUS_M * RADIUS_M and (line not in best or square < best[line][0]):
                best[line] = (square, offset + along)
        found = sorted((square, line, round(offset, 2)) for line, (square, offset) in best.items())
        return found[:MAX_CANDIDATES]

    def hop(self, a: int, s: float, b: int, t: float, limit_m: float) -> Hop | None:
        """The cheapest way from offset s on line a to offset t on line b, None when over the limit."""
        if a == b:
            against = (self._one_way[a] < 0 and t > s) or (self._one_way[a] > 0 and t < s)
            moved = abs(t - s)
            return (moved * (WRONG_WAY if against and moved > WRONG_WAY_SLACK_M else 1.0), -1, -1)
        best: Hop | None = None
        for leave in (0, 1):
            first = self._partial(a, s, leave, leaving=True)
            if first > limit_m or (best is not None and first >= best[0]):
                continue
            tree = self._tree(self._ends[a][leave], limit_m)
            for enter in (0, 1):
                got = tree.get(self._ends[b][enter])
                if got is None:
                    continue
                cost = first + got[0] + self._partial(b, t, enter, leaving=False)
                if cost <= limit_m and (best is None or cost < best[0]):
                    best = (cost, leave, enter)
        return best

    def way(self, a: int, s: float, b: int, t: float, hop: Hop) -> list[Stretch]:
        """The stretches of that way in driving order."""
        cost, leave, enter = hop
        if leave < 0:
            return [(a, s, t)]
        root, node = self._ends[a][leave], self._ends[b][enter]
        tree = self._tree(root, cost)
        middle: list[Stretch] = []
        while node != root:
            _, before, line = tree[node]
            length = self.length_m[line]
            middle.append((line, 0.0, length) if self._ends[line] == (before, node) else (line, length, 0.0))
            node = before
        middle.reverse()
        first = (a, s, self.length_m[a] if leave else 0.0)
        return [first, *middle, (b, self.length_m[b] if enter else 0.0, t)]

    def _partial(self, line: int, offset: float, end: int, leaving: bool) -> float:
        """Cost between an offset and an end of its line."""
        one_way = self._one_way[line]
        along = (end == 1) == leaving
        against = (one_way > 0 and not along) or (one_way < 0 and along)
        moved = self.length_m[line] - offset if end else offset
        return moved * (WRONG_WAY if against else 1.0)

    def _tree(self, root: int, limit_m: float) -> Tree:
        if limit_m > TREE_M:
            return self._grow(root, limit_m)
        tree = self._trees.get(root)
        if tree is None:
            if len(self._trees) >= MAX_TREES:
                self._trees = {}
            tree = self._trees[root] = self._grow(root, TREE_M)
        return tree

    def _grow(self, root: int, limit_m: float) -> Tree:
        """Dijkstra from a node up to a limit."""
        tree: Tree = {root: (0.0, -1, -1)}
        heap = [(0.0, root)]
        while heap:
            cost, node = heapq.heappop(heap)
            if cost > tree[node][0]:
                continue
            for other, weight, line in self._out[node]:
                further = cost + weight
                if further <= limit_m and (other not in tree or further < tree[other][0]):
                    tree[other] = (further, node, line)
                    heapq.heappush(heap, (further, other))
        return tree

    def _add(self, line: StreetLine, nodes: dict[str, int]) -> None:
        points = [((p[0] - self.lon0) * self.x_m, (p[1] - self.lat0) * self.y_m) for p in line.geometry]
        index = len(self.ids)
        pieces: list[Piece] = []
        offset = 0.0
        for (x1, y1), (x2, y2) in pairwise(points):
            length = math.hypot(x2 - x1, y2 - y1)
            if length > 0:
                pieces.append((index, x1, y1, (x2 - x1) / length, (y2 - y1) / length, length, offset))
                offset += length
        if offset < MIN_LINE_M:
            return
        ends = []
        for name in (line.from_node, line.to_node):
            if name not in nodes:
                nodes[name] = len(self._out)
                self._out.append([])
            ends.append(nodes[name])
        u, v = ends
        self.ids.append(line.segment)
        self.length_m.append(offset)
        self._ends.append((u, v))
        self._one_way.append(line.one_way)
        self._out[u].append((v, offset * (WRONG_WAY if line.one_way < 0 else 1.0), index))
        self._out[v].append((u, offset * (WRONG_WAY if line.one_way > 0 else 1.0), index))
        for piece in pieces:
            self._index(piece)

    def _index(self, piece: Piece) -> None:
        """Put a piece into every cell from which it can be within reach."""
        _, x1, y1, ux, uy, length, _ = piece
        steps = max(1, math.ceil(length / (CELL_M / 2)))
        reach = RADIUS_M + length / steps / 2
        cells: set[tuple[int, int]] = set()
        for step in range(steps + 1):
            x, y = x1 + ux * length * step / steps, y1 + uy * length * step / steps
            for column in range(int((x - reach) // CELL_M), int((x + reach) // CELL_M) + 1):
                for row in range(int((y - reach) // CELL_M), int((y + reach) // CELL_M) + 1):
                    cells.add((column, row))
        for cell in cells:
            self._grid.setdefault(cell, []).append(piece)
