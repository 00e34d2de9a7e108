"""Functions behind `plan make`, `plan pin` and `plan undo`, and the console's: asking for a new version of a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from dispatch.commands import run_command
from dispatch.pinning import PinWish, carry_out_wish, request_around_pins, set_out_for
from dispatch.pins import live_pins
from dispatch.uow import UnitOfWork
from dispatch.versions import latest_version
from models.errors import Refused
from models.tables.plans import Plan
from sweepline.compose import System
from sweepline.running import open_system, run_until_idle, stored_already

Ask = Callable[[System, str], str]
"""(system, plan code) -> id of the request."""


def pin(system: System, wish: PinWish, actor: str) -> bool:
    """Carry out a pin as a command; False where there was none to remove. Raises Refused."""

    def act(uow: UnitOfWork) -> bool:
        return carry_out_wish(uow, system.context, wish)

    return run_command(system.database, system.clock(), actor, "plan.pin", wish.plan, asdict(wish), act)


def ask_again(system: System, code: str, actor: str, words: str = "") -> str:
    """Ask for a new version of a plan, of a running one of what is not started; the request's id. Raises Refused."""
    with system.database.read() as session:
        pins = [row.id for row in live_pins(session, code)]
    values = {"plan": code, "reason": words, "pins": pins}

    def act(uow: UnitOfWork) -> str:
        return request_around_pins(uow, system.context, code, words).id

    return run_command(system.database, system.clock(), actor, "plan.make", code, values, act)


def started_work(system: System, code: str) -> dict[str, str]:
    """The work items of a plan that can no longer be moved, each with who has set out for it."""
    with system.database.read() as session:
        plan = session.get(Plan, code)
        return set_out_for(session, system.context, plan, system.clock()) if plan is not None else {}


def make_command(data: Path, name: str, actor: str, clock: str, as_json: bool) -> int:
    """A new version of a plan, made now; of a running one, of what is not started."""
    return _ask(data, name, lambda system, code: ask_again(system, code, actor), clock, as_json)


def undo_command(data: Path, name: str, actor: str, clock: str, as_json: bool) -> int:
    """Propose the routes as they were before the last approved change, as far as nothing has been started since."""

    return _ask(data, name, lambda system, code: system.undo(code, actor), clock, as_json)


def _ask(data: Path, name: str, ask: Ask, clock: str, as_json: bool) -> int:
    system = open_system(data, clock or None)
    try:
        with system.database.read() as session:
            plan = session.get(Plan, name.partition("@")[0])
        if plan is None:
            raise Refused("unknown_plan", f"plan {name} is not known; list them with `sweepline plan list`")
        ask(system, plan.code)
        idle = False
        with stored_already():
            idle = run_until_idle(system)
        with system.database.read() as session:
            version = latest_version(session, plan.code)
        answer = version.id if version is not None and idle else ""
    finally:
        system.close()
    print(json.dumps({"plan_version": answer}) if as_json else answer or "asked for; the running system makes it")
    return 0
