"""The streets around a route, in few bytes: those end to end in one line, the smallest only where they are near.

A net of streets is cut at every junction, and each cut costs a start in the drawing.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from printouts.placement import Point

Line = list[Point]
NEAR = 40.0
"""Map units (10 mm) around a route within which lanes are drawn: at least so far, at most twice."""
_End = tuple[int, bool]
"""A line by its place, and whether it is entered from its last point."""


class Near:
    """What is near some lines, on a grid of NEAR units."""

    def __init__(self, lines: Iterable[Sequence[Point]]) -> None:
        self._cells = {
            (x + i, y + j)
            for line in lines
            for x, y in {_cell(point) for point in _dense(line)}
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        }

    def touches(self, line: Sequence[Point]) -> bool:
        """Whether a line comes near."""
        if any((x // NEAR, y // NEAR) in self._cells for x, y in line):
            return True
        long = any(abs(a[0] - b[0]) + abs(a[1] - b[1]) > NEAR for a, b in pairwise(line))
        return long and any(_cell(point) in self._cells for point in _dense(line))


def _dense(line: Sequence[Point]) -> Iterable[Point]:
    """The points of a line and what lies between those farther apart than NEAR."""
    for i, (x, y) in enumerate(line):
        u, v = line[max(0, i - 1)]
        steps = max(1, math.ceil(math.dist((x, y), (u, v)) / NEAR))
        yield from ((x + (u - x) * k / steps, y + (v - y) * k / steps) for k in range(steps))


def _cell(point: Point) -> tuple[float, float]:
    return point[0] // NEAR, point[1] // NEAR


def joined(lines: Iterable[Line]) -> list[Line]:
    """The same lines in longer pieces, going straight on where several meet; ends count as one point within a unit."""
    pieces = [line for line in lines if len(line) > 1]
    at: dict[tuple[int, int], list[_End]] = defaultdict(list)
    for i, line in enumerate(pieces):
        at[_key(line[0])].append((i, False))
        at[_key(line[-1])].append((i, True))
    left = [True] * len(pieces)
    found = []
    for i, piece in enumerate(pieces):
        if left[i]:
            left[i] = False
            back = _walk(piece[::-1], pieces, at, left)
            found.append(_walk(back[::-1], pieces, at, left))
    return found


def _walk(line: Line, pieces: list[Line], at: dict[tuple[int, int], list[_End]], left: list[bool]) -> Line:
    """The line with what goes on from its last point, as long as something does."""
    whole = list(line)
    while onward := [end for end in at[_key(whole[-1])] if left[end[0]]]:
        i, backwards = onward[0] if len(onward) == 1 else min(onward, key=lambda end: _turn(whole, pieces, end))
        left[i] = False
        whole += pieces[i][-2::-1] if backwards else pieces[i][1:]
    return whole


def _turn(whole: Line, pieces: list[Line], end: _End) -> float:
    """Radians by which a piece turns off from where a line was going."""
    i, backwards = end
    a, b = pieces[i][-1:-3:-1] if backwards else pieces[i][:2]
    heading = math.atan2(whole[-1][1] - whole[-2][1], whole[-1][0] - whole[-2][0])
    return abs(math.remainder(math.atan2(b[1] - a[1], b[0] - a[0]) - heading, math.tau))


def _key(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])
