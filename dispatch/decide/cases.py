"""What may be done with a case, and the state it is in afterwards. Stored cases are verified by the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

OPEN = ("reported", "dispatched", "in_progress")
OVER = ("closed", "cancelled", "merged")
CLASS_OF = {"urgent": "case_urgent", "normal": "case", "low": "case_low"}
"""The class of a case's work by the case's priority, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Move:
    """A step of a case: from which states, to which one, and the audit's word for it. `to` "": the state it had."""

    froms: tuple[str, ...]
    to: str
    audit: str


MOVES: dict[str, Move] = {
    "accept": Move(("reported", "dispatched"), "in_progress", "case.accepted"),
    "release": Move(("in_progress",), "reported", "case.released"),
    "close": Move(OPEN, "closed", "case.closed"),
    "cancel": Move(OPEN, "cancelled", "case.cancelled"),
    "merge": Move(OPEN, "merged", "case.merged_into"),
    "reopen": Move(OVER, "", "case.reopened"),
}


@dataclass(frozen=True, slots=True)
class CaseFact:
    """What a decision needs to know of a case. `reports` counts those it has."""

    number: str
    kind: str
    state: str
    reports: int
    priority: str = "normal"


def why_not(name: str, case: CaseFact) -> str:
    """Why the move may not be made with this case: a code, "" where it may. Raises KeyError for no such move."""
    if case.state in MOVES[name].froms:
        return ""
    if case.state in OVER:
        return "over"
    return "not_over" if name == "reopen" else "taken" if name == "accept" else "not_taken"


def why_not_set(case: CaseFact, priority: str) -> str:
    """Why the case may not be given this priority: a code, "" where it may."""
    return "over" if case.state in OVER else "same" if case.priority == priority else ""


def more_urgent(one: str, other: str) -> str:
    """The more urgent of two priorities."""
    return min(one, other, key=tuple(CLASS_OF).index)


def why_not_merged(into: CaseFact, other: CaseFact) -> str:
    """Why `other` may not become a report of `into`: a code, "" where it may."""
    if into.number == other.number:
        return "itself"
    if into.state not in OPEN:
        return "target_over"
    return why_not("merge", other) or ("other_kind" if into.kind != other.kind else "")


def state_before(history: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The state a case goes back to when it is reopened, from its audit rows (action, detail), the oldest first.

    One that its work closed has gone through no state of a person's: it is reported again.
    """
    ends = {move.audit for name, move in MOVES.items() if move.to in OVER}
    was = "reported"
    for action, detail in history:
        if action in ends:
            was = str(detail.get("was", "reported"))
    return was


def replayed(history: Iterable[tuple[str, Mapping[str, Any]]]) -> str | None:
    """The state the audit rows (action, detail) of a case lead to; None where one of them was no legal move."""
    by_audit = {move.audit: move for move in MOVES.values()}
    state, was = "", "reported"
    for action, detail in history:
        if action == "case.opened":
            if state:
                return None
            state = "reported"
        elif (move := by_audit.get(action)) is not None:
            if state not in move.froms:
                return None
            if move.to in OVER:
                was = state
            state = move.to or str(detail.get("to", was))
    return state or None
