"""Solves in child processes that may die, hang or run out of memory without taking the planner along."""

from __future__ import annotations

import multiprocessing
import os
import time
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import structlog

from routing.errors import RoutingError
from streams.solving import SolveResult, SolveTask, limit_child, solve_child, warm_child

log = structlog.get_logger(__name__)

GREEDY_LIMIT_S = 30.0
"""A first plan or an insertion that takes longer hangs; an improvement gets as much on top of its time."""
KILL_FACTOR = 1.5
ITERATIONS_LIMIT_S = 900.0
"""A solve by iterations has no time of its own; one that takes this long hangs."""
REST_S = 20.0
"""Processes are given back when nothing was asked of them for so long."""


class SolverFailed(Exception):
    """A solve that brought nothing; the message says why."""


def _begin(nice: int) -> None:
    """A child's first deed."""
    os.nice(nice)
    limit_child()


class SolverPool:
    """`processes` children, started when first asked; 0 solves in this process: no memory limit, no kill (tests).

    `nice`: how far they stand back where others on the machine have work.
    """

    def __init__(self, processes: int, nice: int = 0) -> None:
        self._processes = processes
        self._nice = nice
        self._pool: ProcessPoolExecutor | None = None
        self._asked = time.monotonic()
        self._ended = False

    def warm(self) -> None:
        """Start a child and have it load its libraries, before anybody waits for it."""
        if self._processes:
            self._executor().submit(warm_child)

    def rest(self) -> None:
        """Give the children back when nothing was asked of them for a while."""
        if self._pool is not None and time.monotonic() - self._asked > REST_S:
            self.close()

    def submit(self, task: SolveTask) -> Future[SolveResult]:
        """Begin a solve. Raises SolverFailed after `end`."""
        if self._ended:
            raise SolverFailed("the planner ends")
        self._asked = time.monotonic()
        if self._processes:
            try:
                return self._executor().submit(solve_child, task)
            except BrokenProcessPool:  # a child died while nobody waited for it
                self._kill()
                return self._executor().submit(solve_child, task)
        done: Future[SolveResult] = Future()
        try:
            done.set_result(solve_child(task))
        except Exception as error:
            done.set_exception(error)
        return done

    def result(self, task: SolveTask, future: Future[SolveResult], shared: bool) -> SolveResult:
        """What a child made. Raises RoutingError for a problem that cannot be planned, else SolverFailed.

        A child that dies takes the pool along, whoever's solve it was: a solve that `shared` it is tried again alone,
        so that only the one to blame is held to account.
        """
        limit_s = limit_of(task)
        try:
            return future.result(timeout=limit_s)
        except RoutingError:
            raise
        except (BrokenProcessPool, CancelledError) as error:
            self._kill()
            log.warning("a solver process died", error=repr(error))
            if shared:
                return self.result(task, self.submit(task), False)
            raise SolverFailed("the solver's process died (killed, or out of memory)") from error
        except TimeoutError as error:
            self._kill()
            raise SolverFailed(f"the solver overran its limit of {limit_s:.0f} s") from error
        except MemoryError as error:
            self._kill()
            raise SolverFailed("the solver ran out of memory") from error
        except Exception as error:  # whatever it is, it is that solve's own: the planner goes on with the next one
            log.exception("a solve failed")
            raise SolverFailed(f"the solver failed: {type(error).__name__}: {error}") from error

    def end(self) -> None:
        """Kill the children, whatever they are at; nothing can be asked any more."""
        self._ended = True
        self._kill()

    def close(self) -> None:
        """Have the children end when they have done what they are at."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    def _executor(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=self._processes,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self._nice,),
            )
        return self._pool

    def _kill(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)


def limit_of(task: SolveTask) -> float:
    """Seconds after which a solve is killed."""
    if task.iterations is not None:
        return ITERATIONS_LIMIT_S
    seconds = task.seconds if task.mode in ("improve", "replan") else None
    return (seconds or GREEDY_LIMIT_S) * KILL_FACTOR + GREEDY_LIMIT_S
