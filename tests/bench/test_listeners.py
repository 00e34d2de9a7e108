"""The bench of many pages on one console: every page is let in, stays, and gets what moves."""

from __future__ import annotations

import json

import pytest

from bench import listeners


def test_every_page_stays_and_hears_of_vehicles(capsys: pytest.CaptureFixture[str]) -> None:
    listeners.main(["--pages", "3", "--vehicles", "20", "--seconds", "1"])
    told = json.loads(capsys.readouterr().out)
    assert (told["pages"], told["refused"], told["ended"]) == (3, 0, 0)
    assert told["messages_least_most"][0] > 0
    assert told["age"]["p50_s"] >= 0
