"""One typed door to numba, so that modules with kernels stay checkable and cached the same way.

Import modules that hold kernels only when an engine runs: importing them loads numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

numba.config.LOOP_VECTORIZE = 0
"""Our inner loops run over one or two modes or facilities: vectorised they take a third longer."""

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile on first use and keep the machine code in the cache beside the module."""
    return cast(F, numba.njit(cache=True)(function))


def leaf(function: F) -> F:
    """A small function called in a kernel's inner loop: put into its caller before optimisation. It makes no array.

    Without it numba counts references on every array argument of every call, which costs ten times the work done.
    """
    return cast(F, numba.njit(cache=True, forceinline=True, _nrt=False)(function))


def steady(function: F) -> F:
    """A kernel that makes no array: compiled without numba's reference counting."""
    return cast(F, numba.njit(cache=True, _nrt=False)(function))
