"""Accounts of the console, their sessions, and how one shift of dispatchers follows another."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.tables.base import json_field, time_field


class Account(SQLModel, table=True):
    """Who may sign in. `role`: viewer, dispatcher, approver, admin. `password` is an argon2id hash."""

    name: str = Field(primary_key=True)
    role: str
    password: str
    created_at: datetime = time_field()


class ConsoleSession(SQLModel, table=True):
    """A signed-in browser. `token_hash` is SHA-256 of the cookie."""

    token_hash: str = Field(primary_key=True)
    account: str = Field(index=True)
    csrf: str
    created_at: datetime = time_field()
    expires_at: datetime = time_field()


class LogNote(SQLModel, table=True):
    """What a dispatcher wrote into the shift log. Never deleted: `struck_at` says that it no longer holds, and why."""

    id: str = Field(primary_key=True)
    at: datetime = time_field(index=True)
    actor: str
    text: str
    struck_at: datetime | None = time_field(default=None)
    struck_by: str = ""
    struck_reason: str = ""


class Takeover(SQLModel, table=True):
    """One shift taken over from another by the one who comes. `open` names what was open then, as it was read; the
    first one has nobody who gave.
    """

    no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    """Counted from 1, without gaps: of two who take over at once the second is refused."""
    at: datetime = time_field()
    given_by: str = ""
    taken_by: str
    open: list[str] = json_field(default_factory=list)
    open_hash: str
