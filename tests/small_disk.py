"""A small disk that can be filled up: a tmpfs. Needs the right to mount one; tests are skipped where there is none."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size_mb: int) -> Iterator[Path]:
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int = 0) -> Path:
    """Take all room but `leave` bytes; others may be writing too."""
    filler = place / "filler"
    with filler.open("ab") as file:
        for _ in range(100):
            free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize - leave
            if free <= 0:
                return filler
            try:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
    raise AssertionError("others make room as fast as it is taken")
