"""Commands: an event with an actor, stored, carried out and answered in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import IntegrityError

from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Refused, Stale
from models.ids import canonical_hash, derive_id
from models.tables.flow import StoredEvent

log = structlog.get_logger(__name__)

T = TypeVar("T")


def run_command(
    database: Database,
    now: datetime,
    actor: str,
    name: str,
    key: str,
    data: dict[str, Any],
    act: Callable[[UnitOfWork], T],
) -> T:
    """Store `command.<name>` and run `act` in one transaction. Raises what `act` raises; then nothing is stored.

    Of two that do the same at one moment the database lets one through; the other is Stale.
    """
    if not actor:
        raise Refused("no_actor", f"{name}: every command has an actor, give one with --as")
    id_ = derive_id(now, "command", name, key, actor, canonical_hash(data))
    try:
        with database.write() as session:
            if session.get(StoredEvent, ("commands", id_)) is None:
                session.add(
                    StoredEvent(
                        source="commands",
                        id=id_,
                        type=f"command.{name}",
                        key=key,
                        content_hash=canonical_hash(data),
                        occurred_at=now,
                        received_at=now,
                        actor=actor,
                        data=data,
                    )
                )
            uow = UnitOfWork(session, now, f"command:{id_}", actor)
            result = act(uow)
            uow.emit("commands", key, f"command.{name}", data, id_)
            return result
    except IntegrityError as error:
        log.warning("a command met another one", command=name, key=key, error=str(error.orig))
        raise Stale("at_once", f"{name} {key}: somebody has just done the same or the like; look again") from error
