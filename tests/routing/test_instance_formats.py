"""Every format: its conventions by hand and by published solutions, its faults in one line."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path

import pytest

from routing.checker import check
from routing.errors import BadInstance
from routing.instances.instance import Instance
from routing.instances.pcarp import patterns
from routing.instances.read import read_instance
from routing.instances.solution import read_solution, with_faults, write_solution
from routing.plan import Verdict
from tests.routing.instance_texts import CARP_IF_TP, FILES, HFVRP, MCGRP_TP, MTVRPTWR, PCARP, PCVRPTW, SOLOMON

SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2].parent / "shared")) / "benchmarks"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"benchmark files are not at {SHARED}")


def read(folder: Path, text: str) -> Instance:
    path = folder / "file.txt"
    path.write_text(text, encoding="utf-8")
    return read_instance(path)


def verdict_on(instance: Instance, sol: str) -> Verdict:
    plan, faults = read_solution(instance, sol, "sol")
    return with_faults(check(instance.problem, plan), faults)


def codes(verdict: Verdict) -> set[str]:
    return {violation.code for violation in verdict.violations}


@pytest.mark.parametrize("kind", FILES)
def test_a_tiny_file_is_read_and_its_solution_costs_what_the_hand_says(kind: str, tmp_path: Path) -> None:
    text, sol, cost = FILES[kind]
    instance = read(tmp_path, text)
    assert instance.kind == kind
    verdict = verdict_on(instance, sol)
    assert (verdict.violations, instance.cost_text(verdict.cost)) == ((), cost)
    plan, _ = read_solution(instance, sol, "sol")
    again = write_solution(instance, plan)
    assert again.splitlines()[-1] == f"Cost {cost}"
    assert (verdict_on(instance, again).violations, verdict_on(instance, again).cost) == ((), verdict.cost)


@pytest.mark.parametrize(
    ("text", "sol", "code"),
    [
        (MCGRP_TP, "Route #1: n3\nCost 22\n", "mispriced"),
        (
            MCGRP_TP.replace("QTY\tIS", "Q\tIS").replace("3\t1\t1\t1\t1", "3\t6\t1\t1\t1"),
            FILES["mcgrp_tp"][1],
            "overloaded",
        ),
        (CARP_IF_TP, "Route #1: (1,2)\nCost 17.5\n", "end"),
        (CARP_IF_TP.replace("DURATION\t30", "DURATION\t27"), FILES["carp_if_tp"][1], "shift"),
        (CARP_IF_TP.replace("\t2.5\n", "\t1.4\n"), FILES["carp_if_tp"][1], "overloaded"),
        (PCARP, "Day 1\nRoute #1: (1,2) (1,3)\nDay 2\nRoute #1: (1,2)\nCost 20\n", "repeat"),
        (PCARP, "Day 1\nRoute #1: (1,2) (1,2) (1,3)\nCost 20\n", "repeat"),
        (PCARP, "Day 6\nRoute #1: (1,2) (1,3)\nDay 1\nRoute #1: (1,2)\nCost 20\n", "unknown"),
        (HFVRP, "Route #1: 1 2\nRoute #2:\nCost: 12.00\n", "overloaded"),
        (HFVRP, "Route #1: 2\nRoute #2: 1\nCost: 22.01\n", "mispriced"),
        (HFVRP, "Route #1: 2\nRoute #3: 1\nCost: 22.00\n", "unknown"),
        (MTVRPTWR, "Route #1: 1 2\nCost: 120\n", "overloaded"),
        (MTVRPTWR.replace("3 0 13", "3 0 12"), FILES["mtvrptwr"][1], "window"),
        (MTVRPTWR, "Route #1: 1\nRoute #2: 2\nCost: 140\n", "unknown"),
        (PCVRPTW, "Route #1: 1\nCost: 60\n", "mispriced"),
        (SOLOMON, "Route #1: 1\nCost 2.81\n", "mispriced"),
        (SOLOMON.replace("   3          6 ", "   0          1 "), "Route #1: 1\nCost 2.83\n", "window"),
    ],
)
def test_a_broken_convention_is_named(text: str, sol: str, code: str, tmp_path: Path) -> None:
    assert code in codes(verdict_on(read(tmp_path, text), sol))


def test_costs_of_fleet_files_are_read_with_and_without_their_point(tmp_path: Path) -> None:
    instance = read(tmp_path, HFVRP)
    for stated in ("22", "22.0", "2200000"):
        found = verdict_on(instance, f"Route #1: 2\nRoute #2: 1\nCost: {stated}\n")
        assert (found.feasible, found.cost) == (stated != "22", 2_200_000)


def test_as_many_vehicles_of_a_kind_as_customers_are_as_many_as_wanted(tmp_path: Path) -> None:
    text = HFVRP.replace("VEHICLES: 2", "VEHICLES: 4")
    for name, first, second in (("CAPACITY", 1, 2), ("UNIT_DISTANCE_COST", 100, 150), ("FIXED_COST", 0, 500)):
        text = text.replace(
            f"{name}_SECTION\n1\t{first}\n2\t{second}\n",
            f"{name}_SECTION\n1\t{first}\n2\t{first}\n3\t{second}\n4\t{second}\n",
        )
    instance = read(tmp_path, text)
    assert instance.problem.unlimited_fleet
    assert [vehicle.id for vehicle in instance.problem.vehicles] == ["k1", "k2"]
    plan, faults = read_solution(instance, "Route #1: 1\nRoute #2: 2\nRoute #4:\nCost: 14.00\n", "sol")
    assert (check(instance.problem, plan).violations, faults) == ((), ())
    assert [route.vehicle for route in plan.routes] == ["k1#1", "k1#2"]
    assert write_solution(instance, plan).startswith("Route #1: 1\nRoute #2: 2\n")


def test_nobody_saves_by_driving_across_the_depot(tmp_path: Path) -> None:
    """1 1 to 0 -1 is 2.236 straight, cut to 22; over the depot 14 + 10 tenths, were that a way: 2 more, not less. From
    5 1 to -5 -1 both are 101 and 50 + 50: the chain must still cost 101."""
    text = (
        MTVRPTWR.replace("2 3 0\n3 0 4", "2 5 1\n3 -5 -1")
        .replace("CAPACITY: 1\n", "CAPACITY: 2\n")
        .replace("3 9", "3 0")
    )
    text = text.replace("1 0 19", "1 0 90").replace("2 0 5", "2 0 50").replace("3 0 13", "3 0 50")
    instance = read(tmp_path, text)
    verdict = verdict_on(instance, "Route #1: 1 2\nCost: 201\n")
    assert (verdict.violations, verdict.cost) == ((), 50 + 101 + 50)
    assert verdict_on(instance, "Route #1: 0 1 0 2 0\nCost: 200\n").violations == ()


def test_a_turn_that_is_not_listed_is_forbidden_and_free_at_the_depot(tmp_path: Path) -> None:
    unlisted = MCGRP_TP.replace("2\t3\t1\t2\tL\n", "").replace("#Nb-Turns:\t\t8", "#Nb-Turns:\t\t7")
    infinite = MCGRP_TP.replace("2\t3\t1\t2\tL", "2\t3\t1\tinf\tL")
    for text in (unlisted, infinite):
        verdict = verdict_on(read(tmp_path, text), "Route #1: n3\nCost 22\n")
        assert (verdict.violations, verdict.cost) == ((), 22)


def test_patterns_are_those_of_the_paper() -> None:
    """As bit sets of Monday to Friday: 20, 18, 17, 10, 9, 5 for two services; 26, 25, 22, 21, 19, 13, 11 for three."""
    bits = {n: sorted(sum(1 << (5 - day) for day in days) for days in patterns(n)) for n in range(1, 6)}
    assert bits == {
        1: [1, 2, 4, 8, 16],
        2: [5, 9, 10, 17, 18, 20],
        3: [11, 13, 19, 21, 22, 25, 26],
        4: [15, 23, 27, 29, 30],
        5: [31],
    }


BROKEN = [
    MCGRP_TP[: MCGRP_TP.index("1\t3\t2\t7")],
    MCGRP_TP.replace("2\t3\t1\t2\tL", "2\t9\t1\t2\tL"),
    MCGRP_TP.replace("Capacity:\t\t5", "Capacity:\t\t0"),
    MCGRP_TP.replace("1\t2\t0\t0\t4", "1\t2\t0\t0\t-4"),
    MCGRP_TP.replace("1\t2\t0\t0\t4", "1\t2\t0\t0\t1000000000"),
    MCGRP_TP.replace("Depot:\t\t\t1", "Depot:\t\t\t4"),
    MCGRP_TP.replace("#Required-N:\t1", "#Required-N:\t2"),
    CARP_IF_TP[: CARP_IF_TP.index("3\t1\t0\t5")],
    CARP_IF_TP.replace("CAPACITY\t10\t2.5", "CAPACITY\t10"),
    CARP_IF_TP.replace("MAX_DURATION\t30", "MAX_DURATION\t-30"),
    CARP_IF_TP.replace("0 0,1 0", "0 0"),
    CARP_IF_TP.replace("0 0,1 0", "0 zero,1 0"),
    CARP_IF_TP.replace("\t10.5\t", "\tnan\t"),
    CARP_IF_TP.replace("\t10.5\t", "\t1e12\t"),
    CARP_IF_TP.replace("DEPOT\t1\n", ""),
    PCARP[: PCARP.index(" arc=5")],
    PCARP.replace("inv=3", "inv=4"),
    PCARP.replace("From=1, to=2", "From=1, to=7"),
    PCARP.replace("freq= 2", "freq= 6"),
    PCARP.replace("Qty=1", "Qty=-1"),
    PCARP.replace("capacity=15", "capacity=-15"),
    PCARP.replace(" arc=3,", " arc=2,"),
    HFVRP.replace("2\t150\n", ""),
    HFVRP.replace("2\t150\n", "2\t-150\n"),
    HFVRP.replace("2\t2\n", "2\t0\n"),
    HFVRP.replace("2\t2\n", "1\t2\n"),
    HFVRP.replace("2 3 0", "2 3e99 0"),
    HFVRP.replace("2 3 0", "2 nan 0"),
    HFVRP.replace("DEPOT_SECTION\n1\n", "DEPOT_SECTION\n2\n"),
    HFVRP.replace("VEHICLES: 2", "VEHICLES: 1000000000"),
    MTVRPTWR.replace("2 0 5", "2 5 0"),
    MTVRPTWR.replace("2 0 5", "2 0 -5"),
    MTVRPTWR.replace("RELEASE_TIME_SECTION\n1 0\n2 0\n3 9\n", ""),
    MTVRPTWR.replace("SECTION\n1 1\n", "SECTION\n1 2\n"),
    PCVRPTW.replace("2 7\n", "2 -7\n"),
    PCVRPTW.replace("3 5\n", ""),
    PCVRPTW.replace("CAPACITY : 9", "CAPACITY : 0"),
    SOLOMON.replace("3          6 ", "6          3 "),
    SOLOMON.replace("    1      1 ", "    2      1 "),
    SOLOMON.replace("  1         9", "  0         9"),
    SOLOMON[: SOLOMON.index("CUST NO.")],
    SOLOMON[: SOLOMON.index("    1      1 ")],
    SOLOMON.replace("          2\n", "\n"),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_a_broken_file_is_refused_in_one_line_that_names_it(number: int, tmp_path: Path) -> None:
    assert BROKEN[number] not in [text for text, *_ in FILES.values()]
    with pytest.raises(BadInstance) as caught:
        read(tmp_path, BROKEN[number])
    message = str(caught.value)
    assert "file.txt" in message
    assert "\n" not in message
    assert len(message) < 400


@shared
@pytest.mark.parametrize(
    "name",
    [
        *("X/X-n101-k25", "X/X-n502-k39", "hfvrp/X134-FSMD", "hfvrp/X176-FSMFD", "hfvrp/X351-HVRP", "hfvrp/X783-HD"),
        *("mtvrptwr/C201R0.25", "mtvrptwr/R2_2_08R0.75", "mtvrptwr/RC2_2_04R0.25", "pcvrptw/C2_10_1"),
    ],
)
def test_a_best_known_solution_is_feasible_at_its_stated_cost(name: str) -> None:
    path = SHARED / f"{name}.vrp"
    instance = read_instance(path)
    text = path.with_suffix(".sol").read_text()
    verdict = verdict_on(instance, text)
    assert verdict.violations == ()
    assert instance.best_known is not None
    assert abs(verdict.cost - instance.best_known) <= 10 ** max(0, instance.decimals - 2)
    plan, _ = read_solution(instance, text, "sol")
    again = verdict_on(instance, write_solution(instance, plan))
    assert (again.violations, again.cost) == ((), verdict.cost)


@shared
def test_a_published_week_is_feasible_at_its_cost() -> None:
    """gdb10 of the periodic set at 675, as HGS-CARP (Vidal 2017) gives it among its examples."""
    week = """Day 1
    Route #1: (2,4) (4,3) (3,9) (9,10) (10,12) (8,1)
    Route #2: (1,11) (11,12) (11,6) (6,5) (5,7) (7,2) (2,1)
    Day 2
    Route #1: (1,5) (5,2) (2,7) (7,4) (4,3) (3,9)
    Route #2: (1,8) (8,9) (9,10) (10,12) (12,11) (11,1)
    Day 3
    Route #1: (1,9) (9,10) (10,1)
    Route #2: (1,8) (8,3) (3,2) (2,7) (7,5) (5,2) (2,1)
    Day 4
    Route #1: (1,11) (11,6) (6,4) (4,7) (7,2) (2,1)
    Route #2: (1,8) (8,9) (9,10) (10,12) (12,11) (11,4) (4,1)
    Day 5
    Route #1: (1,5) (5,7) (7,2) (2,4) (4,3) (3,9) (9,10) (10,1)
    Route #2: (1,8) (8,9) (3,8) (8,12) (12,11) (11,6) (6,5) (5,2) (2,1)
    Cost 675
    """
    verdict = verdict_on(read_instance(SHARED / "pcarp" / "gdb10.txt"), week)
    assert (verdict.violations, verdict.cost) == ((), 675)


@shared
def test_every_shared_file_is_read() -> None:
    kinds: dict[str, set[str]] = {}
    for folder in sorted(path for path in SHARED.iterdir() if path.is_dir()):
        for path in sorted(folder.iterdir()):
            if path.suffix not in (".sol", ".csv", ".md"):
                kinds.setdefault(folder.name, set()).add(read_instance(path).kind)
    assert kinds == {
        "X": {"cvrp"},
        "carp_if_tp": {"carp_if_tp"},
        "egl": {"carplib"},
        "gdb": {"carplib"},
        "gh200": {"solomon"},
        "hfvrp": {"hfvrp"},
        "mcgrp": {"mcgrp"},
        "mcgrp-tp": {"mcgrp_tp"},
        "mtvrptwr": {"mtvrptwr"},
        "pcarp": {"pcarp"},
        "pcvrptw": {"pcvrptw"},
        "solomon": {"solomon"},
        "val": {"carplib"},
    }


@shared
def test_what_is_known_of_solomon_is_the_least_distance() -> None:
    instance = read_instance(SHARED / "solomon" / "RC202.txt")
    assert instance.best_known is not None
    assert instance.cost_text(instance.best_known) == "1095.6400"


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_read_or_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    """Numbers replaced, lines lost or doubled, ends cut off, bytes flipped: 150 of each from one seed."""
    rng = random.Random(kind)
    for _ in range(150):
        text = damaged(FILES[kind][0], rng)
        try:
            read(tmp_path, text)
        except BadInstance as error:
            assert "\n" not in str(error)


def damaged(text: str, rng: random.Random) -> str:
    figures = ["-1", "0", "1e9", "9" * 30, "nan", "", "x", "3.5", "\x00", "2"]
    lines = text.split("\n")
    at = rng.randrange(len(text))
    found = rng.choice(list(re.finditer(r"\d+", text)))
    return rng.choice(
        [
            text[: found.start()] + rng.choice(figures) + text[found.end() :],
            "\n".join(line for k, line in enumerate(lines) if k != at % len(lines)),
            "\n".join([*lines[: at % len(lines)], *lines[max(0, at % len(lines) - 1) :]]),
            text[:at],
            text[:at] + chr(rng.randrange(128)) + text[at + 1 :],
        ]
    )
