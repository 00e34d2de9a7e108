"""Photos as files: made anew in a child process, named by their content, and gone a day after their row was removed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlmodel import col, select

from dispatch.photos import Picture
from models.database import Database
from models.errors import Refused, Unavailable
from models.tables.work import CasePhoto
from printouts.files import write_durably

AT_ONCE = 2
"""Pictures opened at the same time; others wait."""
WAIT_S = 20.0
SECONDS_LIMIT = 30.0
"""Wall seconds for one picture; one of 12 million points takes one to three on a busy machine."""
KEPT = timedelta(days=1)
"""How long a removed photo can be brought back."""
GONE_AT_ONCE = 500
_CHILD = ["-m", "sweepline.photo_child"]
_ROOT = Path(__file__).resolve().parent.parent


class Photos:
    """The folder of photos. `keep` writes durably before it returns: the row comes after."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._writing = threading.Lock()

    def path(self, sha256: str, small: bool) -> Path:
        """Where a photo lies, or would."""
        return self._folder / f"{sha256}{'-small' if small else ''}.jpg"

    def keep(self, raw: bytes) -> Picture:
        """Make a photo anew and store it. Raises Refused for what is none, Unavailable when too many come at once."""
        if not self._turns.acquire(timeout=WAIT_S):
            raise Unavailable("many photos come in at once: send it again in a moment")
        try:
            head, full, small = _remade(raw)
        finally:
            self._turns.release()
        sha256 = hashlib.sha256(full).hexdigest()
        with self._writing:
            for content, path in ((small, self.path(sha256, True)), (full, self.path(sha256, False))):
                if path.exists():
                    path.touch()  # not left behind, but needed again: see `sweep`
                else:
                    write_durably(path, content)
        return Picture(sha256, hashlib.sha256(raw).hexdigest(), len(full), head["width"], head["height"])


def _remade(raw: bytes) -> tuple[dict[str, int], bytes, bytes]:
    """What the child makes of a picture. It gets no environment: neither passwords nor settings are in its reach."""
    child = subprocess.Popen(
        [sys.executable, "-P", *_CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))},
    )
    try:
        out, _ = child.communicate(raw, timeout=SECONDS_LIMIT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        out = b""
    line, end, rest = out.partition(b"\n")
    if not end:
        raise Refused("broken_photo", "the picture could not be opened within its limits of time and memory")
    head = json.loads(line)
    if "code" in head:
        raise Refused(head["code"], head["text"])
    return head, rest[: head["bytes"]], rest[head["bytes"] :]


def sweep(database: Database, folder: Path, now: datetime) -> int:
    """Forget photos removed more than a day ago, and files no row names (a command that failed); how many rows went."""
    with database.write() as session:
        old = select(CasePhoto).where(col(CasePhoto.removed_at) < now - KEPT)
        rows = session.exec(old.limit(GONE_AT_ONCE).with_for_update()).all()
        for row in rows:
            session.delete(row)
    with database.read() as session:
        named = set(session.exec(select(CasePhoto.sha256).distinct()).all())
    before = time.time() - KEPT.total_seconds()  # a file's age is real time, whatever the city's clock says
    for path in folder.glob("*.jpg"):
        if path.name[:64] not in named and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
    return len(rows)
