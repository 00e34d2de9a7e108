"""What-if for the console: `plan what-if` in a child process, one at a time, looked at while it runs, kept when done.

The console itself loads no engine, and nothing of a what-if is stored: it is gone when the console ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dispatch.whatif import Change
from models.errors import Unavailable

LIMIT_S = 180
"""A child that takes longer is ended: loading, solving and the difference of a large district."""
LOADING_S = 8
"""What a child takes besides its search, about; only for telling how far it is."""
_RUN = "from sweepline.cli import main; main()"


class WhatIfDesk:
    """The what-if that is worked out now, or the last one. `search_s`: how long a plan is improved."""

    def __init__(self, data_dir: Path, search_s: float, limit_s: float = LIMIT_S) -> None:
        self._data_dir = data_dir
        self._expected_s = search_s + LOADING_S
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._state: dict[str, Any] | None = None

    def start(self, version_id: str, change: Change, actor: str) -> None:
        """Start working one out. Raises Unavailable while another one is."""
        with self._lock:
            if self._child is not None and self._state is not None:
                raise Unavailable(f"a what-if of {self._state['by']} is being worked out; try again in a moment")
            options = [f"--without={change.without}", f"--close={change.close}", f"--rate={change.rate}"]
            words = ["plan", "what-if", "--data", str(self._data_dir), "--json", *options]
            command = [sys.executable, "-c", _RUN, *words, f"--onset-min={change.onset_min}", "--", version_id]
            self._child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self._began = time.monotonic()
            state = {"version": version_id, "change": asdict(change), "by": actor, "state": "running", "text": ""}
            self._state = {**state, "expected_s": self._expected_s, "elapsed_s": 0.0, "result": None}
            threading.Thread(target=self._wait, args=(self._child,), name="what-if", daemon=True).start()

    def look(self) -> dict[str, Any] | None:
        """The last one asked for: `state` running, done, failed or stopped; None where none was."""
        with self._lock:
            if self._state is None:
                return None
            elapsed = time.monotonic() - self._began if self._child is not None else self._state["elapsed_s"]
            return {**self._state, "elapsed_s": round(elapsed, 1)}

    def stop(self) -> None:
        """End the one that is worked out, or forget the last one."""
        with self._lock:
            child, self._child, self._state = self._child, None, None
        if child is not None:
            child.kill()

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        try:
            out, err = child.communicate(timeout=self._limit_s)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            err = f"not worked out within {self._limit_s:g} s".encode()
        with self._lock:
            if self._child is not child or self._state is None:
                return  # stopped meanwhile
            self._child = None
            elapsed = time.monotonic() - self._began
            self._state = {**self._state, "elapsed_s": elapsed, **_told(child.returncode, out, err)}


def _told(code: int, out: bytes, err: bytes) -> dict[str, Any]:
    if code == 0:
        return {"state": "done", "result": json.loads(out)}
    lines = err.decode(errors="replace").strip().splitlines() or ["no reason given"]
    return {"state": "failed", "text": lines[-1][:300]}
