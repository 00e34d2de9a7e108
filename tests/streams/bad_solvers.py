"""Solvers that die, hang, starve or refuse: what a child process may run in the place of the real one."""

from __future__ import annotations

import os
import time

from routing.errors import BadProblem
from routing.validation.faults import Fault
from streams.solving import SolveResult, SolveTask, solve_child


def dies(task: SolveTask) -> SolveResult:
    os._exit(9)


def hangs(task: SolveTask) -> SolveResult:
    time.sleep(600)
    return solve_child(task)


def starves(task: SolveTask) -> SolveResult:
    bytearray(1 << 40)
    return solve_child(task)


def refuses(task: SolveTask) -> SolveResult:
    raise BadProblem("task x: demand is -1: give 0 or more", (Fault("number", "task x", "demand is -1"),))


def stumbles(task: SolveTask) -> SolveResult:
    raise ZeroDivisionError("by nothing")


def dies_on_the_third_seed(task: SolveTask) -> SolveResult:
    if task.seed == 3:
        os._exit(9)
    return solve_child(task)
