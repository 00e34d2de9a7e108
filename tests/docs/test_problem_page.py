"""docs/PROBLEM.md names every field of the Problem and every code of the checker, and nothing that is gone."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from routing import checker, checker_walk, network, problem
from routing.validation import faults, validate
from routing.validation import network as network_rules
from routing.validation import work as work_rules

PAGE = Path("docs/PROBLEM.md").read_text(encoding="utf-8")
VALUES: list[Any] = [
    network.Network,
    network.TurnCosts,
    problem.Mode,
    problem.Task,
    problem.Break,
    problem.Fixed,
    problem.Vehicle,
    problem.Profile,
    problem.Facility,
    problem.Repeat,
    problem.Problem,
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_field_is_described(value: Any) -> None:
    assert [item.name for item in fields(value) if f"`{item.name}`" not in PAGE] == []


def test_every_code_is_described_and_no_other() -> None:
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (checker, checker_walk))
    reported = set(re.findall(r'report\(\s*"(\w+)"', source))
    table = PAGE.split("## What the checker refuses")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == reported


def test_every_code_of_a_refused_problem_is_described_and_no_other() -> None:
    modules = (faults, validate, network_rules, work_rules)
    source = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules)
    added = set(re.findall(r'(?:add\(\s*|_arcs\(.*, |code: str = )"(\w+)"', source))
    table = PAGE.split("## What is refused before anything is planned")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == added


def test_every_term_is_described() -> None:
    table = PAGE.split("| Term |")[1].split("Plans are ranked")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(checker.TERMS)
