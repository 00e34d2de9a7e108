"""The one clock of a process, handed out by compose: the wall's, or a simulated one that only its driver moves."""

from __future__ import annotations

from datetime import UTC, datetime


class WallClock:
    """Real time."""

    simulated = False

    def __call__(self) -> datetime:
        """Now, aware UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """Stands where it was set; never goes back."""

    simulated = True

    def __init__(self, at: datetime) -> None:
        self._at = at

    def __call__(self) -> datetime:
        """The simulated instant."""
        return self._at

    def move_to(self, at: datetime) -> None:
        """Move on. Raises ValueError on a step back."""
        if at < self._at:
            raise ValueError(f"the clock stands at {self._at}, it cannot go back to {at}")
        self._at = at


Clock = WallClock | SimulatedClock
