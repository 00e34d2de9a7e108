"""The routing bench: what is run, resumed, summed up; peers' answers read as plans of ours."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from pathlib import Path
from typing import Any

import pytest

from bench.routing import read_rows, sweep
from bench.routing_ortools import solve_with_ortools
from bench.routing_outside import carp_solution, solve_with_vroom
from bench.routing_sets import SETS, SIXTY, files_of, reference
from bench.routing_table import markdown, picture, summary
from routing.checker import check
from routing.errors import NoEngine
from routing.instances.read import read_instance
from routing.instances.solution import read_solution
from tests.routing.instance_texts import CARP_IF_TP, HFVRP, MCGRP_TP, MTVRPTWR, SOLOMON

SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2].parent / "shared"))
shared = pytest.mark.skipif(not (SHARED / "benchmarks").is_dir(), reason=f"benchmark files are not at {SHARED}")


def row(instance: str, engine: str, seed: int, cost: int, **more: Any) -> dict[str, Any]:
    base = {"set": "egl", "seconds": 10.0, "feasible": True, "reference": 100, "cpu_s": 9.9, "note": ""}
    return base | {"instance": instance, "engine": engine, "seed": seed, "cost": cost} | more


def test_means_are_over_instances_and_spread_is_the_range_of_seeds() -> None:
    rows = [row("a", "ours", 1, 101), row("a", "ours", 2, 103), row("b", "ours", 1, 110), row("a", "peer", 1, 100)]
    lines = {line["engine"]: line for line in summary(rows)}
    assert lines["ours"]["mean"] == pytest.approx((2 + 10) / 2)
    assert lines["ours"]["spread"] == pytest.approx((2 + 0) / 2)
    assert (lines["ours"]["worst"], lines["ours"]["worst_at"], lines["ours"]["feasible"]) == (10.0, "b", 3)
    assert [line["engine"] for line in summary(rows)] == ["peer", "ours"]


def test_without_a_reference_the_least_feasible_cost_of_all_runs_counts() -> None:
    rows = [row("a", x, 1, cost, reference=None) for x, cost in (("ours", 50), ("peer", 60))]
    rows.append(row("a", "wrong", 1, 10, reference=None, feasible=False, note="window: late"))
    lines = {line["engine"]: line["mean"] for line in summary(rows)}
    assert lines == {"ours": 0.0, "peer": pytest.approx(20.0), "wrong": None}
    table = markdown(summary(rows))
    assert "| egl | 10 | wrong | – | – | – | – | 0 of 1 (window: late) |" in table
    svg = picture(summary(rows))
    assert svg.startswith("<svg") and svg.count("<rect") == 1 + 2


def test_a_sweep_runs_what_the_file_has_not_and_goes_on_after_a_cut_off_line(tmp_path: Path) -> None:
    folder = tmp_path / "benchmarks" / "hfvrp"
    folder.mkdir(parents=True)
    (folder / "pair.vrp").write_text(HFVRP)
    (folder / "pair.sol").write_text("Route #1: 2\nRoute #2: 1\nCost: 22.00\n")
    out = tmp_path / "runs.jsonl"
    args = Namespace(
        sets=["hfvrp"],
        shared=tmp_path,
        only="",
        long=False,
        seeds="1,2",
        engines="greedy",
        seconds=0.0,
        jobs=1,
        out=out,
    )
    args.vroom = args.hgs_carp = args.hgs_cvrp = None
    args.wall_factor = 1.0
    sweep(args)
    first = read_rows(out)
    assert [(entry["seed"], entry["feasible"], entry["reference"]) for entry in first] == [
        (1, True, 2_200_000),
        (2, True, 2_200_000),
    ]
    out.write_text("\n".join([*(json.dumps(entry) for entry in first[:1]), json.dumps(first[1])[:30]]) + "\n")
    sweep(args)
    assert [entry["seed"] for entry in read_rows(out)] == [1, 2]


def test_hgs_carp_solutions_become_ours(tmp_path: Path) -> None:
    """Its first line is the cost, tasks are numbered nodes first."""
    path = tmp_path / "x.dat"
    path.write_text(MCGRP_TP)
    instance = read_instance(path)
    text = carp_solution("18\n1\n0.1\n0.1\n 0 1 1 1 18 3 (D 0,1,1) (S 1,2,3) (D 0,1,1)\n", instance)
    assert text == "Route #1: n3\nCost 18\n"
    plan, faults = read_solution(instance, text, "hgs")
    assert (check(instance.problem, plan).violations, faults) == ((), ())


@pytest.mark.parametrize(
    ("text", "best"), [(MCGRP_TP, 18), (CARP_IF_TP, 27_500), (SOLOMON, 28_284), (HFVRP, 2_200_000)]
)
@pytest.mark.parametrize("iterated", [False, True])
def test_ortools_alone_finds_tiny_optima(text: str, best: int, iterated: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(text)
    problem = read_instance(path).problem
    plan = solve_with_ortools(problem, iterated, 0.3, 1, 1.0)
    verdict = check(problem, plan)
    assert (verdict.violations, verdict.cost, plan.unserved) == ((), best, ())


def test_peers_say_what_they_do_not_model(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(MTVRPTWR)
    instance = read_instance(path)
    with pytest.raises(NoEngine, match="releases"):
        solve_with_ortools(instance.problem, False, 0.1, 1, 1.0)
    with pytest.raises(NoEngine, match="VROOM"):
        solve_with_vroom(instance, "python", 0.1)
    with pytest.raises(NoEngine, match="pyvroom"):
        solve_with_vroom(instance, None, 0.1)


@shared
def test_the_named_instances_are_there_and_every_set_has_a_dozen_at_most() -> None:
    assert set(SIXTY) == set(SETS)
    for name, wanted in SIXTY.items():
        assert [path.stem for path in files_of(SHARED, name, "", True)] == sorted(wanted)
        assert len(wanted) in (6, 12)


@shared
def test_references_are_optima_best_known_published_or_a_peers() -> None:
    found = {}
    for name, stem in (
        ("gdb", "gdb1"),
        ("X", "X-n979-k58"),
        ("mcgrp-tp", "p09-17"),
        ("carp_if_tp", "P1-IF-TP-4"),
        ("pcarp", "gdb1"),
    ):
        path = next(path for path in files_of(SHARED, name, stem, False) if path.stem == stem)
        found[stem] = reference(path, read_instance(path))
    assert found == {
        "gdb1": (None, ""),
        "X-n979-k58": (118_976, "best known"),
        "p09-17": (22_833, "HGS-CARP 60 s"),
        "P1-IF-TP-4": (44_851_200, "published"),
    }
