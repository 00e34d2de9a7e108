"""The books: what each recorder's group did with what it read, and intake with what it could not take; updated in the
transaction that did it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from models.sql import insert_into
from models.tables.flow import Books


@dataclass(slots=True)
class Tally:
    """Counts of one transaction on one topic."""

    applied: int = 0
    duplicates: int = 0
    quarantined: int = 0


def add(session: Session, group: str, tallies: Mapping[str, Tally]) -> None:
    """Add counts by topic to the group's rows."""
    for topic, tally in sorted(tallies.items()):
        insert = insert_into(session, Books).values(
            group=group,
            topic=topic,
            applied=tally.applied,
            duplicates=tally.duplicates,
            quarantined=tally.quarantined,
        )
        sums = {name: getattr(Books, name) + insert.excluded[name] for name in ("applied", "duplicates", "quarantined")}
        session.execute(insert.on_conflict_do_update(index_elements=["group", "topic"], set_=sums))


def totals(session: Session) -> dict[tuple[str, str], Tally]:
    """All books by (group, topic)."""
    rows = session.exec(select(Books).order_by(col(Books.group), col(Books.topic)))
    return {(row.group, row.topic): Tally(row.applied, row.duplicates, row.quarantined) for row in rows}
