"""The streets of a city as maps need them: by id, and laid on one plane once for all maps."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from printouts.placement import Point
from printouts.turns import metres
from printouts.values import Street

Floats = NDArray[np.float64]


class Streets(dict[str, Street]):
    """Street by id. It must not change once a map has been drawn."""

    @cached_property
    def lat0(self) -> float:
        """The latitude at which a degree of longitude is measured."""
        ends = [row.geometry[0][1] for row in self.values() if row.geometry]
        return sum(ends) / len(ends) if ends else 0.0

    def at(self, lon: float, lat: float) -> Point:
        """Metres east and north on the plane."""
        return metres(lon, lat, self.lat0)

    @cached_property
    def _lines(self) -> list[str]:
        return [id_ for id_, row in self.items() if len(row.geometry) > 1]

    @cached_property
    def _first(self) -> NDArray[np.int64]:
        """Where each line's points begin, and the end of the last, shape (lines + 1)."""
        counts = [len(self[id_].geometry) for id_ in self._lines]
        return np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))

    @cached_property
    def _points(self) -> Floats:
        """Metres east and north of all points, shape (2, points)."""
        degrees = np.array([point[:2] for id_ in self._lines for point in self[id_].geometry], np.float64).T
        metres_a_degree: Floats = np.array(self.at(1.0, 1.0))[:, None]
        return degrees * metres_a_degree

    @cached_property
    def _boxes(self) -> tuple[Floats, Floats]:
        """(least, most) of each line, each of shape (2, lines)."""
        starts = self._first[:-1]
        return np.minimum.reduceat(self._points, starts, axis=1), np.maximum.reduceat(self._points, starts, axis=1)

    def drawn(self, centre: Point, scale: float, width: float, height: float) -> dict[str, list[Point]]:
        """The lines that meet a map, in its units: `centre` (metres) is its middle, y grows downwards."""
        if not self._lines:
            return {}
        middle, half = np.array(centre)[:, None], np.array([width, height])[:, None] / scale / 2
        least, most = self._boxes
        found = np.flatnonzero(((most > middle - half) & (least < middle + half)).all(axis=0))
        x, y = (self._points - middle) * np.array([scale, -scale])[:, None] + np.array([width, height])[:, None] / 2
        spans = zip(found.tolist(), self._first[found].tolist(), self._first[found + 1].tolist(), strict=True)
        return {
            self._lines[line]: list(zip(x[first:last].tolist(), y[first:last].tolist(), strict=True))
            for line, first, last in spans
        }
