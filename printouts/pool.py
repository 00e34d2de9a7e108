"""A few typesetting processes, each with one document in hand; one that takes too long is killed and replaced."""

from __future__ import annotations

import json
import os
import selectors
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from printouts.child import INPUT_BYTES
from printouts.paper import A4, Paper

SECONDS_LIMIT = 20.0
"""Wall seconds for one document; the longest honest sheet takes under one."""
OUTPUT_BYTES = 64 << 20
"""Largest answer taken from a child."""
PROCESSES_LIMIT = 8
_CHUNK = 1 << 16
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Job:
    """A document to typeset."""

    template: str
    data: dict[str, Any]
    paper: Paper = A4


@dataclass(frozen=True, slots=True)
class Printed:
    """A typeset document, or why there is none (`error`, then `pdf` is empty)."""

    pdf: bytes
    pages: int
    error: str = ""


def _frame(job: Job) -> bytes:
    request = {"template": job.template, "data": job.data, "page": job.paper.set_on, "zoom": job.paper.zoom}
    return json.dumps(request, ensure_ascii=False).encode()


class _Child:
    """One process and the frame it is answering."""

    def __init__(self) -> None:
        # A script of its own instead of multiprocessing: the parent's main module is never imported again.
        path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": path, "RAYON_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "printouts.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        assert self.process.stdout is not None
        self.out = self.process.stdout
        self.answer = bytearray()
        self.index = -1
        self.deadline = 0.0

    def give(self, index: int, job: Job, now: float) -> str:
        """Send a job; a reason when it cannot be sent."""
        body = _frame(job)
        if len(body) > INPUT_BYTES:
            return f"document description of {len(body)} bytes exceeds {INPUT_BYTES}"
        assert self.process.stdin is not None
        self.index, self.deadline = index, now + SECONDS_LIMIT
        self.answer.clear()
        try:
            self.process.stdin.write(struct.pack(">I", len(body)) + body)
            self.process.stdin.flush()
        except BrokenPipeError:
            return "the typesetting process died"
        return ""

    def take(self) -> Printed | None:
        """Read what is there; the result once the frame is complete."""
        part = os.read(self.out.fileno(), _CHUNK)
        if not part:
            return Printed(b"", 0, "the typesetting process died (out of memory?)")
        self.answer += part
        if len(self.answer) < 4:
            return None
        size = struct.unpack(">I", self.answer[:4])[0]
        if size > OUTPUT_BYTES:
            return Printed(b"", 0, f"answer of {size} bytes exceeds {OUTPUT_BYTES}")
        if len(self.answer) < 4 + size:
            return None
        body = bytes(self.answer[4:])
        if body[0] == 0:
            return Printed(body[5:], struct.unpack(">I", body[1:5])[0])
        return Printed(b"", 0, body[1:].decode(errors="replace"))

    def close(self, kill: bool) -> None:
        """End the process: at once, or when it has seen the end of its input."""
        if kill:
            self.process.kill()
        assert self.process.stdin is not None
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            self.process.kill()
        self.process.wait()
        self.out.close()


class Pool:
    """`with Pool(2) as pool: for index, printed in pool.run(jobs)`. Children live as long as the pool."""

    def __init__(self, processes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.processes = max(1, min(processes, PROCESSES_LIMIT))
        self._clock = clock
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._busy:
            child.close(kill=True)
        for child in self._idle:
            child.close(kill=False)
        self._busy.clear()
        self._idle.clear()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[int, Printed]]:
        """Each job's index and result, in the order they are done. A failed one never stops the others.

        The next job is asked for when a child is free: the caller may work it out while the others typeset.
        """
        waiting = enumerate(jobs)
        more = True
        with selectors.DefaultSelector() as selector:
            while more or self._busy:
                while more and len(self._busy) < self.processes:
                    index, job = next(waiting, (-1, None))
                    more = job is not None
                    refused = self._start(selector, index, job) if job is not None else ""
                    if refused:
                        yield index, Printed(b"", 0, refused)
                if self._busy:
                    yield from self._collect(selector)

    def _start(self, selector: selectors.BaseSelector, index: int, job: Job) -> str:
        child = self._idle.pop() if self._idle else _Child()
        refused = child.give(index, job, self._clock())
        if refused:
            child.close(kill=True)
            return refused
        self._busy.add(child)
        selector.register(child.out, selectors.EVENT_READ, child)
        return ""

    def _collect(self, selector: selectors.BaseSelector) -> Iterator[tuple[int, Printed]]:
        first = min(child.deadline for child in self._busy)
        for key, _ in selector.select(max(0.0, first - self._clock())):
            child = key.data
            printed = child.take()
            if printed is not None:
                selector.unregister(child.out)
                self._busy.discard(child)
                if printed.error.startswith(("the typesetting process", "answer of")):
                    child.close(kill=True)
                else:
                    self._idle.append(child)
                yield child.index, printed
        now = self._clock()
        for child in [child for child in self._busy if child.deadline <= now]:
            selector.unregister(child.out)
            self._busy.discard(child)
            child.close(kill=True)
            yield child.index, Printed(b"", 0, f"not typeset within {SECONDS_LIMIT:g} s")
