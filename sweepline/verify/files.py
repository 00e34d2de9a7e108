"""Rule 22: the files of photos, held against their rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from models.ids import file_hash
from models.tables.work import CasePhoto
from sweepline.photos import KEPT, Photos

SWEPT = KEPT + timedelta(hours=2)
"""From this age on housekeeping, which looks every hour, must have deleted a file that no row names."""


def photos_whole(session: Session, folder: Path, as_of: datetime, looked_at: datetime) -> Iterator[str]:
    """22: each photo that is seen, or can be brought back, has its files as its row says; no other file is left over.

    `looked_at` is the real time up to which housekeeping ran: a file's age is real, whatever the city's clock says.
    """
    shelf, named = Photos(folder), set[Path]()
    for row in session.exec(select(CasePhoto).order_by(col(CasePhoto.id))):
        kept = {shelf.path(row.sha256, small) for small in (False, True)}
        if not kept <= named and (row.removed_at is None or row.removed_at >= as_of - KEPT):
            yield from _faults(row, shelf)
        named |= kept
    for path in sorted(folder.glob("[!.]*")):
        if path not in named and datetime.fromtimestamp(path.stat().st_mtime, looked_at.tzinfo) < looked_at - SWEPT:
            yield f"photos/{path.name} is of no photo"


def _faults(row: CasePhoto, shelf: Photos) -> Iterator[str]:
    full, small = shelf.path(row.sha256, False), shelf.path(row.sha256, True)
    what = f"case {row.case}, photo {row.id}"
    try:
        size = full.stat().st_size
        if size != row.bytes:
            yield f"{what}: photos/{full.name} has {size} bytes, its row says {row.bytes}"
        elif file_hash(full) != row.sha256:
            yield f"{what}: photos/{full.name} is not what was stored under its hash"
    except OSError as error:
        yield f"{what}: photos/{full.name} cannot be read ({error.strerror})"
    if not small.is_file() or small.stat().st_size == 0:
        yield f"{what}: photos/{small.name} is missing or empty"
