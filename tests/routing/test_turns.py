"""Turn costs and forbidden U-turns from the shape of streets, on junctions drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from routing.errors import BadProblem
from routing.network import Network
from routing.paths.search import PathFinder
from routing.streets.turns import TurnParams, bearings_deg, with_turns
from tests.routing.routing_cases import both_ways, network

CENTRE, NORTH, EAST, SOUTH, WEST = range(5)
PLACES = {CENTRE: (0.0, 0.0), NORTH: (0.0, 0.01), EAST: (0.01, 0.0), SOUTH: (0.0, -0.01), WEST: (-0.01, 0.0)}


def crossing(params: TurnParams, names: dict[int, str] | None = None, arms: tuple[int, ...] = (1, 2, 3, 4)) -> Network:
    """Streets from the centre to its arms; arc 2 (n - 1) leads out to the n-th arm, the next one back in."""
    net = network(1 + max(arms), both_ways(*((CENTRE, arm, 10) for arm in arms)))
    lines = [(PLACES[int(a)], PLACES[int(b)]) for a, b in zip(net.tail, net.head, strict=True)]
    classes = [(names or {}).get(max(int(a), int(b)), "lane") for a, b in zip(net.tail, net.head, strict=True)]
    return with_turns(net, lines, classes, params)


def seconds(net: Network, first: tuple[int, int], second: tuple[int, int]) -> int:
    index = {(int(a), int(b)): i for i, (a, b) in enumerate(zip(net.tail, net.head, strict=True))}
    turns = net.turn_costs
    wanted = (index[first], index[second])
    book = zip(zip(turns.first.tolist(), turns.second.tolist(), strict=True), turns.duration_s.tolist(), strict=True)
    return dict(book).get(wanted, 0)


def test_at_a_crossing_right_is_near_and_left_is_across() -> None:
    net = crossing(TurnParams())
    from_south = (SOUTH, CENTRE)
    assert seconds(net, from_south, (CENTRE, NORTH)) == 0
    assert seconds(net, from_south, (CENTRE, EAST)) == 5
    assert seconds(net, from_south, (CENTRE, WEST)) == 25
    assert seconds(net, from_south, (CENTRE, SOUTH)) == 125
    assert seconds(net, (CENTRE, NORTH), (NORTH, CENTRE)) == 125, "a dead end has only its U-turn, and it takes as long"


def test_where_one_drives_on_the_left_the_sides_change() -> None:
    net = crossing(TurnParams(drives_on_right=False))
    assert seconds(net, (SOUTH, CENTRE), (CENTRE, EAST)) == 25
    assert seconds(net, (SOUTH, CENTRE), (CENTRE, WEST)) == 5


def test_u_turns_are_forbidden_by_class_but_not_at_dead_ends() -> None:
    net = crossing(TurnParams(), {SOUTH: "main"})
    assert net.forbidden_turns == {(5, 4)}, "south comes in by arc 5 and leaves by arc 4; its outer end is a dead end"
    finder = PathFinder(net)
    assert finder.path(SOUTH, finder.reach(CENTRE)) == (5,)


def test_turns_forbidden_before_stay_so() -> None:
    net = network(3, both_ways((0, 1, 1), (1, 2, 1)), {(0, 2)})
    lines = [
        ((0.0, 0.0), (0.01, 0.0)),
        ((0.01, 0.0), (0.0, 0.0)),
        ((0.01, 0.0), (0.02, 0.0)),
        ((0.02, 0.0), (0.01, 0.0)),
    ]
    assert (0, 2) in with_turns(net, lines, ["lane"] * 4, TurnParams()).forbidden_turns


def test_a_bend_is_no_turn_unless_asked_for() -> None:
    """North to east by the centre, with no third arm: a left bend for who comes from the north."""
    free = crossing(TurnParams(), arms=(1, 2))
    assert seconds(free, (NORTH, CENTRE), (CENTRE, EAST)) == 0
    assert seconds(free, (NORTH, CENTRE), (CENTRE, NORTH)) == 125
    assert seconds(crossing(TurnParams(bends_free=False), arms=(1, 2)), (NORTH, CENTRE), (CENTRE, EAST)) == 25
    assert seconds(crossing(TurnParams(), arms=(1, 2, 3)), (NORTH, CENTRE), (CENTRE, EAST)) == 25, "a junction of three"


def test_bearings_follow_the_first_and_last_piece_of_a_line() -> None:
    begin, end = bearings_deg([((0.0, 0.0), (0.0, 0.0), (0.0, 1e-3), (1e-3, 1e-3))])
    assert (round(begin[0]), round(end[0])) == (0, 90)
    with pytest.raises(BadProblem, match="arc 0 has no two distinct points"):
        bearings_deg([((1.0, 1.0), (1.0, 1.0))])


def test_settings_that_contradict_are_refused() -> None:
    with pytest.raises(ValueError, match="straight_deg < u_turn_deg"):
        TurnParams(straight_deg=140.0)
    with pytest.raises(ValueError, match="start at 0"):
        replace(TurnParams(), across_s=-1)
