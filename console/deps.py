"""What the console is handed by compose. It wires nothing itself and knows no stream, engine or file format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from console.hub import Subscription
from dispatch.decide.trouble import Condition
from dispatch.photos import Picture
from dispatch.pinning import PinWish
from dispatch.whatif import Change
from models.database import Database
from models.events.base import Receipt
from models.tables.plans import Route

Intake = Callable[[bytes, str, str], list[Receipt]]
"""(body, content type, actor) → one receipt an event. Raises Refused (unknown or bad input), Unavailable (broker)."""

Approve = Callable[[str, str], object]
"""(plan version id, actor). Raises Stale when overtaken, Refused when unknown or infeasible."""

Undo = Callable[[str, str], object]
"""(plan code, actor): ask for the running plan as it was. Raises Stale when too late, Refused when there is nothing."""

Pin = Callable[[PinWish, str], object]
"""(wish, actor): set or remove a pin. Raises Stale for what is started or over, Refused."""

AskAgain = Callable[[str, str, str], str]
"""(plan code, actor, why) → id of the request for a new version around the pins. Raises Refused."""

Started = Callable[[str], Mapping[str, str]]
"""plan code → work items that can no longer be moved, each with who has set out for it."""

Command = Callable[[str, dict[str, Any], str], None]
"""(name, values, actor): a dispatcher's command by its name (see dispatch/desk.py). Raises Refused, Stale."""

StopSelfStart = Callable[[bool, str], None]
"""(stopped, actor): True stops every automatic start until False releases them. Writes its audit row."""

Explain = Callable[[str], list[dict[str, Any]]]
"""plan version id → its unserved rows with what binds and what would help. Raises Unavailable, Refused."""

Report = Callable[[str, str, str, str], tuple[str, bytes]]
"""(kind, key, form, table) → a report's file name and content. Raises Refused for one there is none of."""


class WhatIf(Protocol):
    """Works out one what-if at a time, outside this process; see sweepline/whatif_desk.py."""

    def start(self, version_id: str, change: Change, actor: str) -> None:
        """Start one. Raises Unavailable while another is worked out."""

    def look(self) -> dict[str, Any] | None:
        """The last one asked for, or None."""

    def stop(self) -> None:
        """End it, or forget it."""


class PhotoFiles(Protocol):
    """Photos as files; see sweepline/photos.py."""

    def keep(self, raw: bytes) -> Picture:
        """Make a photo anew and store it. Raises Refused for what is none, Unavailable when too many come at once."""

    def path(self, sha256: str, small: bool) -> Path:
        """Where a photo lies, or would."""


def wall_clock() -> datetime:
    """Real time, aware UTC: sign-in sessions and attempt limits run on it, also where the city's clock is simulated."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ConsoleDeps:
    """Everything the console works with.

    `slip_name` is the name in `sheets_dir` of the change slip of a route.
    `condition` is how the system is, as last looked at; it asks nobody. `print_last` is the command that prints the
    last plans with every service dead.
    `answered` is told method, status and seconds of each request; `metrics` is this process's in Prometheus' format.
    `clock` is the city's time: simulated in a demo (then `simulated` is True and the page says so), real otherwise.
    `wall` is real time in any case. `secure_cookie` sends the session cookie over TLS only.
    """

    database: Database
    clock: Callable[[], datetime]
    subscribe: Callable[[], AbstractContextManager[Subscription]]
    intake: Intake
    approve: Approve
    undo: Undo
    pin: Pin
    ask_again: AskAgain
    started: Started
    stop_self_start: StopSelfStart
    command: Command
    report: Report
    explain: Explain
    what_if: WhatIf
    photos: PhotoFiles
    sheets_dir: Path
    slip_name: Callable[[Route], str]
    condition: Callable[[], Condition]
    print_last: str
    answered: Callable[[str, int, float], None]
    metrics: Callable[[], bytes]
    simulated: bool = False
    secure_cookie: bool = False
    wall: Callable[[], datetime] = wall_clock
