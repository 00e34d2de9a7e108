"""The dispatcher's commands by name, as the console hands them on: one place that knows what each one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from dispatch.alarms import acknowledge, shelve, unshelve
from dispatch.approval import tell
from dispatch.commands import run_command
from dispatch.sheets import hand_back
from dispatch.uow import UnitOfWork
from models.database import Database

Values = Mapping[str, Any]

DESK: dict[str, Callable[[UnitOfWork, Values], object]] = {
    "alarm.acknowledge": lambda uow, values: acknowledge(uow, values["ids"]),
    "alarm.shelve": lambda uow, values: shelve(uow, values["ids"], values["reason"], values["minutes"]),
    "alarm.unshelve": lambda uow, values: unshelve(uow, values["ids"]),
    "route.told": lambda uow, values: tell(uow, values["telling"], values["how"]),
    "sheet.back": lambda uow, values: hand_back(uow, values["code"], frozenset(values["undone"])),
}


def carry_out(database: Database, now: datetime, actor: str, name: str, values: dict[str, Any]) -> None:
    """Store and carry out the command `name` in one transaction. Raises Refused, Stale; KeyError for no such name."""
    act = DESK[name]
    run_command(database, now, actor, name, name.partition(".")[0] + "s", values, lambda uow: act(uow, values))
