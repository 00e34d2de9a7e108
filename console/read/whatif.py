"""A what-if as the page shows it: what was asked, how far it is, and what came of it. Nothing of it is stored."""

from __future__ import annotations

from pydantic import ConfigDict

from console.read.base import Out
from console.read.differences import DifferenceOut


class ChangeAskedOut(Out):
    """What is otherwise: a vehicle away, a street closed, another row of the spread matrix, the onset moved."""

    without: str
    close: str
    rate: str
    onset_min: int


class FiguresOut(Out):
    """What a plan comes to."""

    tasks: int
    routes: int
    unserved: int
    distance_m: int
    duration_s: int
    salt_kg: int
    waste_kg: int
    cost: int


class WhatIfResultOut(Out):
    """The plan as it would be, against the version: figures of both, what is left out, the stops that are elsewhere."""

    model_config = ConfigDict(extra="ignore")

    feasible: bool
    before: FiguresOut
    after: FiguresOut
    unserved: list[dict[str, str]]
    difference: DifferenceOut


class WhatIfOut(Out):
    """`state`: running (`elapsed_s` of about `expected_s`), done (`result`) or failed (`text` says why)."""

    version: str
    change: ChangeAskedOut
    by: str
    state: str
    text: str
    elapsed_s: float
    expected_s: float
    result: WhatIfResultOut | None
