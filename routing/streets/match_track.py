"""A truck's track while it is matched: open layers of candidates, the street being driven, passages given out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from routing.streets.match_network import MatchNetwork, Stretch

REVERSE_M = 15.0
"""Coming back this far on one street is a turn; less is noise, unless it comes out where it went in, having seen
TURN_FRACTION of the street: so short dead ends are driven both ways."""
TURN_FRACTION = 0.5
MIN_PASSAGE_M = 5.0
MIN_FRACTION = 0.3
"""Shorter passages that also cover less of their street are noise at junctions."""
SURE_S = 45.0
BENT_FACTOR = 1.1
BENT_M = 10.0
"""After a silence of SURE_S, streets in the middle of a way more bent than this are guesses, and not given out."""
TOP_SPEED_M_S = 33.0
GAP_M = 1500.0
"""Two fixes of one track are no further apart, nor is the way between them longer."""

Candidate = tuple[int, float, float, int]
"""(line, offset, score, index of the predecessor in the layer before or -1)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware time."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def to_time(micros: int) -> datetime:
    """Inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=micros)


def way_limit_m(moved_m: float, since_us: int) -> float:
    """The longest way worth looking at between two fixes so far apart in place and time."""
    return min(2.0 * moved_m + 150.0, TOP_SPEED_M_S * since_us / 1e6 + 60.0, GAP_M)


@dataclass(frozen=True, slots=True)
class Passage:
    """A street driven in one direction with one set of tools: `fraction` (0..1] of it. Half of it is "treated"."""

    segment: str
    forward: bool
    from_at: datetime
    to_at: datetime
    fraction: float
    tools: str


@dataclass(slots=True)
class Layer:
    """One used fix: when it came and when the truck moved on (microseconds), where (metres), tools after it, and
    whether the newest fix there said that the truck stands."""

    t: int
    leave: int
    x: float
    y: float
    tools: str
    stopped: bool
    candidates: list[Candidate]


@dataclass(slots=True)
class Visit:
    """The street being driven: entered at offset `entry`, come to `reach`; `way` +1 along the geometry, -1 against."""

    line: int
    way: int
    from_t: int
    to_t: int
    entry: float
    reach: float
    tools: str


@dataclass(slots=True)
class Track:
    """See the module. `t` is the newest fix seen, `miss` how many in a row were off the streets."""

    network: MatchNetwork
    t: int | None = None
    miss: int = 0
    layers: list[Layer] = field(default_factory=list)
    visit: Visit | None = None
    passages: list[Passage] = field(default_factory=list)

    @classmethod
    def load(cls, state: dict[str, Any] | None, network: MatchNetwork) -> Track:
        """From plain JSON. A state of another network keeps its time only; a damaged one is a fresh start."""
        if not state:
            return cls(network)
        try:
            if state["net"] != network.fingerprint:
                return cls(network, t=int(state["t"]))
            layers = [
                Layer(t, leave, x, y, tools, bool(stopped), [(c[0], c[1], c[2], c[3]) for c in candidates])
                for t, leave, x, y, tools, stopped, candidates in state["layers"]
            ]
            visit = Visit(*state["visit"]) if state["visit"] else None
            return cls(network, state["t"], int(state["miss"]), layers, visit)
        except (KeyError, TypeError, ValueError, IndexError):
            return cls(network)

    def dump(self) -> dict[str, Any]:
        """As plain JSON."""
        visit = self.visit
        return {
            "net": self.network.fingerprint,
            "t": self.t,
            "miss": self.miss,
            "layers": [
                [row.t, row.leave, row.x, row.y, row.tools, row.stopped, [list(each) for each in row.candidates]]
                for row in self.layers
            ],
            "visit": None
            if visit is None
            else [visit.line, visit.way, visit.from_t, visit.to_t, visit.entry, visit.reach, visit.tools],
        }

    def best(self) -> int:
        """The index of the likeliest candidate of the newest layer; the first of equals."""
        candidates = self.layers[-1].candidates
        return max(range(len(candidates)), key=lambda index: candidates[index][2])

    def commit(self, upto: int, index: int) -> None:
        """Fix the chain that ends in candidate `index` of layer `upto`, and forget what does not descend from it."""
        chain = [index]
        for k in range(upto, 0, -1):
            chain.append(self.layers[k].candidates[chain[-1]][3])
        chain.reverse()
        for k in range(1, upto + 1):
            self._drive(self.layers[k - 1], chain[k - 1], self.layers[k], chain[k])
        head = self.layers[upto]
        line, offset, score, _ = head.candidates[index]
        head.candidates = [(line, offset, score, -1)]
        kept = {index: 0}
        for layer in self.layers[upto + 1 :]:
            alive = [i for i, candidate in enumerate(layer.candidates) if candidate[3] in kept]
            layer.candidates = [(*layer.candidates[i][:3], kept[layer.candidates[i][3]]) for i in alive]
            kept = {old: new for new, old in enumerate(alive)}
        self.layers = self.layers[upto:]

    def settle(self) -> None:
        """Fix what is open and give out the street being driven, but go on from where the truck stands."""
        if len(self.layers) > 1:
            self.commit(len(self.layers) - 1, self.best())
        self.close()

    def flush(self) -> None:
        """Fix what is open, give out the street being driven, and start afresh."""
        self.settle()
        self.layers = []

    def close(self) -> None:
        """Give out the street being driven."""
        visit, self.visit = self.visit, None
        if visit is None:
            return
        length = self.network.length_m[visit.line]
        driven = abs(visit.reach - visit.entry)
        fraction = min(1.0, driven / length)
        if fraction > 0 and (driven >= MIN_PASSAGE_M or fraction >= MIN_FRACTION):
            segment = self.network.ids[visit.line]
            times = to_time(visit.from_t), to_time(visit.to_t)
            self.passages.append(Passage(segment, visit.way > 0, *times, round(fraction, 4), visit.tools))

    def _drive(self, a: Layer, i: int, b: Layer, j: int) -> None:
        line, offset = a.candidates[i][:2]
        to_line, to_offset = b.candidates[j][:2]
        moved = math.hypot(b.x - a.x, b.y - a.y)
        hop = self.network.hop(line, offset, to_line, to_offset, way_limit_m(moved, b.t - a.leave))
        if hop is None:
            self.close()
            return
        bent = hop[0] > BENT_FACTOR * moved + BENT_M
        sure = not (bent and b.t - a.leave > SURE_S * 1e6)
        stretches = self.network.way(line, offset, to_line, to_offset, hop)
        total = sum(abs(end - start) for _, start, end in stretches)
        if total <= 0:
            return
        driven, t = 0.0, a.leave
        for n, stretch in enumerate(stretches):
            driven += abs(stretch[2] - stretch[1])
            until = a.leave + round((b.t - a.leave) * driven / total)
            if sure or n in (0, len(stretches) - 1):
                self._move(stretch, t, until, a.tools)
            else:
                self.close()
            t = until

    def _move(self, stretch: Stretch, t: int, until: int, tools: str) -> None:
        """One stretch on one line: goes on with the open visit, or closes it and opens another."""
        line, start, end = stretch
        if start == end:
            return
        way = 1 if end > start else -1
        visit = self.visit
        if visit is None or visit.line != line or visit.tools != tools:
            self.close()
            self.visit = Visit(line, way, t, until, start, end, tools)
        elif (end - visit.reach) * visit.way >= 0:
            visit.reach, visit.to_t = end, until
        elif abs(end - visit.reach) > REVERSE_M or self._comes_out(visit, end):
            turned_at, turned_t = visit.reach, visit.to_t
            self.close()
            self.visit = Visit(line, -visit.way, turned_t, until, turned_at, end, tools)

    def _comes_out(self, visit: Visit, end: float) -> bool:
        """Whether the street is left at the end it was entered by, after enough of it."""
        length = self.network.length_m[visit.line]
        return end == visit.entry and end in (0.0, length) and abs(visit.reach - end) >= TURN_FRACTION * length
