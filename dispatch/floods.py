"""Devices that flood: they send more than they may (`device_burst`, `device_per_s`); the rest is turned away.

What is turned away never enters the log, so no view can see it; the door counts it, and it becomes an alarm here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from dispatch.uow import UnitOfWork

FLOODS = "device_floods"
QUIET = timedelta(minutes=10)
"""A device that was not turned away for so long floods no more."""


def flooding(uow: UnitOfWork, turned_away: Mapping[str, int]) -> None:
    """Raise an alarm for each device that sent too much; nothing where it is open. `turned_away`: events by device."""
    for device, events in sorted(turned_away.items()):
        uow.open_alarm(FLOODS, device, device=device, turned_away=events)


def subsided(uow: UnitOfWork, device: str) -> None:
    """Close the alarm of a device that has kept to its limit for QUIET."""
    uow.close_alarm(FLOODS, device)
