"""What people do with alarms: acknowledge, shelve for a while with a reason, take back from the shelf.

Habits of EEMUA 191 and ISA-18.2: acknowledging says somebody has seen it and closes nothing; a shelved alarm is out of
the list until its time is over, even if its condition comes again meanwhile; both are kept with who did it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, select

from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.tables.flow import Alarm
from models.times import iso

SHELVE_MIN = 5
SHELVE_MAX_MIN = 720
"""Nothing is shelved for longer than a shift: the next one must see it."""
REASON_LIMIT = 200
ALARMS_AT_ONCE = 500


def acknowledge(uow: UnitOfWork, ids: Sequence[str]) -> None:
    """Somebody has seen these alarms. One acknowledged before keeps who did it. Raises Refused, Stale."""
    for alarm in _living(uow, ids):
        if alarm.acknowledged_at is None:
            alarm.acknowledged_at, alarm.acknowledged_by = uow.now, uow.actor
            if alarm.state == "open":
                alarm.state = "acknowledged"
            uow.alarm_changed(alarm, "acknowledged")


def shelve(uow: UnitOfWork, ids: Sequence[str], reason: str, minutes: int) -> None:
    """Take these alarms out of the list until the time is over. Raises Refused, Stale."""
    reason = reason.strip()
    if not reason or len(reason) > REASON_LIMIT:
        raise Refused("no_reason", f"say why the alarm is shelved, in at most {REASON_LIMIT} signs")
    if not SHELVE_MIN <= minutes <= SHELVE_MAX_MIN:
        raise Refused("usage", f"an alarm is shelved for {SHELVE_MIN} to {SHELVE_MAX_MIN} minutes, not {minutes}")
    until = uow.now + timedelta(minutes=minutes)
    for alarm in _living(uow, ids):
        _cancel(uow, alarm)
        alarm.state, alarm.shelved_until, alarm.shelved_by, alarm.shelved_reason = "shelved", until, uow.actor, reason
        uow.set_timer(_timer(alarm), until, "alarm.unshelve", "alarms", alarm=alarm.id)
        uow.alarm_changed(alarm, "shelved", until=iso(until), reason=reason)


def unshelve(uow: UnitOfWork, ids: Sequence[str]) -> None:
    """Put these alarms back into the list now. Raises Refused, Stale."""
    for alarm in _living(uow, ids):
        _cancel(uow, alarm)
        _back(uow, alarm)


def shelf_time_over(uow: UnitOfWork, id_: str) -> None:
    """A timer's: the alarm is back, to be acknowledged anew. One shelved again meanwhile waits for its own timer."""
    alarm = uow.session.get(Alarm, id_)
    if alarm is not None and alarm.shelved_until is not None and alarm.shelved_until <= uow.now:
        _back(uow, alarm)


def open_keys(session: Session, kind: str) -> set[str]:
    """What there is an alarm of this kind of that is not over."""
    return set(session.exec(select(Alarm.key).where(Alarm.kind == kind, Alarm.state != "closed")).all())


def _back(uow: UnitOfWork, alarm: Alarm) -> None:
    was = alarm.state
    alarm.shelved_until, alarm.shelved_by, alarm.shelved_reason = None, "", ""
    if was == "shelved":
        alarm.state, alarm.acknowledged_at, alarm.acknowledged_by = "open", None, ""
        uow.alarm_changed(alarm, "unshelved")


def _cancel(uow: UnitOfWork, alarm: Alarm) -> None:
    if alarm.shelved_until is not None:
        uow.cancel_timer(_timer(alarm))


def _timer(alarm: Alarm) -> str:
    """A timer fires once, so each shelving has its own."""
    assert alarm.shelved_until is not None
    return f"unshelve:{alarm.id}:{iso(alarm.shelved_until)}"


def _living(uow: UnitOfWork, ids: Sequence[str]) -> list[Alarm]:
    """The alarms named, all or none: Refused for an unknown one, Stale for one that is closed."""
    if not ids or len(ids) > ALARMS_AT_ONCE:
        raise Refused("usage", f"name 1 to {ALARMS_AT_ONCE} alarms, not {len(ids)}")
    found = []
    for id_ in dict.fromkeys(ids):
        alarm = uow.session.get(Alarm, id_)
        if alarm is None:
            raise Refused("unknown_alarm", f"no alarm {id_}")
        if alarm.state == "closed":
            raise Stale("alarm_closed", f"{id_} is over: its cause has gone")
        found.append(alarm)
    return found
