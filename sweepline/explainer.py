"""What would let left-out tasks be served, for the console: worked out by `plan explain` in a child process.

The console itself loads no engine. A version never changes, so what was worked out for it is kept.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from models.errors import Refused, Unavailable

LIMIT_S = 90
KEPT = 32
_RUN = "from sweepline.cli import main; main()"


class Explainer:
    """One child at a time: the machine is the planner's first."""

    def __init__(self, data_dir: Path, limit_s: float = LIMIT_S) -> None:
        self._data_dir = data_dir
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, list[dict[str, Any]]] = OrderedDict()

    def __call__(self, version_id: str) -> list[dict[str, Any]]:
        """The unserved rows of a version with what binds each and its relaxations, cheapest first.

        Raises Unavailable while another one is worked out or when it takes too long, Refused where it cannot be.
        """
        if version_id in self._kept:
            return self._kept[version_id]
        if not self._lock.acquire(blocking=False):
            raise Unavailable("another plan is being explained; try again in a moment")
        try:
            rows: list[dict[str, Any]] = json.loads(self._run(version_id))["unserved"]
            self._kept[version_id] = rows
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return rows
        finally:
            self._lock.release()

    def _run(self, version_id: str) -> bytes:
        words = ["plan", "explain", "--data", str(self._data_dir), "--json", "--", version_id]
        command = [sys.executable, "-c", _RUN, *words]
        try:
            done = subprocess.run(command, capture_output=True, timeout=self._limit_s, check=False)
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"{version_id} could not be explained within {self._limit_s:g} s") from error
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise Refused("unexplained", lines[-1][:300])
        return done.stdout
