"""Which stations a run serves: two thresholds (urgent, eligible); the last run of a day takes all that is left."""

from __future__ import annotations

from dispatch.params import CollectionParams


def select_stations(
    levels: dict[str, float | None], last_run: bool, params: CollectionParams
) -> dict[str, tuple[str, float]]:
    """Station → (urgent, eligible or daily; level taken). A station that never reported is taken at the default."""
    chosen: dict[str, tuple[str, float]] = {}
    for station, reported in levels.items():
        level = params.default_pct if reported is None else reported
        if level >= params.urgent_pct:
            chosen[station] = ("urgent", level)
        elif level >= params.eligible_pct:
            chosen[station] = ("eligible", level)
        elif last_run:
            chosen[station] = ("daily", level)
    return chosen
