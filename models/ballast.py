"""A full disk: a file that only takes up room (the ballast) is given up, so that the last commands still go through.

Given up when hardly any room is left or a write has failed for want of it. While it is gone the disk counts as low and
telemetry is refused; what is left is for commands. It is put back by itself as soon as there is room for it twice over.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import Unavailable

LOW_WATER = 2 * 1024 * 1024
"""Bytes free below which the ballast goes at once: a transaction that has begun should not fail."""
DISK_FULL = "disk is full"
"""SQLite's words, and ours."""


class Ballast:
    """The file `path` of `size` bytes. Its being there is the state, so that every process of the directory sees it."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._kept = False

    def keep(self) -> None:
        """Put the ballast in place, now or when there is room: for the process that runs the system."""
        self._kept = self._size > 0
        self.look()

    def look(self) -> None:
        """Before a write: give the ballast up where it is needed, put it back where there is room."""
        if not self._size:
            return
        free = self._free()
        if free < LOW_WATER:
            self.release()
        elif self._kept and free >= 2 * self._size and not self._path.exists():
            self._fill()

    def release(self) -> None:
        """Give the ballast up."""
        self._path.unlink(missing_ok=True)

    def is_low(self) -> bool:
        """Whether the ballast is gone and there is no room for it: what is left is for commands."""
        return bool(self._size) and not self._path.exists() and self._free() < 2 * self._size

    def _free(self) -> int:
        place = os.statvfs(self._path.parent)
        return place.f_bavail * place.f_frsize

    def _fill(self) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, self._size)
        except OSError:
            self.release()  # another process was quicker with that room: the next look tries again
        finally:
            os.close(handle)


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """Around the writing of a file. Raises Unavailable when there is no room for it."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Unavailable(f"{DISK_FULL}: no room for {path}; make room there") from error
