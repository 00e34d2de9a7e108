"""Benchmark files and solution files: read by content, conventions held, errors in one line; `solve` and `check`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from routing.checker import check
from routing.engines.base import Budget
from routing.engines.registry import solve
from routing.errors import BadInstance, BadSolution
from routing.instances.read import read_instance
from routing.instances.solution import read_solution, with_faults, write_solution
from sweepline.solve import check_command, solve_command

SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2].parent / "shared")) / "benchmarks"
shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"benchmark files are not at {SHARED}")

# A triangle with a tail: depot 1, streets 1-2 (5), 2-3 (5), 1-3 (5) required, 3-4 (9) not. Two units fit a truck.
# By hand: one truck serves two streets and drives home over the third (15), the other serves the third and returns
# (10, there and back) - or all three would need three units. Optimum 15 + 10.
CARP = """ NOMBRE : triangle
 COMENTARIO : by hand
 VERTICES : 4
 ARISTAS_REQ : 3
 ARISTAS_NOREQ : 1
 VEHICULOS : 2
 CAPACIDAD : 2
 TIPO_COSTES_ARISTAS : EXPLICITOS
 COSTE_TOTAL_REQ : 15
 LISTA_ARISTAS_REQ :
 ( 1, 2)   coste 5   demanda 1
 ( 2, 3)   coste 5   demanda 1
 ( 1, 3)   coste 5   demanda 1
 LISTA_ARISTAS_NOREQ :
 ( 3, 4)   coste 9
 DEPOSITO :   1
"""
CARP_SOL = "Route #1: (1,2) (2,3)\nRoute #2: (1,3)\nCost 25\n"

# Depot 1, node 2 and arc 2>3 and edge 3-1 required; the only way is the ring 1>2>3>1 of 4 + 6 + 3.
MCGRP = """Name:\t\tring
Optimal value:\t13
#Vehicles:\t-1
Capacity:\t9
Depot Node:\t1
#Nodes:\t\t3
#Edges:\t\t1
#Arcs:\t\t2
#Required N:\t1
#Required E:\t1
#Required A:\t1

ReN.\tDEMAND\tS. COST
N2\t3\t3

ReE.\tFROM N.\tTO N.\tT. COST\tDEMAND\tS. COST
E1\t1\t3\t3\t3\t9

ReA.\tFROM N.\tTO N.\tT. COST\tDEMAND\tS. COST
A1\t2\t3\t6\t3\t9

ARC\tFROM N.\tTO N.\tT. COST
NrA1\t1\t2\t4
"""
MCGRP_SOL = "Route #1: n2 (2,3) (3,1)\nCost 13\n"

# Three customers on a line at 3, 4 and 10 from the depot; two fit. {4, 10} and {3}: 20 + 6 = 26 by hand.
CVRP = """NAME : line
TYPE : CVRP
DIMENSION : 4
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 2
NODE_COORD_SECTION
1 0 0
2 3 0
3 4 0
4 10 0
DEMAND_SECTION
1 0
2 1
3 1
4 1
DEPOT_SECTION
1
-1
EOF
"""
CVRP_SOL = "Route #1: 2 3\nRoute #2: 1\nCost 26\n"

KINDS = {"carplib": (CARP, CARP_SOL, 25), "mcgrp": (MCGRP, MCGRP_SOL, 13), "cvrp": (CVRP, CVRP_SOL, 26)}


def store(folder: Path, text: str, name: str = "file.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_a_tiny_file_is_read_solved_and_its_hand_made_solution_accepted(kind: str, tmp_path: Path) -> None:
    text, sol, optimum = KINDS[kind]
    instance = read_instance(store(tmp_path, text))
    assert instance.kind == kind
    plan, faults = read_solution(instance, sol, "sol")
    verdict = with_faults(check(instance.problem, plan), faults)
    assert (verdict.violations, verdict.cost) == ((), optimum)
    best, _ = solve(instance.problem, "auto", Budget(iterations=400), 1)
    assert best.cost == optimum
    again, faults = read_solution(instance, write_solution(instance, best), "sol")
    assert (check(instance.problem, again).violations, faults, again.cost) == ((), (), optimum)


def test_rounded_distances_are_driven_straight(tmp_path: Path) -> None:
    """0 to 2 is 3 straight and 1 + 1 over customer 1 (rounded from 1.4 each): the route must pay 3 each way."""
    text = CVRP.replace("2 3 0\n3 4 0\n4 10 0", "2 1 1\n3 2.6 0\n4 50 0")
    instance = read_instance(store(tmp_path, text))
    plan, _ = read_solution(instance, "Route #1: 2\nRoute #2: 1\nRoute #3: 3\nCost 1\n", "sol")
    assert [route.cost for route in plan.routes] == [6, 2, 100]


@pytest.mark.parametrize(
    ("sol", "code"),
    [
        ("Route #1: (1,2) (2,3)\nCost 15\n", "dropped"),
        ("Route #1: (1,2) (2,3)\nRoute #2: (1,3) (1,2)\nCost 35\n", "doubled"),
        ("Route #1: (1,2) (2,3)\nRoute #2: (1,3) (3,4)\nCost 43\n", "unknown"),
        ("Route #1: (1,2) (2,3) (3,1)\nCost 15\n", "overloaded"),
        ("Route #1: (1,2) (2,3)\nRoute #2: (1,3)\nCost 24\n", "mispriced"),
    ],
)
def test_check_refuses_by_name(sol: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance, solution = store(tmp_path, CARP), store(tmp_path, sol, "x.sol")
    assert check_command(instance, solution) == 1
    assert any(line.startswith(f"{code}: ") for line in capsys.readouterr().out.splitlines())
    assert check_command(instance, solution, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["feasible"] is False
    assert code in {violation["code"] for violation in document["violations"]}


def test_check_accepts_and_prints_the_cost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(store(tmp_path, CARP), store(tmp_path, CARP_SOL, "x.sol")) == 0
    assert capsys.readouterr().out == "triangle: feasible, cost 25\n"


def test_solve_writes_a_solution_check_agrees_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance, out = store(tmp_path, MCGRP), tmp_path / "out.sol"
    assert solve_command(instance, iterations=300, seed=1, out=out, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["cost"], document["lower_bound"], document["gap_percent"]) == (13, 13, 0.0)
    assert (document["kind"], document["feasible"], document["unserved"]) == ("mcgrp", True, [])
    assert check_command(instance, out) == 0
    assert solve_command(instance, iterations=300, engine="greedy") == 0
    words = capsys.readouterr().out
    for key in ("cost", "lower bound 13", "engine greedy", "seconds", "iterations"):
        assert key in words


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing we know\n",
        "\x00\x01\x02",
        CARP[: CARP.index("( 1, 3)")],
        CARP[: CARP.index(" DEPOSITO")],
        CARP.replace("coste 5   demanda 1", "coste x", 1),
        CARP.replace("( 1, 2)", "( 1, 7)"),
        MCGRP[: MCGRP.index("ARC\t")],
        MCGRP.replace("E1\t1\t3\t3\t3\t9", "E1\t1\t3"),
        MCGRP.replace("Capacity:\t9\n", ""),
        CVRP[: CVRP.index("DEPOT_SECTION")],
        CVRP[: CVRP.index("4 10 0")],
        CVRP.replace("TYPE : CVRP", "TYPE : VRPTW"),
        CVRP.replace("DEPOT_SECTION", "TIME_WINDOW_SECTION\n1 0 9\nDEPOT_SECTION"),
        CVRP.replace("EUC_2D", "GEO"),
    ],
)
def test_no_instance_or_a_truncated_one_is_one_line_and_exit_2(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store(tmp_path, text)
    assert solve_command(path, iterations=1) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert str(path) in printed.err
    with pytest.raises(BadInstance) as caught:
        read_instance(path)
    assert str(path) in caught.value.where


def test_what_cannot_be_opened_written_or_meant_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = store(tmp_path, CARP)
    assert solve_command(tmp_path / "absent.dat") == 2
    assert solve_command(path, iterations=1, engine="magic") == 2
    assert solve_command(path, seconds=-1.0) == 2
    assert solve_command(path, iterations=1, out=tmp_path / "no" / "x.sol") == 2
    assert check_command(path, tmp_path / "absent.sol") == 2
    assert len(capsys.readouterr().err.splitlines()) == 5


@pytest.mark.parametrize("text", ["", "Route #1: (1,2)\n", "junk\n"])
def test_a_solution_without_cost_is_refused(text: str, tmp_path: Path) -> None:
    instance = read_instance(store(tmp_path, CARP))
    with pytest.raises(BadSolution):
        read_solution(instance, text, "x.sol")


def test_a_vehicle_type_in_the_route_line_is_read_over(tmp_path: Path) -> None:
    instance = read_instance(store(tmp_path, CARP))
    plan, faults = read_solution(instance, "Route #1 A: ( 1, 2) (2 ,3)\nRoute #2 B: (1,3)\nCost 25\n", "x.sol")
    assert (check(instance.problem, plan).violations, faults) == ((), ())


def test_what_lies_beside_tells_the_best_known(tmp_path: Path) -> None:
    path = store(tmp_path, CARP, "tri.dat")
    assert read_instance(path).best_known is None
    store(tmp_path, CARP_SOL, "tri.sol")
    assert (read_instance(path).best_known, read_instance(path).proven) == (25, False)
    store(tmp_path, "instance,bks,proven_optimal,source\ntri,24,yes,x\n", "bks.csv")
    assert (read_instance(path).best_known, read_instance(path).proven) == (24, True)


@shared
def test_a_published_solution_costs_what_is_published() -> None:
    """Confirms the CVRP convention: rounded distances, straight ways."""
    for name in ("X-n101-k25", "X-n200-k36", "X-n223-k34"):
        path = SHARED / "X" / f"{name}.vrp"
        if not path.is_file():
            continue
        instance = read_instance(path)
        plan, faults = read_solution(instance, path.with_suffix(".sol").read_text(), "sol")
        assert (check(instance.problem, plan).violations, faults) == ((), ())
        assert plan.cost == instance.best_known


@shared
@pytest.mark.parametrize("name", ["gdb/gdb1", "gdb/gdb19", "val/val1A", "mcgrp/mggdb_0.25_11", "egl/egl-e1-A"])
def test_no_plan_beats_a_proven_optimum_and_few_steps_come_near(name: str) -> None:
    instance = read_instance(SHARED / f"{name}.dat")
    plan, _ = solve(instance.problem, "ruin", Budget(iterations=4_000), 1)
    assert check(instance.problem, plan).violations == ()
    if instance.best_known is not None:
        assert instance.best_known <= plan.cost <= instance.best_known * 1.03
