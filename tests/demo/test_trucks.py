"""Simulated trucks on a small grid: where they are when, told changes, breakdowns, fixes cut into any intervals."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.spans import distance_m, to_datetime, to_ms
from demo.timeline import PARKED_MS, Timeline
from demo.trucks import NOISE_M, Truck, simulate
from demo.ways import quickest_arcs
from dispatch.streets import Streets, build_streets
from models.events.registry import payload_of
from models.tables.city import Segment
from models.times import iso
from routing.matching import Fix, finish, step
from routing.streets.match_network import MatchNetwork, StreetLine

T0 = datetime(2023, 12, 18, 14, 0, tzinfo=UTC)
STEP_DEG = 0.002
"""About 200 m."""
SIZE = 5


def grid() -> Streets:
    """Junctions i,j of a 5 x 5 grid; segment `h2.3` runs east from 2,3, `v2.3` north."""
    rows = []
    for i in range(SIZE):
        for j in range(SIZE):
            for name, (i2, j2) in (("h", (i + 1, j)), ("v", (i, j + 1))):
                if i2 < SIZE and j2 < SIZE:
                    ends = [[119.4 + i * STEP_DEG, 32.7 + j * STEP_DEG], [119.4 + i2 * STEP_DEG, 32.7 + j2 * STEP_DEG]]
                    length = distance_m((ends[0][0], ends[0][1]), (ends[1][0], ends[1][1]))
                    rows.append(
                        Segment(
                            id=f"{name}{i}.{j}",
                            way="w",
                            from_node=f"{i},{j}",
                            to_node=f"{i2},{j2}",
                            road_class="main",
                            lanes=2,
                            width_m=7.0,
                            length_m=length,
                            district="ALL",
                            geometry=ends,
                        )
                    )
    return build_streets(rows, [])


STREETS = grid()


def place(i: int, j: int) -> tuple[float, float]:
    return 119.4 + i * STEP_DEG, 32.7 + j * STEP_DEG


def doc_of(
    segments: list[tuple[str, bool]], start: tuple[int, int] = (0, 0), end: bool = True, at: datetime = T0
) -> dict[str, Any]:
    """A salting document that serves these segments, quickest ways between, 60 s each."""
    node = STREETS.node_of[f"{start[0]},{start[1]}"]
    home = node
    clock, stops = at, []
    for n, (ref, forward) in enumerate(segments, start=1):
        arc = STREETS.arcs_of[ref][forward]
        way = quickest_arcs(STREETS, node, int(STREETS.network.tail[arc]))
        arrive = clock + timedelta(seconds=sum(int(STREETS.network.duration_s[a]) for a in way))
        depart = arrive + timedelta(seconds=60)
        stops.append(
            {"n": n, "kind": "segment", "ref": ref, "work_item": f"w-{ref}", "pass": 1, "forward": forward}
            | {"arrive": iso(arrive), "start": iso(arrive), "depart": iso(depart)}
            | {"legs": [list(STREETS.arc_segment[a]) for a in way]}
        )
        clock, node = depart, int(STREETS.network.head[arc])
    lon, lat = place(*start)
    depot = {"kind": "depot", "ref": "D", "name": "", "name_en": "", "lon": lon, "lat": lat}
    way = quickest_arcs(STREETS, node, home)
    return {
        "start": depot,
        "stops": stops,
        "home": [list(STREETS.arc_segment[a]) for a in way] if end else [],
        "end": depot if end else None,
        "kept": 0,
    }


def where(timeline: Timeline, at: datetime) -> tuple[tuple[float, float], str]:
    span = next(s for s in timeline.spans if s.from_ms <= to_ms(at) <= s.to_ms)
    return span.place_at(to_ms(at))[0], span.tools


def stop_times(timeline: Timeline) -> dict[str, int]:
    return {stop.key[1]: (stop.start_ms - to_ms(T0)) // 1000 for stop in timeline.stops}


ROUTE = [("h0.0", True), ("h1.0", True), ("v2.0", True), ("h3.3", False)]


def test_truck_keeps_the_documents_times_and_places() -> None:
    doc = doc_of(ROUTE)
    timeline = Timeline.from_doc(doc, STREETS, "salting")
    assert timeline.spans[0].from_ms == to_ms(T0)
    (lon, lat), tools = where(timeline, T0 + timedelta(seconds=30))
    assert (lon, lat) == pytest.approx((119.401, 32.7), abs=1e-6) and tools == "s"
    for stop, made in zip(doc["stops"], timeline.stops, strict=True):
        assert made.start_ms == to_ms(datetime.fromisoformat(stop["start"]))
        assert made.depart_ms == to_ms(datetime.fromisoformat(stop["depart"]))
    assert distance_m(timeline.spans[-1].points[-1], place(0, 0)) < 1
    assert timeline.spans[-1].tools == ""


@pytest.mark.parametrize(("service", "tools"), [("salting", "s"), ("ploughing", "ps")])
def test_tools_work_only_while_serving(service: str, tools: str) -> None:
    timeline = Timeline.from_doc(doc_of([("h1.0", True), ("v4.1", True)]), STREETS, service)
    served = {(stop.start_ms, stop.depart_ms) for stop in timeline.stops}
    for span in timeline.spans:
        assert span.tools == (tools if (span.from_ms, span.to_ms) in served else "")


def test_spans_follow_each_other_without_gap_or_jump() -> None:
    timeline = Timeline.from_doc(doc_of(ROUTE), STREETS, "salting")
    for before, after in zip(timeline.spans, timeline.spans[1:], strict=False):
        assert before.to_ms == after.from_ms
        assert distance_m(before.points[-1], after.points[0]) < 0.6


def test_collection_waits_for_its_window_and_lifts_at_the_station() -> None:
    doc = doc_of([("h0.0", True)])
    station = {
        "n": 2, "kind": "station", "ref": "ST", "work_item": "w", "pass": 1, "legs": [["h1.0", True]],
        "arrive": iso(T0 + timedelta(seconds=100)), "start": iso(T0 + timedelta(seconds=400)),
        "depart": iso(T0 + timedelta(seconds=520)),
    }  # fmt: skip
    doc["stops"].append(station)
    doc["home"], doc["end"] = [], None
    events = Truck("C-01", 1, Timeline.from_doc(doc, STREETS, "collection")).fixes(T0, T0 + timedelta(hours=1))
    lifting = [
        (e.occurred_at - T0).total_seconds() for e in events if e.data["tools"]["lift"] and e.data["speed_kmh"] == 0
    ]
    assert lifting == [400, 430, 460, 490]
    for event in events:
        if event.data["speed_kmh"] == 0:
            assert distance_m((event.data["lon"], event.data["lat"]), place(2, 0)) < 6 * NOISE_M
        payload_of(event)


def test_fixes_come_at_least_every_twenty_seconds_while_moving() -> None:
    truck = Truck("S-01", 1, Timeline.from_doc(doc_of(ROUTE), STREETS, "salting"))
    fixes = truck.fixes(T0 - timedelta(hours=1), T0 + timedelta(hours=2))
    home = truck.timeline.spans[-1].from_ms
    assert fixes[-1].occurred_at == to_datetime(home + PARKED_MS)
    times = [event.occurred_at for event in fixes if to_ms(event.occurred_at) <= home]
    assert times == sorted(set(times))
    assert max((b - a).total_seconds() for a, b in itertools.pairwise(times)) <= 24
    assert times[0] == T0 and to_ms(times[-1]) == home


def test_fix_at_every_bend_and_tool_change() -> None:
    timeline = Timeline.from_doc(doc_of([("h0.0", True), ("v1.0", True), ("v1.2", True)]), STREETS, "salting")
    times = {
        to_ms(e.occurred_at) for e in Truck("S-01", 1, timeline).fixes(T0 - timedelta(hours=1), T0 + timedelta(hours=2))
    }
    first, second, third = timeline.stops
    assert {second.start_ms, second.depart_ms, third.start_ms, third.depart_ms} <= times
    assert first.start_ms in times


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1500), max_size=8))
def test_any_cutting_of_time_gives_the_same_fixes(cuts: list[int]) -> None:
    truck = Truck("S-01", 4, Timeline.from_doc(doc_of(ROUTE), STREETS, "salting"))
    begin, end = T0 - timedelta(minutes=5), T0 + timedelta(minutes=25)
    edges = [begin, *(T0 + timedelta(seconds=cut) for cut in sorted(cuts)), end]
    parts = [event for a, b in itertools.pairwise(edges) for event in truck.fixes(a, b)]
    assert parts == truck.fixes(begin, end)


def test_next_fix_is_the_first_of_the_fixes_after() -> None:
    truck = Truck("S-01", 4, Timeline.from_doc(doc_of(ROUTE), STREETS, "salting"))
    at = T0 + timedelta(seconds=100)
    assert truck.next_fix_at(at) == truck.fixes(at, at + timedelta(minutes=5))[0].occurred_at
    assert truck.next_fix_at(T0 + timedelta(hours=3)) is None


def test_broken_truck_stands_with_tools_off() -> None:
    timeline = Timeline.from_doc(doc_of(ROUTE), STREETS, "salting").broken(T0 + timedelta(seconds=90))
    events = Truck("S-01", 1, timeline).fixes(T0 + timedelta(seconds=89), T0 + timedelta(hours=3))
    assert events[0].occurred_at == T0 + timedelta(seconds=90)
    assert all(not any(event.data["tools"].values()) and event.data["speed_kmh"] == 0 for event in events)
    here = events[0].data["lon"], events[0].data["lat"]
    assert all(distance_m(here, (e.data["lon"], e.data["lat"])) < 12 * NOISE_M for e in events)
    assert timeline.changed(T0 + timedelta(seconds=95), doc_of(ROUTE), STREETS) == timeline


def test_change_that_keeps_what_is_ahead_leaves_the_past_alone() -> None:
    old = doc_of(ROUTE)
    new = doc_of([*ROUTE[:3], ("v0.3", True), ROUTE[3]])
    before = Timeline.from_doc(old, STREETS, "salting")
    told = T0 + timedelta(seconds=70)
    after = before.changed(told, new, STREETS)
    assert after.stops[:3] == before.stops[:3]
    assert [stop.key[1] for stop in after.stops] == ["h0.0", "h1.0", "v2.0", "v0.3", "h3.3"]
    assert stop_times(after) == stop_times(Timeline.from_doc(new, STREETS, "salting"))


def test_change_told_late_does_everything_once_and_goes_nowhere_twice() -> None:
    """The new document meant to serve v0.0 first, but the crew had driven on for three stops when it was told."""
    old, new = doc_of(ROUTE), doc_of([("h0.0", True), ("v0.0", True), *ROUTE[1:]])
    told = T0 + timedelta(seconds=200)
    before = Timeline.from_doc(old, STREETS, "salting")
    begun = [stop.key[1] for stop in before.stops if stop.start_ms <= to_ms(told)]
    assert begun == ["h0.0", "h1.0", "v2.0"]
    after = before.changed(told, new, STREETS)
    assert [stop.key[1] for stop in after.stops] == ["h0.0", "h1.0", "v2.0", "v0.0", "h3.3"]
    for a, b in zip(after.spans, after.spans[1:], strict=False):
        assert a.to_ms == b.from_ms and distance_m(a.points[-1], b.points[0]) < 0.6
        assert a.speed_kmh < 40
    assert where(after, told) == where(before, told)
    assert all(b.start_ms >= a.depart_ms for a, b in zip(after.stops, after.stops[1:], strict=False))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 900), st.permutations(ROUTE), st.booleans())
def test_any_change_at_any_time_serves_each_street_once_and_keeps_the_past(
    second: int, order: list[tuple[str, bool]], fewer: bool
) -> None:
    old = Timeline.from_doc(doc_of(ROUTE), STREETS, "salting")
    told = T0 + timedelta(seconds=second)
    wanted = order[1:] if fewer else order
    new = old.changed(told, doc_of(wanted), STREETS)
    made = [stop.key[1] for stop in new.stops]
    begun = [stop.key[1] for stop in old.stops if stop.start_ms <= to_ms(told)]
    assert made[: len(begun)] == begun and len(made) == len(set(made))
    assert set(made) == set(begun) | {ref for ref, _ in wanted}
    for a, b in zip(new.spans, new.spans[1:], strict=False):
        assert a.to_ms <= b.from_ms and distance_m(a.points[-1], b.points[0]) < 0.6
    before = T0 - timedelta(minutes=1)
    assert Truck("S-01", 2, new).fixes(before, told) == Truck("S-01", 2, old).fixes(before, told)


def test_history_and_simulate_agree_with_step_by_step() -> None:
    docs = [(T0, doc_of(ROUTE)), (T0 + timedelta(seconds=200), doc_of([*ROUTE, ("v0.3", True)]))]
    broken_at = T0 + timedelta(seconds=500)
    timeline = (
        Timeline.from_doc(docs[0][1], STREETS, "salting").changed(docs[1][0], docs[1][1], STREETS).broken(broken_at)
    )
    assert Timeline.from_history(docs, STREETS, "salting", broken_at=broken_at) == timeline
    end = T0 + timedelta(hours=2)
    assert simulate("S-01", "salting", docs, STREETS, T0, end, 3, broken_at=broken_at) == Truck(
        "S-01", 3, timeline
    ).fixes(T0, end)


def test_track_of_a_truck_matches_the_streets_it_served() -> None:
    network = MatchNetwork.build(
        StreetLine(row.id, row.from_node, row.to_node, row.one_way, row.geometry) for row in STREETS.segments.values()
    )
    events = Truck("S-01", 9, Timeline.from_doc(doc_of(ROUTE), STREETS, "salting")).fixes(
        T0 - timedelta(1), T0 + timedelta(1)
    )
    fixes = [
        Fix(
            e.occurred_at, e.data["lon"], e.data["lat"], "s" if e.data["tools"]["spreader"] else "", e.data["speed_kmh"]
        )
        for e in events
    ]
    state, passages = step(None, fixes, network)
    passages += finish(state, network)[1]
    assert {(p.segment, p.forward) for p in passages if p.tools == "s" and p.fraction >= 0.5} == set(ROUTE)


def test_last_street_served_is_known_while_the_truck_stands_parked() -> None:
    network = MatchNetwork.build(
        StreetLine(row.id, row.from_node, row.to_node, row.one_way, row.geometry) for row in STREETS.segments.values()
    )
    doc = doc_of([("h0.0", True), ("h1.0", True)], end=False)
    events = Truck("S-01", 9, Timeline.from_doc(doc, STREETS, "salting")).fixes(T0 - timedelta(1), T0 + timedelta(1))
    fixes = [
        Fix(
            e.occurred_at, e.data["lon"], e.data["lat"], "s" if e.data["tools"]["spreader"] else "", e.data["speed_kmh"]
        )
        for e in events
    ]
    _, passages = step(None, fixes, network)
    assert {p.segment for p in passages if p.tools == "s" and p.fraction >= 0.5} == {"h0.0", "h1.0"}
