"""The error tree.

SweeplineError
├── Refused          bad input or usage: one line what, where, what to do (exit 2, HTTP 4xx)
│   └── Stale        the named version is no longer the latest (exit 1, HTTP 409)
├── Permanent        an event that can never be applied: quarantined with this reason
├── Unavailable      a service is away, try again later (exit 75, HTTP 503)
│   ├── BrokerAway   the broker is away: what is stored goes on when it is back
│   └── ReadOnly     the database answers, but takes no changes
└── Invariant        a broken invariant: crash, do not go on
"""

from __future__ import annotations


class SweeplineError(Exception):
    """Root of all errors this project raises on purpose."""


class Refused(SweeplineError):
    """Input that is refused. `code` is stable and machine-readable, `text` is for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Stale(Refused):
    """The command named a version that has been overtaken."""


class Permanent(SweeplineError):
    """An event that can never be applied. `reason` is a stable code."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text


class Unavailable(SweeplineError):
    """A service (broker, database, lease) is away: try again later."""


class BrokerAway(Unavailable):
    """The broker does not answer. What the database holds is safe and is sent when it is back."""


class ReadOnly(Unavailable):
    """The database can be read but not written: a stand-by, a full disk, a file without the right to write."""


class Invariant(SweeplineError):
    """Something that may never be is: the process must stop."""
