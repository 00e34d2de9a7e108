"""The error tree of routing. Every message is one line: what, where, what to do.

RoutingError
├── BadInstance     a file is of no known kind, truncated or contradicts itself (exit 2)
├── BadSolution     a solution file cannot be read against its instance (exit 2)
├── BadProblem      a Problem's parts do not fit together (a caller's mistake)
├── NoPath          no way from one place to another
└── NoEngine        no engine supports the problem
"""

from __future__ import annotations

from routing.validation.faults import Fault


class RoutingError(Exception):
    """Root of everything routing raises on purpose."""


class BadInstance(RoutingError):
    """A file that is not an instance we know. `where` is the file, with a line where one is to blame."""

    def __init__(self, what: str, where: str, remedy: str = "give an instance file") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(f"{where}: {what}; {remedy}")


class BadSolution(BadInstance):
    """A solution file that does not read as routes of its instance."""


class BadProblem(RoutingError):
    """Parts of a Problem that do not fit: a mode on an unknown arc, demands of the wrong length.

    `faults` are all that `routing.validation.validate` found, one line each; empty where somebody else refused.
    """

    def __init__(self, text: str, faults: tuple[Fault, ...] = ()) -> None:
        self.faults = faults
        super().__init__(text)


class NoPath(RoutingError):
    """No chain of arcs leads from one place to another."""


class NoEngine(RoutingError):
    """No engine supports the problem; the message gives each engine's reason."""
