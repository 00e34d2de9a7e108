"""The same message a few times a minute, with the number of those held back; others are not touched by it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sweepline.logs import MESSAGES, PER_MINUTE, WINDOW_S, LineLimit


@dataclass
class Seconds:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_held_back_lines_are_told_with_the_next() -> None:
    clock = Seconds()
    limit = LineLimit(2, clock)
    assert [limit.held_back("a") for _ in range(5)] == [0, 0, None, None, None]
    assert limit.held_back("b") == 0
    clock.now = WINDOW_S
    assert [limit.held_back("a") for _ in range(2)] == [3, 0]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40)), max_size=200))
def test_every_line_is_written_or_counted_and_no_minute_has_too_many(lines: list[tuple[str, float]]) -> None:
    clock = Seconds()
    limit = LineLimit(3, clock)
    written: dict[str, list[float]] = {}
    told: dict[str, int] = {}
    held: dict[str, int] = {}
    for message, pause in lines:
        clock.now += pause
        answer = limit.held_back(message)
        if answer is None:
            held[message] = held.get(message, 0) + 1
        else:
            written.setdefault(message, []).append(clock.now)
            told[message] = told.get(message, 0) + answer
    for times in written.values():
        for first in times:
            assert sum(first <= at < first + WINDOW_S for at in times) <= 2 * 3
    for message, count in held.items():
        assert told.get(message, 0) <= count
        clock.now += WINDOW_S
        rest = limit.held_back(message)
        assert rest is not None and told.get(message, 0) + rest == count


def test_messages_remembered_are_bounded() -> None:
    limit = LineLimit(1, Seconds())
    for n in range(MESSAGES + 1):
        limit.held_back(str(n))
    assert limit.held_back("0") == 0, "forgotten"
    assert limit.held_back(str(MESSAGES)) is None


def test_a_process_in_an_outage_writes_few_lines() -> None:
    code = """
import logging, structlog
from sweepline.logs import set_up_logging
log = structlog.get_logger("x")  # as modules do: before logging is set up
set_up_logging("warning")
for n in range(500):
    log.warning("waiting", error=n)
    logging.getLogger("kafka").warning("node %s is away", n)
    log.info("not asked for")
log.warning("another")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert sum("waiting" in line for line in lines) == PER_MINUTE
    assert sum("is away" in line for line in lines) == PER_MINUTE
    assert "another" in lines[-1] and len(lines) == 2 * PER_MINUTE + 1
