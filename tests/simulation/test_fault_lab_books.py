"""The laboratory's own books: what has an order, and a run that was stopped and goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.simulation.lab import __main__ as command
from tests.simulation.lab.balance import out_of_order
from tests.simulation.lab.ledger import Entry, Ledger
from tests.simulation.lab.table import read_outcomes
from tests.simulation.lab.trial import Outcome


def ledger(folder: Path, *lines: str) -> Ledger:
    """Lines as `sent a-1`, `accepted a-1`."""
    made = Ledger(folder / "ledger.jsonl")
    made.write(*[Entry(what, mark, "t", "s", mark, "k", f"t/{mark}") for what, mark in (x.split() for x in lines)])
    return made


@pytest.mark.parametrize(
    ("lines", "written", "wrong"),
    [
        (["sent a-1", "accepted a-1", "sent b-1", "accepted b-1"], {"a-1": 7, "b-1": 6}, [("a-1", "b-1")]),
        (["sent a-1", "accepted a-1", "sent b-1", "accepted b-1"], {"a-1": 6, "b-1": 7}, []),
        (["sent a-1", "sent b-1", "accepted a-1", "accepted b-1"], {"a-1": 7, "b-1": 6}, []),
        (["sent a-1", "sent a-2", "accepted a-1", "accepted a-2"], {"a-1": 7, "a-2": 6}, [("a-1", "a-2")]),
        (
            ["sent a-1", "sent b-1", "accepted a-1", "accepted b-1", "sent c-1", "accepted c-1"],
            {"a-1": 9, "b-1": 6, "c-1": 8},
            [("a-1", "c-1")],
        ),
    ],
    ids=["after the receipt", "in order", "at one time", "one sender's batch", "hidden by another between"],
)
def test_what_is_said_at_one_time_has_no_order(
    tmp_path: Path, lines: list[str], written: dict[str, int], wrong: list[tuple[str, str]]
) -> None:
    spans = ledger(tmp_path, *lines).spans()
    receipts = sorted(written.items(), key=lambda item: spans[item[0]][1])
    assert list(out_of_order(receipts, spans)) == wrong


def test_a_stopped_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What passed is not run again, what failed or was left half is; the newest outcome counts."""
    ran: list[tuple[str, int]] = []

    class Laboratory:
        def __init__(self, folder: Path) -> None: ...

        def __enter__(self) -> Laboratory:
            return self

        def __exit__(self, *_: object) -> None: ...

        def run(self, name: str, seed: int) -> Outcome:
            ran.append((name, seed))
            return Outcome(name, seed)

    monkeypatch.setattr(command, "Laboratory", Laboratory)
    file = tmp_path / "outcomes.jsonl"
    before = [Outcome("kill-relay", 1), Outcome("broker-cut", 1, wrong=["late"]), Outcome("broker-cut", 3)]
    file.write_text("".join(json.dumps(outcome.document()) + "\n" for outcome in before) + '{"fault": "kill-re\n')
    arguments = ["--fault", "kill-relay,broker-cut", "--outcomes", str(file), "--keep", str(tmp_path)]
    assert command.main(arguments) == 0
    assert ran == [("broker-cut", 1), ("kill-relay", 2), ("broker-cut", 2), ("kill-relay", 3)]
    assert len(read_outcomes(file)) == 6
    ran.clear()
    assert command.main(arguments) == 0 and ran == []
    assert "6 runs, 0 failed" in capsys.readouterr().out
