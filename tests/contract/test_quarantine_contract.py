"""Quarantine: what is held can be shown, replayed through the line, or dropped; the books stay right."""

from __future__ import annotations

import pytest

from dispatch import books
from dispatch.uow import UnitOfWork
from models.errors import Permanent, Refused
from models.events.base import Event
from models.tables.flow import AuditRow, Books, Quarantine
from streams import quarantine
from streams.relay import Relay
from tests.contract.line import Line, make_event, remember


class Gate:
    """A handler that refuses everything until it is opened."""

    def __init__(self) -> None:
        self.open = False

    def __call__(self, uow: UnitOfWork, event: Event) -> None:
        if not self.open:
            raise Permanent("unknown_station", "no such station")
        remember(uow.session, event.key, lambda seen: [*seen, event.id], [])


def held(line: Line) -> list[Quarantine]:
    with line.database.read() as session:
        return list(quarantine.list_held(session))


def test_a_replayed_event_is_handled_anew(line: Line) -> None:
    gate = Gate()
    line.publish(make_event(1), make_event(2))
    line.drain(line.runner(gate))
    first, second = held(line)
    gate.open = True
    assert quarantine.replay(line.database, first.id, line.clock(), "ann") == "cases"
    Relay(line.database, line.drivers[0], line.clock).run_once()
    line.drain(line.runner(gate))
    assert line.value("k") == [first.event_id]
    assert [row.id for row in held(line)] == [second.id]
    with line.database.read() as session:
        assert books.totals(session) == {("g", "cases"): books.Tally(applied=1, duplicates=0, quarantined=1)}
    assert [(row.actor, row.action) for row in line.rows(AuditRow)] == [("ann", "quarantine.replayed")]


def test_an_event_that_fails_again_is_held_again(line: Line) -> None:
    gate = Gate()
    line.publish(make_event(1))
    line.drain(line.runner(gate))
    (row,) = held(line)
    quarantine.replay(line.database, row.id, line.clock(), "ann")
    assert held(line) == []
    Relay(line.database, line.drivers[0], line.clock).run_once()
    line.drain(line.runner(gate))
    (again,) = held(line)
    assert (again.id, again.attempts) == (row.id, 2)
    (book,) = line.rows(Books)
    assert (book.applied, book.quarantined) == (0, 1)


def test_a_dropped_event_stays_dropped(line: Line) -> None:
    gate = Gate()
    line.publish(make_event(1), b"junk")
    line.drain(line.runner(gate))
    for row in held(line):
        quarantine.drop(line.database, row.id[:10], line.clock(), "ann")
    assert held(line) == []
    line.publish(make_event(1), b"junk")
    line.drain(line.runner(gate))
    assert held(line) == []
    (book,) = line.rows(Books)
    assert (book.applied, book.duplicates, book.quarantined) == (0, 2, 2)


def test_only_held_messages_can_be_acted_on(line: Line) -> None:
    line.publish(make_event(1))
    line.drain(line.runner(Gate()))
    (row,) = held(line)
    quarantine.drop(line.database, row.id, line.clock(), "ann")
    with pytest.raises(Refused, match="is dropped"):
        quarantine.replay(line.database, row.id, line.clock(), "ann")
    for unknown in ("", "nothing"):
        with pytest.raises(Refused, match="row"):
            quarantine.drop(line.database, unknown, line.clock(), "ann")
