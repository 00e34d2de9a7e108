"""The city's streets as a network with the rules of turns: whole streets in, priced and forbidden turns out."""

from __future__ import annotations

from config.rules_loader import load_rules
from dispatch.problems import walking
from dispatch.streets import Streets, build_streets
from models.tables.city import Segment

RULES = load_rules().turns
WEST, MIDDLE, EAST, NORTH = [119.40, 32.78], [119.41, 32.78], [119.42, 32.78], [119.41, 32.79]


def street(name: str, road_class: str, ends: tuple[str, str], line: list[list[float]]) -> Segment:
    return Segment(
        id=name,
        way=name,
        from_node=ends[0],
        to_node=ends[1],
        road_class=road_class,
        lanes=2,
        width_m=7.0,
        length_m=900.0,
        district="ALL",
        geometry=line,
    )


def streets(main: str = "main") -> Streets:
    rows = [
        street("a", main, ("w", "m"), [WEST, MIDDLE]),
        street("b", main, ("m", "e"), [MIDDLE, EAST]),
        street("c", "lane", ("m", "n"), [MIDDLE, NORTH]),
    ]
    return build_streets(rows, [], turns=RULES)


def seconds(built: Streets, first: tuple[str, bool], second: tuple[str, bool]) -> int:
    pair = (built.arcs_of[first[0]][first[1]], built.arcs_of[second[0]][second[1]])
    turns = built.network.turn_costs
    found = zip(zip(turns.first.tolist(), turns.second.tolist(), strict=True), turns.duration_s.tolist(), strict=True)
    return dict(found).get(pair, 0)


def test_turns_are_priced_by_the_citys_rules() -> None:
    built = streets()
    eastward = ("a", True)
    assert seconds(built, eastward, ("b", True)) == RULES.straight_s
    assert seconds(built, eastward, ("c", True)) == RULES.across_s
    assert seconds(built, ("b", False), ("c", True)) == RULES.near_s
    assert seconds(built, ("c", True), ("c", False)) == RULES.u_turn_s


def test_no_turning_back_on_a_main_street_but_at_its_end() -> None:
    built = streets()
    back = (built.arcs_of["a"][True], built.arcs_of["a"][False])
    at_the_end = (built.arcs_of["a"][False], built.arcs_of["a"][True])
    assert back in built.network.forbidden_turns
    assert at_the_end not in built.network.forbidden_turns
    assert back not in streets("lane").network.forbidden_turns


def test_a_crew_on_foot_turns_as_it_likes() -> None:
    network = walking(streets().network, 4)
    assert not network.forbidden_turns and len(network.turn_costs) == 0


def test_a_street_drawn_as_one_point_still_makes_a_network() -> None:
    built = build_streets([street("a", "lane", ("w", "m"), [WEST, WEST])], [], turns=RULES)
    assert built.network.arcs == 2
