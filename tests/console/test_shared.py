"""One reading for many pages."""

from __future__ import annotations

import threading

import pytest

from console.shared import AGE_S, Shared


def test_those_who_ask_at_once_get_one_reading() -> None:
    reads, gate = [], threading.Event()

    def read() -> bytes:
        reads.append(1)
        assert gate.wait(10)
        return b"a"

    shared, got = Shared(clock=lambda: 7.0), []
    threads = [threading.Thread(target=lambda: got.append(shared.answer("v", read))) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join(10)
    assert got == [b"a"] * 8
    assert len(reads) == 1


def test_it_is_read_anew_when_old_and_of_another_name() -> None:
    now, shared = [0.0], Shared(clock=lambda: now[0])
    assert shared.answer("v", lambda: b"1") == b"1"
    now[0] = AGE_S * 0.9
    assert shared.answer("v", lambda: b"2") == b"1"
    assert shared.answer("w", lambda: b"3") == b"3"
    now[0] = AGE_S
    assert shared.answer("v", lambda: b"4") == b"4"


def test_a_reading_that_fails_is_kept_by_nobody() -> None:
    shared = Shared(clock=lambda: 0.0)
    with pytest.raises(ZeroDivisionError):
        shared.answer("v", lambda: b"%d" % (1 // 0))
    assert shared.answer("v", lambda: b"1") == b"1"
