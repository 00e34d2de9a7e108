"""A worker process that a test kills: reads `cases`, counts in the database, sends a message for each event."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from dispatch.uow import UnitOfWork
from models.database import Database
from models.events.base import Event
from tests.contract.line import Clock, Line, database_url, remember


def count(uow: UnitOfWork, event: Event) -> None:
    """Count and sum what came, and count what came out of order of its key."""

    def change(seen: dict[str, int]) -> dict[str, int]:
        number = event.data["n"]
        return {
            "count": seen["count"] + 1,
            "sum": seen["sum"] + number,
            "last": number,
            "disorder": seen["disorder"] + (number <= seen["last"]),
        }

    remember(uow.session, event.key, change, {"count": 0, "sum": 0, "last": -1, "disorder": 0})
    uow.emit("work", event.key, "work.done", {"n": event.data["n"]}, event.id)


def main(broker: str, kind: str, folder: str, name: str) -> None:
    """Run until killed."""
    line = Line(broker, kind, Path(folder), Database(database_url(kind, Path(folder), name)), Clock(), name)
    line.runner(count, driver=line.driver()).run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
