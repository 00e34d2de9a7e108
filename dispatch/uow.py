"""The unit of work a decision is carried out in: one transaction, one instant, one cause.

`now` is the event's `received_at`, the timer's `due_at` or the command's time, never the wall clock. Ids are derived
from `now`, the cause and a name, so the same log gives the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from models.events.base import Event, dump_event
from models.ids import derive_id
from models.tables.flow import Alarm, AuditRow, Outbox, Timer


class UnitOfWork:
    """Session plus the side rows every change may need: outbox, audit, timers, alarms."""

    def __init__(self, session: Session, now: datetime, cause: str, actor: str) -> None:
        self.session = session
        self.now = now
        self.cause = cause
        self.actor = actor

    def new_id(self, *names: object) -> str:
        """An id unique for this cause and these names."""
        return derive_id(self.now, self.cause, *names)

    def emit(self, topic: str, key: str, type_: str, data: Mapping[str, Any], name: str = "") -> None:
        """Write an outgoing event to the outbox. (cause, type, key, name) identifies it."""
        event = Event(
            source="sweepline",
            id=self.new_id(type_, key, name),
            type=type_,
            key=key,
            occurred_at=self.now,
            received_at=self.now,
            actor=self.actor,
            data=dict(data),
        )
        self.session.add(Outbox(topic=topic, key=key, value=dump_event(event)))

    def audit(self, action: str, subject: str, **detail: Any) -> None:
        """Write the audit row of a change."""
        self.session.add(AuditRow(at=self.now, actor=self.actor, action=action, subject=subject, detail=detail))

    def set_timer(self, id_: str, due_at: datetime, kind: str, key: str, **payload: Any) -> None:
        """Set a timer, or move a pending one. A fired or cancelled timer of that id stays as it is."""
        row = self.session.get(Timer, id_)
        if row is None:
            self.session.add(Timer(id=id_, due_at=due_at, kind=kind, key=key, payload=payload))
        elif row.state == "pending":
            row.due_at, row.payload = due_at, payload

    def cancel_timer(self, id_: str) -> None:
        """Cancel a pending timer; anything else is left alone."""
        row = self.session.get(Timer, id_)
        if row is not None and row.state == "pending":
            row.state = "cancelled"

    def open_alarm(self, kind: str, key: str, priority: int = 2, **detail: Any) -> None:
        """Raise the alarm `kind:key` unless it is open already; one still on the shelf comes back onto the shelf."""
        row = self.session.get(Alarm, f"{kind}:{key}")
        if row is None:
            row = Alarm(id=f"{kind}:{key}", kind=kind, key=key, priority=priority, opened_at=self.now, detail=detail)
            self.session.add(row)
        elif row.state == "closed":
            row.state = "open" if row.shelved_until is None or row.shelved_until <= self.now else "shelved"
            row.opened_at, row.closed_at, row.detail = self.now, None, detail
            row.acknowledged_at, row.acknowledged_by = None, ""
        else:
            return
        self.alarm_changed(row, "opened", **detail)

    def close_alarm(self, kind: str, key: str, at: datetime | None = None) -> None:
        """Close the alarm `kind:key` if it is open. `at`: where a track proves it; the now of a batch of positions is
        that of its last, so it depends on how they were cut."""
        row = self.session.get(Alarm, f"{kind}:{key}")
        if row is not None and row.state != "closed":
            row.state, row.closed_at = "closed", max(at or self.now, row.opened_at)
            self.alarm_changed(row, "closed")

    def alarm_changed(self, alarm: Alarm, what: str, **detail: Any) -> None:
        """Audit what happened to an alarm, and say so."""
        id_ = f"alarm:{alarm.id}"
        self.audit(f"alarm.{what}", id_, **detail)
        self.emit("state", id_, "alarm.changed", {"alarm": id_, "state": what}, what)
