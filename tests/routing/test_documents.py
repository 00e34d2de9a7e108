"""Problems and plans as files of our own: the command refuses every kind of corrupted plan by its name."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from routing.codec import plan_to_json, problem_to_json
from routing.problem import Problem
from sweepline.solve import check_command, solve_command
from tests.routing.bad_cases import ASIDE, REFUSED
from tests.routing.crew_day import CORRUPTED, PLAN, PROBLEM, RULED


def written(path: Path, document: dict[str, Any]) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture
def day(tmp_path: Path) -> Path:
    return written(tmp_path / "day.json", problem_to_json(PROBLEM))


def test_the_plan_worked_out_by_hand_passes(day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(day, written(tmp_path / "plan.json", plan_to_json(PLAN))) == 0
    assert capsys.readouterr().out == "day: feasible, cost 312\n"


@pytest.mark.parametrize("kind", CORRUPTED)
def test_the_command_refuses_a_corrupted_plan_by_name(
    kind: str, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, plan = CORRUPTED[kind]
    assert check_command(day, written(tmp_path / "plan.json", plan_to_json(plan))) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("day: not feasible")
    assert code in {line.partition(":")[0] for line in told[1:]}


@pytest.mark.parametrize("rule", RULED)
def test_the_command_refuses_the_same_plan_under_a_tighter_rule(
    rule: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, changes = RULED[rule]
    tighter = written(tmp_path / "day.json", problem_to_json(replace(PROBLEM, **changes)))
    assert check_command(tighter, written(tmp_path / "plan.json", plan_to_json(PLAN))) == 1
    assert {line.partition(":")[0] for line in capsys.readouterr().out.splitlines()[1:]} == {code}


def test_a_problem_is_solved_and_its_plan_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = written(tmp_path / "day.json", problem_to_json(replace(PROBLEM, repeats=())))
    plan = tmp_path / "plan.json"
    assert solve_command(day, iterations=200, out=plan, as_json=True) == 0
    solved = json.loads(capsys.readouterr().out)
    assert check_command(day, plan, as_json=True) == 0
    checked = json.loads(capsys.readouterr().out)
    assert (checked["feasible"], checked["cost"]) == (True, solved["cost"])
    assert solved["cost"] <= 312, "no dearer than by hand"


def sayable(problem: Problem) -> bool:
    """Whether a document can hold it at all: arrays of fractions, or of a wrong length, it cannot."""
    arrays = (problem.network.cost, problem.network.tail)
    return all(array.dtype.kind == "i" for array in arrays)


@pytest.mark.parametrize("case", [case for case, (problem, _, _) in REFUSED.items() if sayable(problem)])
def test_the_command_names_every_contradiction(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem, _, text = REFUSED[case]
    path = written(tmp_path / "bad.json", problem_to_json(problem))
    assert solve_command(path, iterations=10) == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    if problem.tasks:
        assert text in told


def test_the_command_plans_around_what_nobody_can_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem, _, _, left = ASIDE["graph in two parts"]
    path = written(tmp_path / "island.json", problem_to_json(problem))
    assert solve_command(path, iterations=10, as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert {row["task"]: row["reason"] for row in told["unserved"]} == left
    line = "2 tasks b, c: no vehicle able to serve it can come there and go on to its end: left unserved"
    assert told["around"] == [line]
    assert solve_command(path, iterations=10) == 1
    assert f"planned around {line}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("text", ["{", '{"network": 3}', '{"network": {}, "format": 99}', '[{"network": 1}]'])
def test_a_damaged_document_is_one_line(
    text: str, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(text, encoding="utf-8")
    assert solve_command(bad, iterations=10) == 2
    assert check_command(day, bad) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "bad.json" in line] == told
    assert len(told) == 2


WRONG = {
    "a number in place of an id": (("tasks", 0, 0), 7, "task"),
    "a list in place of an id": (("vehicles", 0, 0), ["v"], "vehicle"),
    "text in place of a node": (("tasks", 0, 1, 0, 0), "n1", "modes 1 tail is 'n1', where a whole number belongs"),
    "half a node": (("facilities", 0, 1), 1.5, "node is 1.5, where a whole number belongs"),
    "yes in place of a number": (("tasks", 0, 3), True, "service_s is True, where a whole number belongs"),
    "nothing in place of a number": (("fairness_weight",), None, "fairness_weight is None"),
    "a table in place of a profile's name": (("vehicles", 0, 10), {}, "profile is {}, where text belongs"),
    "numbers in place of commodities": (("commodities",), [1], "commodities 1 is 1, where text belongs"),
    "a number in place of yes or no": (("unload_at_end",), 0, "unload_at_end is 0, where true or false belongs"),
    "a list in place of a skill": (("vehicles", 0, 6), [7], "skills 1 is 7, where text belongs"),
    "a hundred million nodes": (("network", "nodes"), 100_000_000, "nodes is 100000000, above"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_of_the_wrong_kind_is_named_in_one_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    way, value, told = WRONG[kind]
    document = json.loads(json.dumps(problem_to_json(PROBLEM)))
    spot = document
    for key in way[:-1]:
        spot = spot[key]
    spot[way[-1]] = value
    path = written(tmp_path / "day.json", document)
    assert solve_command(path, iterations=10) == check_command(path, path) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[0] == lines[1]
    assert told in lines[0]


@pytest.mark.parametrize(
    ("way", "value"),
    [(("routes", 0, 0), 7), (("routes", 0, 2, 0, 1), ["a"]), (("unserved", 0, 1), 5), (("cost",), "12")],
)
def test_a_plan_of_wrong_kinds_is_no_plan(
    way: tuple[Any, ...], value: object, day: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(json.dumps(plan_to_json(PLAN)))
    spot = document
    for key in way[:-1]:
        spot = spot[key]
    spot[way[-1]] = value
    assert check_command(day, written(tmp_path / "plan.json", document)) == 2
    assert "belongs" in capsys.readouterr().err


def test_lists_in_lists_without_end_are_no_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "deep.json"
    path.write_text('{"network": ' + "[" * 100_000)
    assert solve_command(path) == 2
    assert capsys.readouterr().err.count("\n") == 1
