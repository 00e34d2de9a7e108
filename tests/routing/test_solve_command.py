"""`solve` and `check` on the command line: units, exit codes, progress."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from routing.checker import check
from routing.instances.read import read_instance
from routing.instances.solution import read_solution
from sweepline.solve import Progress, check_command, solve_command
from tests.routing.instance_texts import FILES, HFVRP, PCVRPTW, SOLOMON


def test_solve_and_check_speak_in_the_unit_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    instance, out = tmp_path / "pair.vrp", tmp_path / "out.sol"
    instance.write_text(HFVRP)
    (tmp_path / "bks.csv").write_text("instance,bks,proven_optimal,source\npair,20.00,yes,by hand\n")
    assert solve_command(instance, iterations=100, engine="greedy", out=out, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["lower_bound"], document["best_known"]) == (20.0, 20.0)
    assert document["cost"] in (22.0, 23.0)
    assert document["gap_percent"] == pytest.approx(5 * document["cost"] - 100)
    assert check_command(instance, out) == 0
    assert capsys.readouterr().out == f"pair: feasible, cost {document['cost']:.5f}\n"


def test_leaving_out_what_is_not_worth_its_way_is_done_not_a_failure(tmp_path: Path) -> None:
    instance = tmp_path / "prizes.vrp"
    instance.write_text(PCVRPTW)
    assert solve_command(instance, iterations=100, engine="greedy", out=tmp_path / "x.sol") == 0
    assert check_command(instance, tmp_path / "x.sol") == 0
    instance.write_text(PCVRPTW.replace("PRIZE_SECTION\n1 0\n2 7\n3 5\n", "").replace("PCVRPTW", "VRPTW"))
    assert solve_command(instance, iterations=100, engine="greedy") == 0
    instance.write_text(instance.read_text().replace("2 1\n3 1\n", "2 1\n3 99\n"))
    assert solve_command(instance, iterations=100, engine="greedy") == 1


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "pair.vrp"
    path.write_text(HFVRP)
    instance = read_instance(path)
    plan, _ = read_solution(instance, FILES["hfvrp"][1], "sol")
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        progress = Progress(instance, stream)
        progress.show("ruin", plan, check(instance.problem, plan))
        assert ("ruin" in stream.getvalue() and "22.00000" in stream.getvalue()) is shown
        progress.clear()
        assert stream.getvalue().endswith("\r\x1b[K") is shown


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1.0])
def test_a_budget_that_is_none_is_refused(seconds: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.txt"
    path.write_text(SOLOMON)
    assert solve_command(path, seconds=seconds) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_plan_of_no_routes_is_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing pays its way: the file says what that costs, and the check agrees."""
    instance, out = tmp_path / "prizes.vrp", tmp_path / "x.sol"
    instance.write_text(PCVRPTW.replace("2 7\n3 5\n-1", "2 1\n3 1\n-1").replace("2 7\n3 5\n", "2 1\n3 1\n"))
    assert solve_command(instance, iterations=100, out=out) == 0
    assert out.read_text() == "Cost 20\n"
    capsys.readouterr()
    assert check_command(instance, out) == 0
    assert capsys.readouterr().out == "prizes: feasible, cost 20\n"
    out.write_text("Route #1: 1\n")
    assert check_command(instance, out) == 2


@pytest.mark.parametrize("engine", ["greedy", "insertion", "ruin", "auto"])
def test_what_is_written_costs_what_is_said(engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A node may be served from several sides, which the file does not say: the cheapest way through is told."""
    instance, out = tmp_path / "turns.dat", tmp_path / "x.sol"
    instance.write_text(FILES["mcgrp_tp"][0])
    assert solve_command(instance, iterations=5, engine=engine, out=out, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["cost"] == 18
    assert check_command(instance, out) == 0


@pytest.mark.parametrize(
    "junk", [b"", b"\x00" * 5_000, bytes(range(256)) * 40, b"\xff\xfe{\x00", b"PK\x03\x04" + b"\x91" * 99]
)
@pytest.mark.parametrize("kind", sorted(FILES))
def test_binary_is_no_instance_and_no_solution_in_one_line(
    kind: str, junk: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    instance, odd = tmp_path / "x.txt", tmp_path / "odd"
    text = FILES[kind][0]
    instance.write_text(text)
    odd.write_bytes(text[: len(text) // 2].encode() + junk)
    assert solve_command(odd, iterations=5) == check_command(instance, odd) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.startswith("sweepline: ") and len(line) < 400 for line in lines)
