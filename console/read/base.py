"""What every reading model shares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    """Base of all answers: plain values, times ISO 8601 UTC, units at the end of names."""

    model_config = ConfigDict(frozen=True)
