"""Photos of cases: added, removed and brought back. The picture is a file, written before its row; a command has its
hash and size. A photo that came with a report goes with it into another case and back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlmodel import col, select

from dispatch.uow import UnitOfWork
from models.errors import Refused, Stale
from models.tables.work import Case, CasePhoto, Report

PHOTOS_A_CASE = 20


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo as it is kept: the hash of its file and of what was sent, and its size."""

    sha256: str
    sent_sha256: str
    bytes: int
    width: int
    height: int


def add(uow: UnitOfWork, case: str, report: str, picture: Picture) -> CasePhoto:
    """A photo of a case, or of the case a report belongs to by now. The same one again is the one there is.

    Raises Refused (unknown case or report, too many), Stale for a case that was merged.
    """
    told = uow.session.get(Report, report) if report else None
    if report and told is None:
        raise Refused("unknown_report", f"no report {report}")
    row = _locked(uow, told.case if told is not None else case)
    if row.state == "merged":
        raise Stale("case_merged", f"{row.number} was merged into {row.merged_into}: add the photo there")
    photos = photos_of(uow, row.number)
    same = [photo for photo in photos if photo.sent_sha256 == picture.sent_sha256]
    if same:
        if all(photo.removed_at is not None for photo in same):
            restore(uow, same[0].id)
        return same[0]
    if sum(photo.removed_at is None for photo in photos) >= PHOTOS_A_CASE:
        raise Refused("too_many_photos", f"{row.number} has {PHOTOS_A_CASE} photos: remove one first")
    photo = CasePhoto(
        id=uow.new_id("photo"), case=row.number, report=report, at=uow.now, by=uow.actor, **asdict(picture)
    )
    uow.session.add(photo)
    _said(uow, "photo.added", photo, sha256=photo.sha256, bytes=photo.bytes)
    return photo


def remove(uow: UnitOfWork, photo_id: str) -> None:
    """Out of sight, for now: `restore` brings it back until its file is gone. Raises Refused, Stale."""
    photo = _photo(uow, photo_id)
    if photo.removed_at is not None:
        raise Stale("photo_removed", f"photo {photo_id} was removed by {photo.removed_by}")
    photo.removed_at, photo.removed_by = uow.now, uow.actor
    _said(uow, "photo.removed", photo, sha256=photo.sha256)


def restore(uow: UnitOfWork, photo_id: str) -> None:
    """It was removed wrongly. Raises Refused where it is gone, Stale where it is there."""
    photo = _photo(uow, photo_id)
    if photo.removed_at is None:
        raise Stale("photo_there", f"photo {photo_id} is there")
    photo.removed_at, photo.removed_by = None, ""
    _said(uow, "photo.restored", photo, sha256=photo.sha256)


def photos_of(uow: UnitOfWork, case: str) -> list[CasePhoto]:
    """A case's photos, removed ones too, the oldest first."""
    rows = uow.session.exec(select(CasePhoto).where(CasePhoto.case == case).order_by(col(CasePhoto.at), CasePhoto.id))
    return list(rows)


def photos_of_report(uow: UnitOfWork, report: str) -> list[CasePhoto]:
    """Those that came with a report."""
    return list(uow.session.exec(select(CasePhoto).where(CasePhoto.report == report).order_by(CasePhoto.id)))


def move_photos(uow: UnitOfWork, photos: Iterable[CasePhoto], to: str) -> list[str]:
    """They are another case's from now on; their ids."""
    ids = []
    for photo in photos:
        photo.case = to
        ids.append(photo.id)
    return ids


def _photo(uow: UnitOfWork, photo_id: str) -> CasePhoto:
    photo = uow.session.get(CasePhoto, photo_id, with_for_update=True)
    if photo is None:
        raise Refused("unknown_photo", f"no photo {photo_id}")
    return photo


def _locked(uow: UnitOfWork, number: str) -> Case:
    """The case, nobody else's until the end of the transaction: photos are counted one sender at a time."""
    case = uow.session.get(Case, number, with_for_update=True)
    if case is None:
        raise Refused("unknown_case", f"no case {number}")
    return case


def _said(uow: UnitOfWork, action: str, photo: CasePhoto, **detail: str | int) -> None:
    uow.audit(action, f"case:{photo.case}", photo=photo.id, **detail)
    uow.session.flush()
    uow.emit("state", f"case:{photo.case}", "case.changed", {"case": photo.case}, f"{action}:{photo.id}")
