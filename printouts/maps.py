"""The map on a sheet, as SVG that survives a black-and-white copier.

Streets around in grey by class, those served thick and black with white chevrons in driving direction, drives thin and
dashed, numbers as on the rows, each street name once, scale bar, north.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from printouts.around import Near, joined
from printouts.placement import Point, Taken, label_circles, shift_right, simplify, text_width
from printouts.streets import Streets
from printouts.svg import along_line, chevrons, grounds, leaders, middle, numbers, path_data, standing, text
from printouts.text import name_of

WIDTH = 744.0
"""Map units across the width of a sheet (186 mm)."""
MAP_BYTES = 120_000
MARGIN = 34.0
"""Map units kept free around what must be seen."""
_MIN_SPAN_M = 400.0
_GREY = {"lane": ("#d3d3d3", 1.2), "secondary": ("#c2c2c2", 2.6), "main": ("#b4b4b4", 4.2)}
CROWD = 60
"""Numbers beyond which they are drawn small."""
NAMES_LIMIT = 90
"""Street names on one map: more would hide the streets."""
FINE_SCALE = 0.3
"""Map units a metre above which both ways along a street have room for full width."""
LANE_NAMES_SCALE = 0.6
"""Map units a metre (a map of 1.2 km across) above which lanes around the route are named."""
STEEP_DEG = 50.0
"""Streets steeper than this on the map carry Chinese names upright."""
_SCALES_M = (50, 100, 200, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What of a route is drawn. `served` and `driven`: (segment id, forward) in order; `marks`: (number, lon, lat).

    `square` marks are stops, round ones the beginnings of streets. `ends` are start and end places (lon, lat). `frame`
    is what must be seen (lon, lat); all that is worked on where it is empty.
    """

    served: list[tuple[str, bool]] = field(default_factory=list)
    driven: list[tuple[str, bool]] = field(default_factory=list)
    marks: list[tuple[int, float, float]] = field(default_factory=list)
    square: bool = False
    ends: list[tuple[float, float]] = field(default_factory=list)
    frame: list[Point] = field(default_factory=list)


def map_height(notes: int) -> float:
    """Map units that fill the first page below that many notes."""
    return 835.0 - (17.0 + 22.0 * notes if notes else 0.0)


def draw_map(drawn: Drawn, segments: Streets, height: float, most_bytes: int = MAP_BYTES) -> str:
    """The SVG document, with lanes near the route; they, then all streets around, are left out beyond `most_bytes`."""
    svg, drawing = "", _Map(drawn, segments, WIDTH, height)
    for classes in (("lane", "secondary", "main"), ("secondary", "main"), ("main",), ()):
        svg = drawing.draw(classes)
        if len(svg.encode()) <= most_bytes:
            return svg
    return svg


class _Map:
    """One map in the making; y grows downwards."""

    def __init__(self, drawn: Drawn, segments: Streets, width: float, height: float) -> None:
        self.drawn = drawn
        self.segments = segments
        self.width, self.height = width, height
        self.taken = Taken(width, height)
        self.mark_r = 8.0 if len(drawn.marks) <= CROWD else 6.2
        plane = [segments.at(lon, lat) for lon, lat in self._extent()]
        east, north = [p[0] for p in plane], [p[1] for p in plane]
        self.centre = ((min(east) + max(east)) / 2, (min(north) + max(north)) / 2)
        span_x = max(_MIN_SPAN_M, max(east) - min(east))
        span_y = max(_MIN_SPAN_M * height / width, max(north) - min(north))
        self.scale = min((width - 2 * MARGIN) / span_x, (height - 2 * MARGIN) / span_y)
        self.lines = segments.drawn(self.centre, self.scale, width, height)
        mine = [segment for segment, _ in (*drawn.served, *drawn.driven)]
        places = [[self.at(lon, lat)] for _, lon, lat in drawn.marks]
        self.near = Near([*(self.lines[segment] for segment in mine if segment in self.lines), *places])

    def _extent(self) -> list[Point]:
        """The points the map must show: what is worked on; the drives too where nothing else is."""
        if self.drawn.frame:
            return self.drawn.frame
        points = [(lon, lat) for _, lon, lat in self.drawn.marks]
        for segment, _ in self.drawn.served or self.drawn.driven:
            row = self.segments.get(segment)
            points += [(p[0], p[1]) for p in row.geometry] if row is not None else []
        return points or list(self.drawn.ends) or [(0.0, 0.0)]

    def at(self, lon: float, lat: float) -> Point:
        """Map units of a place."""
        x, y = self.segments.at(lon, lat)
        return (
            self.width / 2 + (x - self.centre[0]) * self.scale,
            self.height / 2 - (y - self.centre[1]) * self.scale,
        )

    def draw(self, classes: Iterable[str]) -> str:
        """All layers, lowest first."""
        w, h = self.width, self.height
        self.taken = Taken(w, h)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w:g} {h:g}" width="{w:g}" height="{h:g}">'
            f'<defs><clipPath id="f"><rect width="{w:g}" height="{h:g}"/></clipPath></defs>'
            f'<g clip-path="url(#f)" fill="none" stroke-linecap="round" stroke-linejoin="round">'
            f'<rect width="{w:g}" height="{h:g}" fill="#fff"/>'
        ]
        parts += [self._around(road_class) for road_class in classes]
        parts += [self._driven(), self._served()]
        furniture, marks = self._furniture(), self._marks()
        parts += [self._names(), marks, furniture]
        parts.append(f'</g><rect width="{w:g}" height="{h:g}" fill="none" stroke="#000" stroke-width="1"/></svg>')
        return "".join(parts)

    def _around(self, road_class: str) -> str:
        colour, width = _GREY[road_class]
        chosen = [line for id_, line in self.lines.items() if self.segments[id_].road_class == road_class]
        if road_class == "lane":
            chosen = [line for line in chosen if self.near.touches(line)]
        path = "".join(path_data(simplify(line, 0.6), 0) for line in joined(chosen))
        return f'<path d="{path}" stroke="{colour}" stroke-width="{width}"/>' if path else ""

    def _oriented(self, legs: Iterable[tuple[str, bool]], shift: float) -> list[list[Point]]:
        """The lines of legs in driving order, moved to the right side, each (segment, way) once."""
        seen: set[tuple[str, bool]] = set()
        lines = []
        for segment, forward in legs:
            line = self.lines.get(segment)
            if line is None or (segment, forward) in seen:
                continue
            seen.add((segment, forward))
            lines.append(shift_right(simplify(line if forward else line[::-1], 0.4), shift))
        return lines

    def _driven(self) -> str:
        lines = self._oriented(self.drawn.driven, 2.2)
        path = "".join(path_data(line) for line in lines)
        if not path or not self.drawn.square:
            return f'<path d="{path}" stroke="#000" stroke-width="1.2" stroke-dasharray="4 3"/>' if path else ""
        heads = "".join(chevrons(line, 60.0, 2.2, 1) for line in lines)
        return (
            f'<path d="{path}" stroke="#000" stroke-width="1.6"/><path d="{heads}" stroke="#000" stroke-width="1.4"/>'
        )

    def _served(self) -> str:
        both = {(s, not f) for s, f in self.drawn.served} & set(self.drawn.served)
        width = 4.4 if self.scale > FINE_SCALE else 3.6
        lines = []
        for segment, forward in dict.fromkeys(self.drawn.served):
            lines += self._oriented([(segment, forward)], width * 0.62 if (segment, forward) in both else 0.0)
        if not lines:
            return ""
        path = "".join(path_data(line) for line in lines)
        heads = "".join(chevrons(line) for line in lines)
        return (
            f'<path d="{path}" stroke="#fff" stroke-width="{width + 2:g}"/>'
            f'<path d="{path}" stroke="#111" stroke-width="{width:g}"/>'
            f'<path d="{heads}" stroke="#fff" stroke-width="1.2"/>'
        )

    def _marks(self) -> str:
        """Numbers: at their place, else beside it with a line to it, else (when crowded) left to the rows."""
        marks = self.drawn.marks
        ends = [0, len(marks) - 1] if len(marks) > 1 else list(range(len(marks)))
        lines: list[tuple[Point, Point]] = []
        placed: list[tuple[int, Point, float]] = []
        for index in [*ends, *range(1, len(marks) - 1)]:
            number, lon, lat = marks[index]
            place = self.at(lon, lat)
            r = self.mark_r + (1.5 if number >= 100 else 0.0)
            for away in (0.0, 16.0, 24.0, 34.0):
                spot = self._free_spot(place[0], place[1], r * (1.15 if self.drawn.square else 1.0), away)
                if spot is not None:
                    placed.append((number, spot, r))
                    if spot != place:
                        lines.append((place, spot))
                    break
        return leaders(lines) + numbers(placed, self.mark_r * 1.25, self.drawn.square)

    def _free_spot(self, x: float, y: float, r: float, away: float) -> Point | None:
        for angle in range(0, 360, 45) if away else (0,):
            u = x + away * math.sin(math.radians(angle))
            v = y - away * math.cos(math.radians(angle))
            if self.taken.is_free([(u, v, r)]):
                self.taken.take([(u, v, r)])
                return u, v
        return None

    def _names(self) -> str:
        """Each street name once: the route's streets first, then by class; lanes around only on a large scale."""
        ranks = {"main": 2, "secondary": 1}
        mine = {segment for segment, _ in (self.drawn.served or self.drawn.driven)}
        best: dict[str, tuple[bool, int]] = {}
        pieces: dict[str, list[tuple[float, str]]] = {}
        for id_, line in self.lines.items():
            row = self.segments[id_]
            rank = (id_ in mine, ranks.get(row.road_class, 0))
            name = name_of(row.name or row.name_en)
            if name and (any(rank) or self.scale > LANE_NAMES_SCALE):
                best[name] = max(best.get(name, rank), rank)
                pieces.setdefault(name, []).append((math.dist(line[0], line[-1]), id_))
        order = sorted(best, key=lambda name: (best[name], max(pieces[name]), name), reverse=True)
        written: list[tuple[str, str]] = []
        for name in order:
            served = best[name][0] and bool(self.drawn.served)
            written += self._name(name, sorted(pieces[name], reverse=True)[:6], 11.0 if served else 9.0, served)
            if len(written) == NAMES_LIMIT:
                break
        return grounds("".join(box for _, box in written)) + "".join(words for words, _ in written)

    def _name(self, name: str, pieces: list[tuple[float, str]], size: float, served: bool) -> list[tuple[str, str]]:
        """The name beside its street where there is room; Chinese along a steep street stands upright, sign by sign."""
        upright = all(ord(sign) > 0x2E7F for sign in name)
        long = text_width(name, size) * (1.05 if upright else 1.0)
        for _, id_ in pieces:
            for share in (0.5, 0.3, 0.7):
                x, y, angle = middle(self.lines[id_], share)
                stands = upright and abs(angle) > STEEP_DEG
                for side in (1, -1):
                    u, v = x + side * math.sin(math.radians(angle)) * 10, y - side * math.cos(math.radians(angle)) * 10
                    circles = label_circles(u, v, angle, long, size)
                    if self.taken.is_free(circles):
                        self.taken.take(circles)
                        write = standing if stands else along_line
                        return [write(name, u, v, angle, size, served)]
        return []

    def _furniture(self) -> str:
        """Start and end, scale bar, north arrow."""
        w, h = self.width, self.height
        span = next((m for m in reversed(_SCALES_M) if m * self.scale < w / 4), _SCALES_M[0])
        label = f"{span} m" if span < 1000 else f"{span // 1000} km"
        long = span * self.scale
        self.taken.take([(14 + i * 8, h - 18, 14) for i in range(int(long // 8) + 4)])
        self.taken.take([(w - 20, 24, 20), (w - 20, 40, 14)])
        parts = [
            f'<rect x="6" y="{h - 32:g}" width="{long + 48:.1f}" height="26" fill="#fff"/>'
            f'<path d="M12 {h - 20:g}v6h{long:.1f}v-6" stroke="#000" stroke-width="1.6"/>'
            + text(label, 16 + long, h - 12, 10, "#000", anchor="start")
            + f'<path d="M{w - 27:g} 34l7-24 7 24-7-6z" fill="#000"/>'
            + text("北 N", w - 20, 48, 11, "#000", bold=True)
        ]
        for lon, lat in dict.fromkeys(self.drawn.ends):
            x, y = self.at(lon, lat)
            if 10 < x < w - 10 and 10 < y < h - 10:
                self.taken.take([(x, y, 9)])
                house = f"M{x - 8:.1f} {y:.1f}l8-8 8 8v8h-16z"
                parts.append(f'<path d="{house}" fill="#fff" stroke="#000" stroke-width="1.8"/>')
        return "".join(parts)
