"""Files that are there whole or not at all, after a crash too."""

from __future__ import annotations

import os
from pathlib import Path

from models.ballast import full_disk_told
from models.errors import Unavailable


def write_durably(path: Path, content: bytes) -> Path:
    """Write a file so that it is there whole or not at all, after a crash too. Returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    write(fresh, content)
    fresh.rename(path)
    sync(path.parent)
    return path


def write(path: Path, content: bytes) -> None:
    """Write durably. Raises Unavailable on a full disk, leaving nothing there."""
    try:
        with full_disk_told(path), path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except Unavailable:
        path.unlink(missing_ok=True)
        raise


def sync(folder: Path) -> None:
    """Make what was renamed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
