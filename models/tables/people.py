"""Accounts of the console and their sessions."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.tables.base import time_field


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
