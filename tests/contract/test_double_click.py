"""The same event sent many times at once, as by a caller who gave up waiting: stored once, the others are told so."""

from __future__ import annotations

import threading
from collections import Counter

from dispatch.accept import accept, quarantine
from dispatch.commands import run_command
from dispatch.uow import UnitOfWork
from models.errors import Stale
from models.events.base import Event
from models.tables.flow import Books, Outbox, Quarantine, StoredEvent
from models.tables.plans import Approval
from tests.contract.line import START, Line, make_event

CLICKS = 12
TURNS = 5


def clicked(line: Line, event: Event) -> Counter[str]:
    start = threading.Barrier(CLICKS)
    answers: Counter[str] = Counter()

    def click() -> None:
        start.wait()
        (receipt,) = accept(line.database, lambda _: None, [event])
        answers[receipt.status] += 1

    threads = [threading.Thread(target=click) for _ in range(CLICKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_the_same_event_at_once_is_accepted_once(line: Line) -> None:
    complaint = {"kind": "ice", "lon": 119.45, "lat": 32.78}
    for turn in range(TURNS):
        assert clicked(line, make_event(turn, data=complaint)) == {"accepted": 1, "duplicate": CLICKS - 1}
    assert len(line.rows(StoredEvent)) == len(line.rows(Outbox)) == TURNS


def test_what_cannot_be_taken_at_once_is_all_held_and_counted(line: Line) -> None:
    start = threading.Barrier(CLICKS)

    def throw(number: int) -> None:
        start.wait()
        with line.database.write() as session:
            quarantine(session, START, None, f"line {number}".encode(), "not_json", "no JSON")

    threads = [threading.Thread(target=throw, args=(number,)) for number in range(CLICKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(line.rows(Quarantine)) == CLICKS
    assert [row.quarantined for row in line.rows(Books)] == [CLICKS]


def test_one_command_at_once_is_carried_out_once(line: Line) -> None:
    """As when several dispatchers approve one version at one moment: both have seen that nobody had."""
    start = threading.Barrier(2)
    answers: list[str] = []

    def act(uow: UnitOfWork) -> None:
        uow.session.add(Approval(plan_version="P-1@1", actor=uow.actor, at=uow.now))

    def click(actor: str) -> None:
        start.wait()
        try:
            run_command(line.database, START, actor, "plan.approve", "P-1@1", {}, act)
            answers.append("done")
        except Stale as stale:
            answers.append(stale.code)

    threads = [threading.Thread(target=click, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["at_once", "done"]
    assert len(line.rows(Approval)) == len(line.rows(StoredEvent)) == 1
