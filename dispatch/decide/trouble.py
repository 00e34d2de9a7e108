"""Degrees of trouble: what is away, since when, and which degree that makes. Pure; entered and left by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

WELL = "well"
BROKER_AWAY = "broker_away"
SOLVER_AWAY = "solver_away"
READ_ONLY = "database_read_only"
ALL_AWAY = "all_away"
DEGREES = (WELL, BROKER_AWAY, SOLVER_AWAY, READ_ONLY, ALL_AWAY)
"""In rising order. Without a database nothing but the printed bundles is left: that is `all_away`."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now."""

    degree: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Condition:
    """How the system is: the worst degree and since when, every trouble there is, and when it was looked at."""

    degree: str
    since: datetime
    checked_at: datetime
    troubles: tuple[Trouble, ...] = ()

    def has(self, degree: str) -> bool:
        """Whether this trouble is among those there are."""
        return any(trouble.degree == degree for trouble in self.troubles)


def assess(before: Condition | None, found: frozenset[str], now: datetime) -> Condition:
    """The condition after a look that found these troubles; what was there before keeps its `since`."""
    known = {trouble.degree: trouble.since for trouble in before.troubles} if before is not None else {}
    troubles = tuple(Trouble(degree, known.get(degree, now)) for degree in DEGREES if degree in found)
    degree = troubles[-1].degree if troubles else WELL
    since = before.since if before is not None and before.degree == degree else now
    return Condition(degree, since, now, troubles)
