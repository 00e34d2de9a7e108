"""Accounts and their sessions: argon2id passwords, server-side sessions named by the hash of a random cookie."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete
from sqlmodel import Session, col

from models.errors import Refused
from models.tables.people import Account, ConsoleSession

ROLES = ("viewer", "dispatcher", "approver", "admin")
"""In rising order: each may do what those before it may."""

COOKIE = "sweepline_session"

SESSION_LENGTH = timedelta(hours=12)
"""A shift and its handover; then sign in again."""

NAME_LIMIT = 80
PASSWORD_MIN = 8
PASSWORD_LIMIT = 200

_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""argon2id with 19 MiB: the OWASP password storage minimum, so that sign-ins do not show in the process's memory."""

_HASHING = threading.Semaphore(2)
"""At most two hashes at once: guessing passwords must not take the machine."""

_NOBODY = _HASHER.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks. `csrf` is None for a caller without a browser session."""

    name: str
    role: str
    csrf: str | None
    expires_at: datetime | None = None

    def may(self, role: str) -> bool:
        """Whether this account's role is `role` or above it."""
        return ROLES.index(self.role) >= ROLES.index(role)


def hash_password(password: str) -> str:
    """The argon2id hash to store. Raises Refused (`bad_password`) when it is too short or too long."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_LIMIT:
        raise Refused("bad_password", f"a password has {PASSWORD_MIN} to {PASSWORD_LIMIT} characters")
    with _HASHING:
        return _HASHER.hash(password)


def make_account(session: Session, name: str, role: str, password: str, now: datetime) -> bool:
    """Create the account, or give it a new role and password. True when it is new. Raises Refused.

    Changing an account ends its open sessions.
    """
    name = name.strip()
    if not name or len(name) > NAME_LIMIT or not name.isprintable():
        raise Refused("bad_name", f"an account name has 1 to {NAME_LIMIT} printable characters")
    if role not in ROLES:
        raise Refused("bad_role", f"role {role!r} is not known; take one of {', '.join(ROLES)}")
    hashed = hash_password(password)
    row = session.get(Account, name)
    if row is None:
        session.add(Account(name=name, role=role, password=hashed, created_at=now))
        return True
    row.role, row.password = role, hashed
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.account) == name))
    return False


def verify_password(account: Account | None, password: str) -> bool:
    """Whether the password is the account's. Takes as long for an account that does not exist."""
    if len(password) > PASSWORD_LIMIT:
        return False
    with _HASHING:
        try:
            _HASHER.verify(account.password if account is not None else _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return account is not None


def open_session(session: Session, account: str, now: datetime) -> tuple[str, ConsoleSession]:
    """A new session: (cookie value, row). Sessions that have ended are cleared away on the way."""
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.expires_at) <= now))
    token = secrets.token_urlsafe(32)
    row = ConsoleSession(
        token_hash=token_hash(token),
        account=account,
        csrf=secrets.token_urlsafe(24),
        created_at=now,
        expires_at=now + SESSION_LENGTH,
    )
    session.add(row)
    return token, row


def find_session(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who a cookie belongs to, if its session is open."""
    row = session.get(ConsoleSession, token_hash(token))
    if row is None or row.expires_at <= now:
        return None
    account = session.get(Account, row.account)
    return None if account is None else SignedIn(account.name, account.role, row.csrf, row.expires_at)


def close_session(session: Session, token: str) -> None:
    """Sign out."""
    session.execute(delete(ConsoleSession).where(col(ConsoleSession.token_hash) == token_hash(token)))


def token_hash(token: str) -> str:
    """What is stored of a cookie: a stolen database opens no session."""
    return hashlib.sha256(token.encode()).hexdigest()
