"""The rules in their order, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlmodel import Session, col, func, select

from models.tables.flow import Outbox
from streams import sealing
from sweepline.compose import System
from sweepline.running import open_system
from sweepline.verify import city, files, flow, plans, views

NAMES = 5
"""Faults shown of a rule."""
LIMIT = 100
"""Faults looked for of a rule."""


def verify_command(data: Path, as_json: bool) -> int:
    """Check what may never break; 0 when nothing is found, 1 otherwise."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            if not system.database.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            found = verify(session, system)
    finally:
        system.close()
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, faults in found.items():
            shown = "; ".join(faults[:NAMES]) + (f" and {len(faults) - NAMES} more" if len(faults) > NAMES else "")
            print(f"{'FAULT ' if faults else 'ok    '}{name}{': ' + shown if faults else ''}")
    return 1 if any(found.values()) else 0


def verify(session: Session, system: System) -> dict[str, list[str]]:
    """Rule, by its number and words → faults found on the stored rows.

    The session shows one snapshot of a system that may go on meanwhile. Rules about time are asked as of the last thing
    it did: one that is stopped has missed nothing.
    """
    recomputed = plans.recompute(session)
    as_of = flow.last_deed(session) or system.clock()
    today = datetime.now(UTC)
    looked_at = today if system.clock.simulated else min(as_of, today)
    rules: list[tuple[str, Iterator[str]]] = [
        ("1 an event is applied at most once", flow.applied_once(session)),
        ("2 accepted is applied or quarantined", _books(system)),
        ("3 vehicles are shown where the stored rows say", _views(system)),
        ("4 a vehicle and a driver are each in one assignment", plans.bound_once(session)),
        ("5 at most one active version a plan", plans.active_once(session)),
        ("6 approved by somebody with the right to", plans.approved(session)),
        ("7 stored verdicts are recomputed and agree", plans.verdicts_agree(recomputed)),
        ("8 tasks are served as often as required, or listed", plans.tasks_served(session, recomputed)),
        ("9 loads, times and road rules are kept", plans.rules_kept(recomputed)),
        ("10 cases make legal transitions", city.cases_legal(session)),
        ("11 stations are cleared or alarmed", city.stations_cleared(session)),
        ("12 nothing that raises alarms is overdue", flow.timers_fired(session, as_of)),
        ("13 changes have their audit row", flow.changes_audited(session)),
        ("13 the sealed audit chain is whole", iter(sealing.verify(session, system.clock()))),
        ("14 messages are sent in the order of their key", flow.outbox_in_order(session)),
        ("15 alerts in any order make the same episodes", city.alerts_fold(session)),
        ("16 pins hold", plans.pins_hold(session)),
        ("17 fallback plans are at hand", plans.fallback_at_hand(session, as_of)),
        ("21 bundles follow approvals", plans.bundles_fresh(session, as_of, system.data_dir / "bundles")),
        ("22 photos have their files", files.photos_whole(session, system.data_dir / "photos", as_of, looked_at)),
    ]
    return {name: list(islice(faults, LIMIT)) for name, faults in rules}


def _in_flight(session: Session, system: System) -> bool:
    """Whether a message is on its way to a recorder or a view."""
    unsent = session.exec(select(func.count()).select_from(Outbox).where(col(Outbox.sent_at).is_(None))).one()
    readers: list[tuple[str, Sequence[str]]] = [(view.view.group, (view.view.topic,)) for view in system.views]
    readers += [(recorder.group, recorder.topics) for recorder in system.recorders()]
    return bool(unsent) or any(system.driver.lag(group, topics) for group, topics in readers)


def _views(system: System) -> Iterator[str]:
    """Rule 3, as far back as positions are kept."""

    def in_flight() -> bool:
        with system.database.read() as session:
            return _in_flight(session, system)

    since = system.clock() - timedelta(days=system.settings.position_days)
    return views.views_agree(system.database, since, in_flight)


def _books(system: System) -> Iterator[str]:
    """Rule 2: named twice, the second time after everything of the first had come through."""
    recorders = system.recorders()
    with system.database.read() as session:
        first = set(flow.books_balance(session, recorders))
    if not first:
        return
    with system.database.read() as session:
        if _in_flight(session, system):
            return
    with system.database.read() as session:
        yield from (words for words in flow.books_balance(session, recorders) if words in first)
