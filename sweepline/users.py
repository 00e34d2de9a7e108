"""`sweepline user add`: accounts of the console."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from console.accounts import make_account
from dispatch.uow import UnitOfWork
from models.database import Database

DEMO_ACCOUNT = "demo"


def add_command(database: Database, name: str, role: str, password: str, now: datetime, actor: str) -> int:
    """Create the account, or give it a new role and password; audited. Exit code 0. Raises Refused on bad input."""
    with database.write() as session:
        new = make_account(session, name, role, password, now)
        uow = UnitOfWork(session, now, f"user:{name}", actor)
        uow.audit("account.added" if new else "account.changed", f"account:{name.strip()}", role=role)
    print(f"{'added' if new else 'changed'} account {name.strip()} as {role}")
    return 0


def demo_sign_in(database: Database) -> tuple[str, str]:
    """The demo's account with a password made anew at every start: (name, password)."""
    password = secrets.token_urlsafe(9)
    with database.write() as session:
        make_account(session, DEMO_ACCOUNT, "approver", password, datetime.now(UTC))
    return DEMO_ACCOUNT, password
