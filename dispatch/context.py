"""What a use case needs besides its transaction: the rules and the city's constants. Built once by compose."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.params import Rules


@dataclass(frozen=True, slots=True)
class Context:
    """`latency` says whether plans take effect after the simulated latencies (demo) or at once (live).

    `replay` forbids self-start: a replayed log must not send anybody out.
    """

    rules: Rules
    city: str
    zone: str
    latency: bool = False
    replay: bool = False
