"""Why tasks are left out of a plan, as the page shows it."""

from __future__ import annotations

from pydantic import ConfigDict

from console.read.base import Out


class ChangeOut(Out):
    """One limit that gives way: capacity (`amount` more of `what`), time and window (`amount` seconds), skill (`what`),
    vehicle (one more like `on`), prize. `on`: a vehicle's or the task's id.
    """

    kind: str
    on: str
    amount: int
    what: str


class RelaxationOut(Out):
    """What would let a task be served, by which vehicle, and what that adds to the cost."""

    changes: list[ChangeOut]
    vehicle: str
    added_cost: int


class ExplanationOut(Out):
    """`binds`: the limits each of which alone keeps the task out, or all of them `together`."""

    model_config = ConfigDict(extra="ignore")

    task: str
    ref: str
    reason: str
    binds: list[str]
    together: bool
    relaxations: list[RelaxationOut]
