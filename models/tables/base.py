"""Column helpers shared by the tables."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.times import UtcDateTime

JSON_TYPE = JSON().with_variant(JSONB(), "postgresql")


def json_field(**kwargs: Any) -> Any:
    """A JSON column (JSONB on PostgreSQL)."""
    nullable = kwargs.pop("nullable", False)
    return Field(sa_column=Column(JSON_TYPE, nullable=nullable), **kwargs)


def time_field(index: bool = False, **kwargs: Any) -> Any:
    """An aware UTC column. Give `default=None` for a nullable one."""
    nullable = "default" in kwargs and kwargs["default"] is None
    primary_key = kwargs.pop("primary_key", False)
    column: Column[Any] = Column(UtcDateTime(), nullable=nullable, index=index, primary_key=primary_key)
    return Field(sa_column=column, **kwargs)
