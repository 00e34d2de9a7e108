"""Time: aware UTC everywhere, one column type that refuses naive values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Dialect, Integer
from sqlalchemy.types import TypeDecorator

FUTURE_LIMIT = timedelta(minutes=5)
"""An event whose `occurred_at` is further ahead of `received_at` than this is quarantined."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(value: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z. Raises ValueError on a naive value."""
    if value.tzinfo is None:
        raise ValueError(f"naive time {value!r}: every stored time is aware")
    return (value - _EPOCH) // timedelta(microseconds=1)


def from_micros(value: int) -> datetime:
    """Inverse of `to_micros`."""
    return _EPOCH + timedelta(microseconds=value)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC, stored as integer microseconds: the same bytes on SQLite and PostgreSQL, exact order and equality."""

    impl = BigInteger().with_variant(Integer(), "sqlite")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Aware datetime to integer."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Integer to aware datetime."""
        return None if value is None else from_micros(int(value))


def parse_time(text: str) -> datetime:
    """ISO 8601 with a zone to aware UTC. Raises ValueError on a missing zone or another shape."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(f"time without zone: {text!r}")
    return value.astimezone(UTC)


def iso(value: datetime) -> str:
    """UTC ISO 8601 with Z, microseconds only when there are some."""
    return value.astimezone(UTC).isoformat()[:-6] + "Z"


def local_date(value: datetime, zone: str) -> date:
    """The city's calendar day of an instant."""
    return value.astimezone(ZoneInfo(zone)).date()


def at_local(day: date, clock: time, zone: str) -> datetime:
    """The instant of a local clock time on a local day, as UTC."""
    return datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
