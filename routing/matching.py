"""Which streets a truck has driven: (state, fixes) → (state, passages). Pure and total: it never raises.

An online hidden Markov model (Newson and Krumm 2009): each fix has up to six candidate streets; how far the fix lies
off (SIGMA_M) and how much longer the way is than the straight line (BETA_M) price a chain; the best chain is fixed
where all live chains agree, or LAG layers behind. A told route is only a small bonus on candidates a fix is near to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing.streets.match_network import MatchNetwork, Near
from routing.streets.match_track import GAP_M, TOP_SPEED_M_S, Candidate, Layer, Passage, Track, to_micros, way_limit_m

SIGMA_M = 8.0
BETA_M = 25.0
STILL_M = 8.0
"""A fix this close to the last one used says the truck stands."""
STOPPED_M = 20.0
"""So does one this close with a speed below STOPPED_KMH, when the one before it had stopped too: a truck that stops
within so short a way has driven it."""
STOPPED_KMH = 1.0
LAG = 3
GAP_S = 150.0
"""After a longer silence, or further away (GAP_M), a new track begins."""
JUMP_FACTOR = 1.3
JUMP_PATIENCE_S = 120.0
"""A fix that needs more than JUMP_FACTOR times top speed is dropped, for so long."""
MISSES = 2
"""So many fixes off the streets end the way."""
BEAM = 25.0
"""Chains this far behind the best (in log likelihood) are given up."""
HINT_BONUS = 0.7
"""What being on the told route is worth: as much as lying about 6 m nearer."""
STAND_S = 600.0
"""After standing so long what is known of the way is given out."""
MAX_FIXES = 100_000
"""Fixes a call looks at; callers send far fewer."""

State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fix:
    """One GPS fix: aware time, degrees, letters of the working tools (sorted: b l p s), speed when known."""

    at: datetime
    lon: float
    lat: float
    tools: str = ""
    speed_kmh: float | None = None


def step(
    state: State | None, fixes: Sequence[Fix], network: MatchNetwork, hints: frozenset[str] = frozenset()
) -> tuple[State, list[Passage]]:
    """Take in fixes by time. Late, repeated and impossible ones change nothing. `hints`: segments of the told route.

    Returns the new state (plain JSON, below 2 kB; the given one is untouched) and the passages finished by it.
    """
    track = Track.load(state, network)
    for fix in fixes[:MAX_FIXES]:
        if _usable(fix):
            _take(track, fix, hints)
    return track.dump(), track.passages


def finish(state: State | None, network: MatchNetwork) -> tuple[State, list[Passage]]:
    """Give out what is still open, when the truck's route is closed or its device is silent."""
    track = Track.load(state, network)
    track.flush()
    return track.dump(), track.passages


def _usable(fix: Fix) -> bool:
    return fix.at.tzinfo is not None and -180 <= fix.lon <= 180 and -90 <= fix.lat <= 90


def _take(track: Track, fix: Fix, hints: frozenset[str]) -> None:
    t = to_micros(fix.at)
    if track.t is not None and t <= track.t:
        return
    x, y = track.network.xy(fix.lon, fix.lat)
    if track.layers:
        last = track.layers[-1]
        moved, since_s = math.hypot(x - last.x, y - last.y), (t - (track.t or t)) / 1e6
        if moved < STILL_M or (moved < STOPPED_M and last.stopped and _stands(fix)):
            track.t = last.leave = t
            last.tools, last.stopped = fix.tools, _stands(fix)
            if t - last.t > STAND_S * 1e6:
                track.settle()
            return
        if moved / max(since_s, 1.0) > TOP_SPEED_M_S * JUMP_FACTOR and since_s < JUMP_PATIENCE_S:
            return
        if since_s > GAP_S or moved > GAP_M:
            track.flush()
    track.t = t
    near = track.network.near(x, y)
    if not near:
        track.miss += 1
        if track.miss >= MISSES:
            track.flush()
        return
    track.miss = 0
    priced = [(line, offset, _emission(track.network, square, line, hints)) for square, line, offset in near]
    if track.layers:
        layer = _next_layer(track, t, x, y, fix, priced)
        if layer is not None:
            track.layers.append(layer)
            _commit(track)
            return
        track.flush()
    start: list[Candidate] = [(line, offset, round(score, 3), -1) for line, offset, score in priced]
    track.layers = [Layer(t, t, x, y, fix.tools, _stands(fix), start)]


def _stands(fix: Fix) -> bool:
    return fix.speed_kmh is not None and fix.speed_kmh < STOPPED_KMH


def _emission(network: MatchNetwork, square: float, line: int, hints: frozenset[str]) -> float:
    return -square / (2 * SIGMA_M * SIGMA_M) + (HINT_BONUS if network.ids[line] in hints else 0.0)


def _next_layer(
    track: Track, t: int, x: float, y: float, fix: Fix, priced: list[tuple[int, float, float]]
) -> Layer | None:
    """The candidates that can be reached from the last layer, each with its best predecessor."""
    last = track.layers[-1]
    moved = math.hypot(x - last.x, y - last.y)
    limit_m = way_limit_m(moved, t - last.leave)
    top = max(candidate[2] for candidate in last.candidates)
    reached: list[Candidate] = []
    for line, offset, emission in priced:
        best: tuple[float, int] | None = None
        for index, (before, from_offset, score, _) in enumerate(last.candidates):
            if score < top - BEAM:
                continue
            hop = track.network.hop(before, from_offset, line, offset, limit_m)
            if hop is None:
                continue
            total = score - abs(hop[0] - moved) / BETA_M
            if best is None or total > best[0]:
                best = (total, index)
        if best is not None:
            reached.append((line, offset, best[0] + emission, best[1]))
    if not reached:
        return None
    peak = max(candidate[2] for candidate in reached)
    level = [(line, offset, round(score - peak, 3), back) for line, offset, score, back in reached]
    return Layer(t, t, x, y, fix.tools, _stands(fix), level)


def _commit(track: Track) -> None:
    """Fix the way up to where all live chains agree; at the latest LAG layers behind the newest."""
    layers = track.layers
    k = len(layers) - 1
    live = set(range(len(layers[k].candidates)))
    while k > 0 and len(live) > 1:
        live = {layers[k].candidates[index][3] for index in live}
        k -= 1
    if k > 0:
        track.commit(k, live.pop())
    elif len(layers) > LAG + 1:
        index = track.best()
        for layer in reversed(layers[2:]):
            index = layer.candidates[index][3]
        track.commit(1, index)


__all__ = ["Fix", "MatchNetwork", "Near", "Passage", "State", "finish", "step"]
