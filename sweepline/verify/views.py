"""Rule 3: what is shown of a vehicle is what the view says of the stored rows, and it keeps up with them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime

from models.database import Database
from streams.views.last_fix import LAST_FIX
from streams.views.rebuild import Difference, held_against_rows

LOOK_S = 1.0
STANDS_S = 60.0
"""A view that shows the same for so long although there is something newer does not keep up."""

JUDGED = (LAST_FIX,)
"""Held to the rows are last fixes alone. On the embedded log a station's reading may be shown late after a restart,
until its next one comes."""

Look = dict[tuple[str, int | None], Difference]
"""What is wrong or behind, by the key of the projection and the position it shows."""


def views_agree(database: Database, since: datetime, in_flight: Callable[[], bool]) -> Iterator[str]:
    """What is wrong or behind, and is still when nothing is on its way any more or a minute has passed.

    Beside a live system a view is always a moment behind its rows, or ahead of them: what has moved on is no fault.
    """
    left = _look(database, since)
    deadline = time.monotonic() + STANDS_S
    while left:
        moving = in_flight()
        again = _look(database, since)
        left = {place: found for place, found in again.items() if place in left}
        if not moving or time.monotonic() > deadline:
            break
        time.sleep(LOOK_S)
    yield from map(_words, left.values())


def _look(database: Database, since: datetime) -> Look:
    with database.read() as session:
        if not database.is_sqlite:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        wrong, late = held_against_rows(session, since, JUDGED)
    return {(found.key, found.position): found for found in (*late, *wrong)}


def _words(found: Difference) -> str:
    shown, said = (state and state["observed_at"] for state in (found.held, found.rebuilt))
    if found.held is None:
        return f"{found.key} has rows up to {said}, but is not shown"
    if found.rebuilt is None:
        return f"{found.key} is shown at {shown}, its rows do not say so"
    if shown != said:
        return f"{found.key} is shown at {shown}, its rows say {said}"
    names = sorted(name for name in {*found.held, *found.rebuilt} if found.held.get(name) != found.rebuilt.get(name))
    return f"{found.key} is not shown as its rows of {said} say: {', '.join(names)}"
