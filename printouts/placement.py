"""Placing numbers and names on a map without overlaps: boxes sampled as circles on a coarse grid."""

from __future__ import annotations

import math
from collections import defaultdict

Point = tuple[float, float]
Circle = tuple[float, float, float]
CELL = 40.0
"""Grid cell in map units; larger than any circle's diameter."""


class Taken:
    """The parts of a map that are taken already."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._cells: dict[tuple[int, int], list[Circle]] = defaultdict(list)

    def is_free(self, circles: list[Circle]) -> bool:
        """Whether all circles lie on the map and touch nothing taken."""
        return all(self._fits(circle) for circle in circles)

    def take(self, circles: list[Circle]) -> None:
        """Mark circles as taken."""
        for x, y, r in circles:
            self._cells[int(x // CELL), int(y // CELL)].append((x, y, r))

    def _fits(self, circle: Circle) -> bool:
        x, y, r = circle
        if not (r <= x <= self.width - r and r <= y <= self.height - r):
            return False
        column, line = int(x // CELL), int(y // CELL)
        for i in (column - 1, column, column + 1):
            for j in (line - 1, line, line + 1):
                for u, v, s in self._cells.get((i, j), ()):
                    if math.hypot(x - u, y - v) < r + s:
                        return False
        return True


def label_circles(x: float, y: float, angle_deg: float, width: float, size: float) -> list[Circle]:
    """Circles that cover a text of that width centred at a point, turned by an angle."""
    r = size * 0.62
    count = max(2, math.ceil(width / r))
    dx, dy = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    half = max(0.0, width / 2 - r)
    return [(x + dx * d, y + dy * d, r) for d in (half * (2 * i / (count - 1) - 1) for i in range(count))]


def text_width(text: str, size: float) -> float:
    """Width of a text in map units: full-width signs one em, others a little over half."""
    return sum(size if ord(sign) > 0x2E7F else size * 0.58 for sign in text)


def simplify(points: list[Point], tolerance: float) -> list[Point]:
    """Douglas-Peucker: points nearer to the kept line than the tolerance are dropped."""
    if len(points) < 3:
        return points
    keep = [False] * len(points)
    keep[0] = keep[-1] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        (x, y), (u, v) = points[first], points[last]
        dx, dy = u - x, v - y
        length = math.hypot(dx, dy)
        worst, at = tolerance, -1
        for i in range(first + 1, last):
            p, q = points[i]
            off = abs(dy * (p - x) - dx * (q - y)) / length if length else math.hypot(p - x, q - y)
            if off > worst:
                worst, at = off, i
        if at >= 0:
            keep[at] = True
            spans += [(first, at), (at, last)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def shift_right(points: list[Point], by: float) -> list[Point]:
    """The line moved to its right (y grows downwards), so that both ways along one street stay apart."""
    if by == 0 or len(points) < 2:
        return points
    moved: list[Point] = []
    for i, (x, y) in enumerate(points):
        a, b = points[max(0, i - 1)], points[min(len(points) - 1, i + 1)]
        dx, dy = b[0] - a[0], b[1] - a[1]
        length = math.hypot(dx, dy) or 1.0
        moved.append((x - dy / length * by, y + dx / length * by))
    return moved
