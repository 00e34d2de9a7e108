"""Paths and tables of the problem being solved, made once and shared by the engines of one portfolio run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from routing.engines.assemble import finder_for
from routing.engines.matrix import Matrix, matrix_for
from routing.paths.search import PathFinder
from routing.problem import Problem


@dataclass(slots=True)
class _Bench:
    """What has been made so far, for the problem it was made for."""

    problem: Problem | None = None
    finder: PathFinder | None = None
    matrix: Matrix | None = None


_OPEN: ContextVar[_Bench | None] = ContextVar("routing_workbench", default=None)


@contextmanager
def shared_workbench() -> Iterator[None]:
    """While open, `workbench` makes the tables of a problem once in this context; closing forgets them."""
    token = _OPEN.set(_Bench())
    try:
        yield
    finally:
        _OPEN.reset(token)


def workbench(problem: Problem) -> tuple[PathFinder, Matrix]:
    """Paths and tables for this very problem."""
    bench = _OPEN.get()
    if (
        bench is not None
        and _same_places(bench.problem, problem)
        and bench.finder is not None
        and bench.matrix is not None
    ):
        return bench.finder, bench.matrix
    finder = finder_for(problem)
    matrix = matrix_for(problem, finder)
    lay_out(problem, finder, matrix)
    return finder, matrix


def lay_out(problem: Problem, finder: PathFinder, matrix: Matrix) -> None:
    """Put tables made beforehand on the open workbench."""
    bench = _OPEN.get()
    if bench is not None:
        bench.problem, bench.finder, bench.matrix = problem, finder, matrix


def _same_places(known: Problem | None, problem: Problem) -> bool:
    """Whether one problem's tables are the other's: the same work, and vehicles and facilities placed alike."""
    if known is None or known.network is not problem.network or known.tasks is not problem.tasks:
        return False
    if known.profiles is not problem.profiles or len(known.vehicles) != len(problem.vehicles):
        return False
    fleets = zip(known.vehicles, problem.vehicles, strict=True)
    if any((a.start, a.end, a.profile) != (b.start, b.end, b.profile) for a, b in fleets):
        return False
    return [place.node for place in known.facilities] == [place.node for place in problem.facilities]
