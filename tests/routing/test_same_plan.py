"""The same seed and iterations give the same plan byte for byte: in another process, under another order of hashes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

RUNS = [
    ("greedy", "streets"),
    ("ruin", "streets"),
    ("ortools", "streets"),
    ("auto", "streets"),
    ("greedy", "points"),
    ("ruin", "points"),
    ("pyvrp", "points"),
    ("auto", "points"),
    ("pyvrp", "windows"),
    ("auto", "windows"),
]


def document(engine: str, case: str, hash_seed: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.routing.one_plan", engine, case],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout


@pytest.mark.parametrize(("engine", "case"), RUNS)
def test_processes_agree_whatever_the_order_of_hashes(engine: str, case: str) -> None:
    first = document(engine, case, "1")
    assert '"kind": "task"' in first or '"task"' in first
    assert document(engine, case, "4242") == first
