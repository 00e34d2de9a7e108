"""What a probe says, and how probes are run: side by side, each with a limit, so that one that hangs holds up none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from models.errors import SweeplineError

TEXT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `text` says what is there, or what is wrong and what to do."""

    what: str
    ok: bool
    text: str


Probe = Callable[[], Sequence[Finding]]


def fault(what: str, text: str) -> Finding:
    """Something that wants attention."""
    return Finding(what, False, text)


def run_probes(probes: Sequence[tuple[str, Probe, float]]) -> list[Finding]:
    """All findings of (name, probe, seconds it may take), in that order. One that fails or hangs is a finding itself.

    Threads are daemons: one that hangs does not keep the process.
    """
    answers: dict[str, Sequence[Finding]] = {}
    threads = []
    began = time.monotonic()
    for name, probe, _ in probes:

        def ask(name: str = name, probe: Probe = probe) -> None:
            answers[name] = _asked(name, probe)

        threads.append(threading.Thread(target=ask, daemon=True, name=f"doctor {name}"))
        threads[-1].start()
    found: list[Finding] = []
    for (name, _, limit_s), thread in zip(probes, threads, strict=True):
        thread.join(max(0.0, began + limit_s - time.monotonic()))
        hung = f"no answer within {limit_s:g} s: it hangs, or the machine is overloaded; look at its log"
        found.extend(answers.get(name, [fault(name, hung)]))
    return found


def _asked(name: str, probe: Probe) -> Sequence[Finding]:
    try:
        return probe()
    except (SweeplineError, SQLAlchemyError, OSError) as error:
        return [fault(name, " ".join(str(error).split()))]
    except Exception as error:
        return [
            fault(name, f"could not be looked at ({type(error).__name__}: {' '.join(str(error).split())[:TEXT_LIMIT]})")
        ]
