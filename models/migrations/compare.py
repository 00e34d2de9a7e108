"""What Alembic is told about our tables, for migrating, generating and comparing alike."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import JSON
from sqlmodel import SQLModel

import models.tables  # noqa: F401
from models.times import UtcDateTime


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our column types by name in generated migrations."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, JSON):
        return 'sa.JSON().with_variant(JSONB(), "postgresql")'
    if kind == "type" and type(item).__module__.startswith("sqlmodel"):
        return "sa.String()"
    return False


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a name found in a database is to be compared: the days of positions are made as time goes."""
    return not (kind == "table" and name is not None and name.startswith("position_"))


SETTINGS: dict[str, Any] = {
    "target_metadata": SQLModel.metadata,
    "render_item": _render,
    "include_name": _is_ours,
    "compare_type": True,
    "render_as_batch": False,
}
