"""How two versions of a plan differ, as the page shows it."""

from __future__ import annotations

from sqlmodel import Session

from console.read.base import Out
from dispatch.differences import difference_doc, version_difference
from models.tables.plans import PlanVersion


class RouteChange(Out):
    """How one vehicle's (or crew's) route differs. `before` and `after` are its terms: seconds driving, serving,
    waiting and late. `from_stop` is the first number on its sheet that differs, 0 where only times do.
    """

    who: str
    state: str
    stops_before: int
    stops_after: int
    added: int
    dropped: int
    reordered: int
    turned: int
    from_stop: int
    start_moved_s: int
    added_s: int
    added_m: int
    before: dict[str, int]
    after: dict[str, int]
    names: list[str]


class StopChange(Out):
    """A stop that is elsewhere. `what`: moved, reordered, turned, added, newly_served, dropped.

    `kind` and `ref` are its place's: a segment, station or spot.
    """

    what: str
    work_item: str
    run: int
    kind: str
    ref: str
    name: str
    name_en: str
    lon: float
    lat: float
    from_: str
    from_stop: int
    to: str
    to_stop: int


class DifferenceOut(Out):
    """What changed from version `old` to version `new`. Costs are null where they do not measure the same work.

    `started_changed` counts started stops that moved; of a replan it is 0.
    """

    old: str
    new: str
    changes: list[RouteChange]
    stops: list[StopChange]
    started_changed: int
    added_s: int
    added_m: int
    cost_before: int | None
    cost_after: int | None


def find_difference(session: Session, old_id: str, new_id: str) -> DifferenceOut | None:
    """The difference of two versions of one plan; None where either is unknown or they belong to two plans."""
    old, new = session.get(PlanVersion, old_id), session.get(PlanVersion, new_id)
    if old is None or new is None or old.plan != new.plan:
        return None
    return DifferenceOut.model_validate(difference_doc(version_difference(session, old, new)))
