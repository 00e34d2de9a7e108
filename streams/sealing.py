"""Sealing: audit rows are linked into a hash chain in commit order, so that a later change or removal shows.

Rows get their `seal_no` after they are committed, by one lease-holder, oldest id first among those visible; a row that
is committed late gets a later number. The hash covers the row, its number, its time of sealing and the hash before it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models.tables.flow import AuditRow
from models.times import iso

SEAL_LIMIT = 1000
"""Rows sealed in one transaction."""
UNSEALED_LIMIT = timedelta(seconds=60)
"""How old an unsealed row may be."""
MAX_FAULTS = 100
_PAGE = 5000


def seal(session: Session, now: datetime, limit: int = SEAL_LIMIT) -> int:
    """Seal what is committed and not sealed yet; how many rows. Only the lease-holder may call this."""
    rows = session.exec(select(AuditRow).where(col(AuditRow.seal_no).is_(None)).order_by(col(AuditRow.id)).limit(limit))
    last = session.exec(
        select(AuditRow).where(col(AuditRow.seal_no).is_not(None)).order_by(col(AuditRow.seal_no).desc()).limit(1)
    ).first()
    number, link = (last.seal_no or 0, last.seal) if last else (0, "")
    count = 0
    for row in rows.all():
        number += 1
        link = link_of(link, row, number, now)
        row.seal_no, row.seal, row.sealed_at = number, link, now
        count += 1
    return count


def verify(session: Session, now: datetime) -> list[str]:
    """Faults of the chain, at most `MAX_FAULTS`: gaps, changed rows, rows unsealed for more than a minute."""
    faults: list[str] = []
    link, number = "", 0
    while len(faults) < MAX_FAULTS:
        page = session.exec(
            select(AuditRow).where(col(AuditRow.seal_no) > number).order_by(col(AuditRow.seal_no)).limit(_PAGE)
        ).all()
        if not page:
            break
        for row in page:
            if row.seal_no != number + 1:
                faults.append(f"audit: seal {number + 1} is missing, the next is {row.seal_no}")
            number = row.seal_no or 0
            if row.sealed_at is None or row.seal != link_of(link, row, number, row.sealed_at):
                faults.append(f"audit: row {row.id} (seal {number}) is not what was sealed")
            link = row.seal
    late = select(AuditRow).where(col(AuditRow.seal_no).is_(None), col(AuditRow.at) < now - UNSEALED_LIMIT)
    faults.extend(f"audit: row {row.id} of {iso(row.at)} is not sealed" for row in session.exec(late.limit(MAX_FAULTS)))
    return faults[:MAX_FAULTS]


def link_of(before: str, row: AuditRow, number: int, sealed_at: datetime) -> str:
    """SHA-256 over the link before and the row."""
    said = [before, number, iso(sealed_at), row.id, iso(row.at), row.actor, row.action, row.subject, row.detail]
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
