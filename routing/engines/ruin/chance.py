"""Random numbers whose whole state is one array the caller owns: xorshift64* (Vigna 2016)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from routing.jit import leaf


def seeded(seed: int) -> Any:
    """State for a seed, shape (1,), uint64. Splitmix64 spreads small seeds over all bits."""
    mask = (1 << 64) - 1
    z = (seed + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return np.array([(z ^ (z >> 31)) or 1], np.uint64)


@leaf
def uniform(rng: Any) -> float:
    """A number in (0, 1)."""
    x = rng[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    rng[0] = x
    x = x * np.uint64(0x2545F4914F6CDD1D)
    return (float(x >> np.uint64(11)) + 0.5) * (1.0 / 9007199254740992.0)


@leaf
def below(rng: Any, n: int) -> int:
    """A whole number in 0 .. n - 1."""
    return int(uniform(rng) * n)


@leaf
def skips(rng: Any, blink: float) -> int:
    """How many positions are looked at before the next one is overlooked."""
    return int(math.log(uniform(rng)) / math.log(1.0 - blink))
