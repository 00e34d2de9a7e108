"""The dispatcher's commands by name, as the console hands them on: one place that knows what each one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from dispatch import casework, photos
from dispatch.alarms import acknowledge, shelve, unshelve
from dispatch.approval import tell
from dispatch.commands import run_command
from dispatch.context import Context
from dispatch.reports.day import ask_for_edition
from dispatch.resources import set_status
from dispatch.sheets import hand_back, tick
from dispatch.shifts import strike_note, take_over, write_note
from dispatch.uow import UnitOfWork
from models.database import Database

Values = Mapping[str, Any]

DESK: dict[str, Callable[[UnitOfWork, Context, Values], object]] = {
    "alarm.acknowledge": lambda uow, _, values: acknowledge(uow, values["ids"]),
    "alarm.shelve": lambda uow, _, values: shelve(uow, values["ids"], values["reason"], values["minutes"]),
    "alarm.unshelve": lambda uow, _, values: unshelve(uow, values["ids"]),
    "route.told": lambda uow, _, values: tell(uow, values["telling"], values["how"]),
    "sheet.tick": lambda uow, _, values: tick(uow, values["code"], values["stop"]),
    "sheet.back": lambda uow, _, values: hand_back(uow, values["code"], frozenset(values["undone"])),
    "case.accept": lambda uow, _, values: casework.accept(uow, values["numbers"]),
    "case.release": lambda uow, _, values: casework.release(uow, values["numbers"]),
    "case.close": lambda uow, context, values: casework.close(uow, context, values["numbers"], values["answer"]),
    "case.cancel": lambda uow, context, values: casework.cancel(uow, context, values["numbers"], values["answer"]),
    "case.merge": lambda uow, context, values: casework.merge(uow, context, values["into"], values["numbers"]),
    "case.split": lambda uow, context, values: casework.split(uow, context, values["report"]),
    "case.priority": lambda uow, context, values: casework.set_priority(
        uow, context, values["numbers"], values["priority"]
    ),
    "case.reopen": lambda uow, context, values: casework.reopen(uow, context, values["numbers"]),
    "photo.add": lambda uow, _, values: photos.add(
        uow, values["case"], values["report"], photos.Picture(**values["picture"])
    ),
    "photo.remove": lambda uow, _, values: photos.remove(uow, values["photo"]),
    "photo.restore": lambda uow, _, values: photos.restore(uow, values["photo"]),
    "shift.note": lambda uow, _, values: write_note(uow, values["text"]),
    "shift.strike": lambda uow, _, values: strike_note(uow, values["note"], values["reason"]),
    "shift.takeover": lambda uow, _, values: take_over(uow, values["seen"]),
    "day.close": lambda uow, _, values: ask_for_edition(uow, date.fromisoformat(values["day"])),
    "resource.set": lambda uow, context, values: set_status(uow, context, **values),
}


def carry_out(
    database: Database, context: Context, now: datetime, actor: str, name: str, values: dict[str, Any]
) -> None:
    """Store and carry out the command `name` in one transaction. Raises Refused, Stale; KeyError for no such name."""
    act = DESK[name]
    key = name.partition(".")[0] + "s"
    run_command(database, now, actor, name, key, values, lambda uow: act(uow, context, values))
