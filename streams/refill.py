"""The broker can be lost: what the database had sent to a topic that was made anew is sent there again.

A topic is known by the id the broker gave it; the ids last seen are a row. Messages stay in the outbox for a day after
they were sent, and receivers' inboxes know those that came before, so sending again does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy import update
from sqlmodel import Session, col

from models.tables.city import Setting
from models.tables.flow import Outbox

log = structlog.get_logger(__name__)

LOOK_S = 5.0
"""How often it looks while nothing is sent."""
SENDING_LOOK_S = 0.5
"""How old its last look may be when something is to be sent: new messages must not overtake those that were lost. A
broker that lost its disk takes longer than this to be back."""
KEY = "topic_ids"


class Refill:
    """Used by the holder of the relay's lock. `identities` asks the broker; `clock` counts seconds between looks."""

    def __init__(
        self, identities: Callable[[], Mapping[str, str]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._identities = identities
        self._clock = clock
        self._looked_at: float | None = None

    def look(self, session: Session, sending: bool) -> int:
        """Have what was lost sent again; how many messages. Raises Unavailable when the broker is away."""
        now = self._clock()
        if self._looked_at is not None and now - self._looked_at < (SENDING_LOOK_S if sending else LOOK_S):
            return 0
        found = dict(self._identities())
        self._looked_at = now
        if not found:
            return 0
        row = session.get(Setting, KEY)
        known: dict[str, str] = dict(row.value) if row is not None else {}
        renewed = [topic for topic, id_ in found.items() if known.get(topic, id_) != id_]
        if row is None:
            session.add(Setting(key=KEY, value=found))
        elif known != known | found:
            row.value = known | found
        if not renewed:
            return 0
        lost = update(Outbox).where(col(Outbox.topic).in_(renewed), col(Outbox.sent_at).is_not(None))
        again = len(session.execute(lost.values(sent_at=None).returning(col(Outbox.id))).all())
        log.warning("topics were made anew, what was sent is sent again", topics=sorted(renewed), messages=again)
        return again
