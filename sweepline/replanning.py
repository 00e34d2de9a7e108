"""Functions behind `plan make` and `plan undo`: asking for a new version of a plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dispatch.commands import run_command
from dispatch.planning import request_again
from dispatch.uow import UnitOfWork
from dispatch.versions import latest_version
from models.errors import Refused
from models.tables.plans import Plan
from sweepline.compose import System
from sweepline.running import open_system, run_until_idle, stored_already

Ask = Callable[[System, str], str]
"""(system, plan code) -> id of the request."""


def make_command(data: Path, name: str, actor: str, clock: str, as_json: bool) -> int:
    """A new version of a plan, made now; of a running one, of what is not started."""

    def ask(system: System, code: str) -> str:
        values = {"plan": code}

        def act(uow: UnitOfWork) -> str:
            return request_again(uow, system.context, uow.session.get_one(Plan, code), f"asked:{actor}").id

        return run_command(system.database, system.clock(), actor, "plan.make", code, values, act)

    return _ask(data, name, ask, clock, as_json)


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
