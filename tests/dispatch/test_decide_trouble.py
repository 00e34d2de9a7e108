"""Degrees of trouble: the worst counts, each keeps its own beginning, and each is left by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dispatch.decide.trouble import ALL_AWAY, BROKER_AWAY, DEGREES, READ_ONLY, SOLVER_AWAY, WELL, Trouble, assess

START = datetime(2023, 12, 18, 3, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_the_way_into_trouble_and_out_again() -> None:
    looks = [(), (BROKER_AWAY,), (BROKER_AWAY, READ_ONLY), (READ_ONLY,), (READ_ONLY, ALL_AWAY), ()]
    seen = []
    condition = None
    for minute, found in enumerate(looks):
        condition = assess(condition, frozenset(found), at(minute))
        seen.append((condition.degree, condition.since, condition.troubles))
    assert seen == [
        (WELL, at(0), ()),
        (BROKER_AWAY, at(1), (Trouble(BROKER_AWAY, at(1)),)),
        (READ_ONLY, at(2), (Trouble(BROKER_AWAY, at(1)), Trouble(READ_ONLY, at(2)))),
        (READ_ONLY, at(2), (Trouble(READ_ONLY, at(2)),)),
        (ALL_AWAY, at(4), (Trouble(READ_ONLY, at(2)), Trouble(ALL_AWAY, at(4)))),
        (WELL, at(5), ()),
    ]


def test_a_trouble_that_comes_back_begins_anew() -> None:
    first = assess(None, frozenset({SOLVER_AWAY}), at(0))
    again = assess(assess(first, frozenset(), at(1)), frozenset({SOLVER_AWAY}), at(2))
    assert again.troubles == (Trouble(SOLVER_AWAY, at(2)),)
    assert again.has(SOLVER_AWAY)
    assert not again.has(BROKER_AWAY)


def test_the_last_look_is_told_also_when_nothing_changed() -> None:
    first = assess(None, frozenset(), at(0))
    later = assess(first, frozenset(), at(7))
    assert (later.since, later.checked_at) == (at(0), at(7))
    assert DEGREES.index(later.degree) == 0
