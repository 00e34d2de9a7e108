"""The roles as processes of their own, started again when they end, as a supervisor does in production."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tests.simulation.lab.services import ROOT, children

WATCH_S = 0.2
PAUSE_S = 0.5
"""Between the end of a process and its next start."""
STOP_S = 15.0
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One role of the production set-up, as `name`. `env` may be changed between two starts."""

    def __init__(self, name: str, role: str, data: Path, env: Mapping[str, str], logs: Path) -> None:
        self.name = name
        self.env = dict(env)
        self.exits: list[int] = []
        """Exit codes so far; minus the signal where one ended it."""
        self.wanted = False
        self._argv = [sys.executable, "-m", "sweepline.cli", "worker", role, "--data", str(data)]
        self._log = logs / f"{name}.log"
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._child is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._child.pid

    def start(self) -> None:
        self.wanted = True
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._argv,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )

    def watch(self) -> None:
        """Start it again where it has ended though it is wanted."""
        if self.wanted and self._child is not None and (code := self._child.poll()) is not None:
            self.exits.append(code)
            time.sleep(PAUSE_S)
            if self.wanted:
                self.start()

    def signal(self, number: signal.Signals) -> int:
        """Send a signal; the process it went to."""
        pid = self.pid
        os.kill(pid, number)
        return pid

    def children(self) -> list[int]:
        return children(self.pid)

    def ask_to_end(self) -> None:
        self.wanted = False
        if self._child is not None:
            self._child.terminate()
            self._child.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Wait for it to end, and kill it where it does not."""
        if self._child is None:
            return
        try:
            self._child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(STOP_S)

    def tail(self, lines: int = 5) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])


class Supervisor:
    """Watches processes until it is closed, then stops them."""

    def __init__(self, processes: list[Process]) -> None:
        self._processes = processes
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="supervisor")

    def start(self) -> None:
        for process in self._processes:
            process.start()
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(WATCH_S):
            for process in self._processes:
                process.watch()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        for process in self._processes:
            process.ask_to_end()
        for process in self._processes:
            process.end()
