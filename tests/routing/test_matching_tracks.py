"""Map matching against tracks whose truth is known: recall, precision, late fixes, gaps, purity, hints."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.matching import Fix, Passage, finish, step
from routing.streets.match_network import MatchNetwork, StreetLine

T0 = datetime(2023, 12, 18, 14, tzinfo=UTC)
LON0, LAT0 = 119.45, 32.78
X_M, Y_M = 111_320.0 * math.cos(math.radians(LAT0)), 110_540.0
SPEED_M_S = 7.0

Arc = tuple[str, bool]


def place(x: float, y: float) -> tuple[float, float]:
    return LON0 + x / X_M, LAT0 + y / Y_M


def grid_lines(size: int, random: Random, block_m: float = 110.0) -> list[StreetLine]:
    """A jittered grid of size x size junctions, a fifth of the streets missing, bends in the middle of some."""
    at = {
        (i, j): (i * block_m + random.uniform(-25, 25), j * block_m + random.uniform(-25, 25))
        for i in range(size)
        for j in range(size)
    }
    lines = []
    for (i, j), (x, y) in at.items():
        for other in ((i + 1, j), (i, j + 1)):
            if other not in at or random.random() < 0.12:
                continue
            x2, y2 = at[other]
            bend = ((x + x2) / 2 + random.uniform(-10, 10), (y + y2) / 2 + random.uniform(-10, 10))
            points = [place(x, y), place(*bend), place(x2, y2)]
            one_way = random.choice((0, 0, 0, 1))
            lines.append(
                StreetLine(f"s{i}.{j}-{other[0]}.{other[1]}", f"{i}.{j}", f"{other[0]}.{other[1]}", one_way, points)
            )
    return lines


def random_route(lines: list[StreetLine], random: Random, count: int) -> list[Arc]:
    """A walk along arcs; turns back only at dead ends."""
    out: dict[str, list[tuple[str, str, bool]]] = {}
    for line in lines:
        out.setdefault(line.from_node, []).append((line.to_node, line.segment, True))
        if line.one_way == 0:
            out.setdefault(line.to_node, []).append((line.from_node, line.segment, False))
    node, before = random.choice(sorted(out)), ""
    route: list[Arc] = []
    while len(route) < count and node in out:
        choices = [arc for arc in out[node] if arc[1] != before] or out[node]
        node, before, forward = random.choice(choices)
        route.append((before, forward))
    return route


def drive(
    lines: list[StreetLine], route: list[Arc], tools: list[str], random: Random, noise_m: float, every_s: float = 20.0
) -> list[Fix]:
    """Fixes every `every_s`, at turns of more than 25 degrees and at tool changes, with Gaussian noise."""
    by_id = {line.segment: line for line in lines}
    fixes: list[Fix] = []
    now_s, next_s, heading, tool = 0.0, 0.0, None, ""

    def fix(x: float, y: float, at_s: float) -> None:
        lon, lat = place(x + random.gauss(0, noise_m), y + random.gauss(0, noise_m))
        fixes.append(Fix(T0 + timedelta(seconds=round(at_s, 3)), lon, lat, tool))

    for (segment, forward), working in zip(route, tools, strict=True):
        points = [((lon - LON0) * X_M, (lat - LAT0) * Y_M) for lon, lat in by_id[segment].geometry]
        if not forward:
            points.reverse()
        if working != tool:
            tool = working
            fix(*points[0], now_s + 0.001)
        for (x1, y1), (x2, y2) in pairwise(points):
            turned = math.degrees(math.atan2(y2 - y1, x2 - x1))
            if heading is not None and abs((turned - heading + 180) % 360 - 180) > 25:
                fix(x1, y1, now_s + 0.002)
            heading = turned
            length_s = math.hypot(x2 - x1, y2 - y1) / SPEED_M_S
            while next_s <= now_s + length_s:
                if next_s > now_s:
                    share = (next_s - now_s) / length_s
                    fix(x1 + (x2 - x1) * share, y1 + (y2 - y1) * share, next_s)
                next_s += every_s
            now_s += length_s
    last = by_id[route[-1][0]].geometry[-1 if route[-1][1] else 0]
    fix((last[0] - LON0) * X_M, (last[1] - LAT0) * Y_M, now_s + 0.01)
    return fixes


def runs_of_tools(count: int, random: Random) -> list[str]:
    tools: list[str] = []
    while len(tools) < count:
        tools += [random.choice(("", "s"))] * random.randint(1, 8)
    return tools[:count]


def match(fixes: list[Fix], network: MatchNetwork, hints: frozenset[str] = frozenset()) -> list[Passage]:
    state, found = step(None, fixes, network, hints)
    return found + finish(state, network)[1]


def treated(passages: list[Passage]) -> set[Arc]:
    return {(p.segment, p.forward) for p in passages if "s" in p.tools and p.fraction >= 0.5}


def test_recall_and_precision_on_noisy_tracks() -> None:
    random = Random(7)
    lines = grid_lines(12, random)
    network = MatchNetwork.build(lines)
    hit = truth = said = 0
    for _ in range(25):
        route = random_route(lines, random, 80)
        tools = runs_of_tools(len(route), random)
        want = {arc for arc, tool in zip(route, tools, strict=True) if tool}
        got = treated(match(drive(lines, route, tools, random, 5.0), network))
        hit, truth, said = hit + len(want & got), truth + len(want), said + len(got)
    assert truth > 300
    assert hit / truth >= 0.99
    assert hit / said >= 0.98


LINE = [
    StreetLine("a", "1", "2", 0, [place(0, 0), place(200, 0)]),
    StreetLine("b", "2", "3", 0, [place(200, 0), place(400, 0)]),
]


def along(*rows: tuple[float, float, str]) -> list[Fix]:
    """(x, second, tools) on the straight street."""
    return [Fix(T0 + timedelta(seconds=s), *place(x, 1.0), tools) for x, s, tools in rows]


def test_straight_run_gives_two_whole_passages_in_order_of_time() -> None:
    passages = match(
        along((0, 0, "s"), (100, 20, "s"), (210, 40, "s"), (300, 60, "s"), (400, 80, "s")), MatchNetwork.build(LINE)
    )
    assert [(p.segment, p.forward, p.tools, p.fraction) for p in passages] == [
        ("a", True, "s", 1.0),
        ("b", True, "s", 1.0),
    ]
    assert passages[0].from_at == T0 and passages[0].to_at == passages[1].from_at
    assert passages[0].to_at == pytest.approx(T0 + timedelta(seconds=38), abs=timedelta(seconds=1))


def test_there_and_back_is_a_passage_each_way() -> None:
    passages = match(
        along((0, 0, "s"), (120, 20, "s"), (198, 40, "s"), (120, 60, "s"), (0, 80, "s")), MatchNetwork.build(LINE)
    )
    assert {(p.segment, p.forward) for p in passages if p.fraction > 0.9} == {("a", True), ("a", False)}


def test_tool_change_splits_a_passage_where_it_happened() -> None:
    passages = match(along((0, 0, ""), (100, 20, "s"), (200, 40, "s")), MatchNetwork.build(LINE))
    assert [(p.tools, p.fraction) for p in passages] == [("", 0.5), ("s", 0.5)]


def test_standing_between_is_one_passage() -> None:
    fixes = along((0, 0, "s"), (100, 20, "s"), (103, 50, "s"), (98, 80, "s"), (150, 100, "s"), (200, 120, "s"))
    passages = match(fixes, MatchNetwork.build(LINE))
    assert [(p.segment, p.fraction) for p in passages] == [("a", 1.0)]


DEAD_END = [*LINE, StreetLine("end", "2", "4", 0, [place(200, 0), place(200, 18)])]


def with_dead_end(*rows: tuple[float, float, float, float]) -> list[Fix]:
    """(x, y, second, km/h), spreading."""
    return [Fix(T0 + timedelta(seconds=s), *place(x, y), "s", v) for x, y, s, v in rows]


def both_ways(passages: list[Passage], segment: str) -> list[tuple[bool, bool]]:
    return [(p.forward, p.fraction >= 0.5) for p in passages if p.segment == segment]


def test_a_short_dead_end_is_driven_in_and_out_though_the_truck_stands_at_its_end() -> None:
    stands = [(200, 16 + n % 2, 50 + 20 * n, 0) for n in range(4)]
    fixes = with_dead_end(
        (0, 0, 0, 25), (120, 0, 20, 25), (200, 1, 42, 15), *stands, (200, 0, 130, 15), (320, 0, 150, 25)
    )
    assert both_ways(match(fixes, MatchNetwork.build(DEAD_END)), "end") == [(True, True), (False, True)]


def test_a_dead_end_seen_short_of_its_end_is_driven_in_and_out() -> None:
    fixes = with_dead_end((0, 0, 0, 25), (120, 0, 20, 25), (200, 12, 45, 10), (320, 0, 75, 25))
    assert both_ways(match(fixes, MatchNetwork.build(DEAD_END)), "end") == [(True, True), (False, True)]


def test_a_truck_that_stands_before_a_dead_end_has_not_driven_it() -> None:
    stands = [(200, 12 * (n % 2), 42 + 20 * n, 0) for n in range(6)]
    fixes = with_dead_end((0, 0, 0, 25), (120, 0, 20, 25), *stands, (320, 0, 170, 25))
    assert both_ways(match(fixes, MatchNetwork.build(DEAD_END)), "end") == []


def test_late_and_repeated_fixes_change_nothing() -> None:
    network = MatchNetwork.build(LINE)
    fixes = along((0, 0, "s"), (100, 20, "s"), (210, 40, "s"))
    state, _ = step(None, fixes, network)
    late = [
        *fixes,
        Fix(T0 - timedelta(hours=1), *place(390, 0), "s"),
        Fix(T0 + timedelta(seconds=30), *place(390, 0), "s"),
    ]
    assert step(state, late, network) == (state, [])


def test_silence_begins_a_new_track() -> None:
    passages = match(along((0, 0, "s"), (60, 20, "s"), (340, 400, "s"), (400, 420, "s")), MatchNetwork.build(LINE))
    assert [(p.segment, p.fraction) for p in passages] == [("a", 0.3), ("b", 0.3)]


def test_hints_alone_make_no_passage_and_do_not_move_a_clear_track() -> None:
    far = StreetLine("far", "1", "3", 0, [place(0, 0), place(200, 120), place(400, 0)])
    network = MatchNetwork.build([*LINE, far])
    fixes = along((0, 0, "s"), (100, 20, "s"), (200, 40, "s"), (300, 60, "s"), (400, 80, "s"))
    hinted = match(fixes, network, frozenset({"far"}))
    assert treated(hinted) == {("a", True), ("b", True)}


def test_hints_decide_between_streets_side_by_side() -> None:
    lines = [
        StreetLine("n", "1", "2", 0, [place(0, 5), place(400, 5)]),
        StreetLine("z", "3", "4", 0, [place(0, -5), place(400, -5)]),
    ]
    network = MatchNetwork.build(lines)
    fixes = [Fix(T0 + timedelta(seconds=20 * n), *place(100.0 * n, 0.2), "s") for n in range(5)]
    assert {p.segment for p in match(fixes, network)} == {"n"}
    assert {p.segment for p in match(fixes, network, frozenset({"z"}))} == {"z"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000), st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_fix_by_fix_through_json_equals_one_batch(seed: int, cuts: list[int]) -> None:
    random = Random(seed)
    lines = grid_lines(5, random)
    network = MatchNetwork.build(lines)
    route = random_route(lines, random, 25)
    fixes = drive(lines, route, runs_of_tools(len(route), random), random, 5.0)
    whole_state, whole = step(None, fixes, network)
    state, parts, at = None, [], 0
    for cut in [*cuts, len(fixes)]:
        before = json.dumps(state)
        new, found = step(json.loads(before), fixes[at : at + cut], network)
        assert step(state, fixes[at : at + cut], network)[1] == found and json.dumps(state) == before
        state, at = new, at + cut
        parts += found
        assert len(json.dumps(state)) < 2048
    assert (state, parts) == (whole_state, whole)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(LON0 - 0.001, LON0 + 0.006),
            st.floats(allow_nan=True, allow_infinity=True, width=32) | st.floats(LAT0 - 0.001, LAT0 + 0.001),
            st.floats(-1e6, 1e6),
            st.sampled_from(["", "s", "ps"]),
        ),
        max_size=20,
    )
)
def test_any_fixes_never_raise_and_fractions_are_in_range(rows: list[tuple[float, float, float, str]]) -> None:
    network = MatchNetwork.build(LINE)
    fixes = [Fix(T0 + timedelta(seconds=s), lon, lat, tools) for lon, lat, s, tools in rows]
    state, passages = step(None, fixes, network)
    passages += finish(state, network)[1]
    assert all(0 < p.fraction <= 1 and p.from_at <= p.to_at for p in passages)
    assert match([replace(fix, at=fix.at.replace(tzinfo=None)) for fix in fixes], network) == []


def test_state_of_another_network_keeps_only_its_time() -> None:
    network, other = MatchNetwork.build(LINE), MatchNetwork.build(LINE[:1])
    state, _ = step(None, along((0, 0, "s"), (100, 20, "s")), network)
    again, found = step(state, along((50, 10, "s"), (150, 30, "s")), other)
    assert found == [] and len(again["layers"]) == 1


def test_empty_network_matches_nothing() -> None:
    assert match(along((0, 0, "s"), (100, 20, "s")), MatchNetwork.build([])) == []
