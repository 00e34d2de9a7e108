"""How temperatures fall: every step of a budget is made, cycles come with steps, haste starts cool."""

from __future__ import annotations

import itertools

import pytest

from routing.engines.base import Budget, Stopwatch
from routing.engines.ruin.cooling import cool
from routing.engines.ruin.params import RuinParams


class Recorder:
    """A search that only notes what it is asked for; its best falls with every call."""

    def __init__(self, tasks: int, params: RuinParams | None = None) -> None:
        self.params = params or RuinParams()
        self.tasks = tasks
        self.asked: list[tuple[int, float, float]] = []

    def step(self, steps: int, hot: float, cold: float) -> None:
        self.asked.append((steps, hot, cold))

    def best_cost(self) -> int:
        return -len(self.asked)

    def left(self) -> int:
        return 0

    def cost_a_task(self) -> float:
        return 100.0

    def peaks(self) -> int:
        """How often the temperature rises again, the first start included."""
        return 1 + sum(later[1] > 1.01 * earlier[2] for earlier, later in itertools.pairwise(self.asked))


def cooled(search: Recorder, iterations: int) -> list[int]:
    return list(cool(search, Budget(iterations=iterations), Stopwatch(None)))


@pytest.mark.parametrize("iterations", [1, 7, 400, 123_457])
def test_every_step_of_the_budget_is_made(iterations: int) -> None:
    search = Recorder(10)
    assert cooled(search, iterations)[-1] == iterations
    assert sum(steps for steps, _, _ in search.asked) == iterations


def test_each_cycle_falls_from_hot_to_cold() -> None:
    search = Recorder(10)
    cooled(search, 10 * search.params.steps_a_task)
    assert search.asked[0][1] == pytest.approx(100 * search.params.hot)
    assert search.asked[-1][2] == pytest.approx(100 * search.params.cold)
    assert all(cold <= hot for _, hot, cold in search.asked)
    assert search.peaks() == 1


def test_there_are_as_many_cycles_as_steps_for_them() -> None:
    search = Recorder(10)
    assert len(cooled(search, 5 * 10 * search.params.steps_a_task)) == 5
    assert search.peaks() == 5
    many = Recorder(10)
    cooled(many, 1_000 * 10 * many.params.steps_a_task)
    assert many.peaks() == many.params.cycles


def test_a_brief_search_starts_cooler_but_never_cold() -> None:
    hot = {}
    for steps_a_task in (1, 30, 100):
        search = Recorder(1_000)
        cooled(search, 1_000 * steps_a_task)
        hot[steps_a_task] = search.asked[0][1] / 100
    p = RuinParams()
    assert hot[1] == pytest.approx(p.hot * p.brief_least)
    assert hot[30] == pytest.approx(p.hot * 0.3)
    assert hot[100] == pytest.approx(p.hot)


def test_a_budget_of_seconds_ends_and_yields() -> None:
    search = Recorder(10)
    watch = Stopwatch(0.05)
    assert list(cool(search, Budget(seconds=0.05), watch))
    assert watch.left() <= 0
