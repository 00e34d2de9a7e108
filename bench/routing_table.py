"""From rows of runs to a table of gaps and a picture: mean, spread, worst, and how many of how many came through."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

Row = dict[str, Any]

_COLOURS = (
    "#2b6cb0",
    "#c05621",
    "#2f855a",
    "#805ad5",
    "#b83280",
    "#718096",
    "#d69e2e",
    "#319795",
    "#9b2c2c",
    "#4a5568",
)


def with_gaps(rows: Iterable[Row]) -> list[Row]:
    """Rows with `gap`: per cent over the reference, or over the least cost any feasible run reached where none is."""
    kept = list(rows)
    least: dict[tuple[str, str], int] = {}
    for row in kept:
        if row.get("feasible"):
            key = row["set"], row["instance"]
            least[key] = min(row["cost"], least.get(key, row["cost"]))
    for row in kept:
        row["gap"] = None
        best = row.get("reference") or least.get((row["set"], row["instance"]))
        if row.get("feasible") and best:
            row["gap"] = 100 * (row["cost"] - best) / best
    return kept


def summary(rows: Iterable[Row]) -> list[Row]:
    """One line a set, budget and solver. Spread is the mean over instances of the seeds' range."""
    groups: dict[tuple[str, float, str], list[Row]] = {}
    for row in with_gaps(rows):
        groups.setdefault((row["set"], row["seconds"], row["engine"]), []).append(row)
    lines = []
    for (name, seconds, engine), found in groups.items():
        gaps = [row for row in found if row["gap"] is not None]
        by_instance: dict[str, list[float]] = {}
        for row in gaps:
            by_instance.setdefault(row["instance"], []).append(row["gap"])
        worst = max(gaps, key=lambda row: row["gap"], default=None)
        lines.append(
            {
                "set": name,
                "seconds": seconds,
                "engine": engine,
                "runs": len(found),
                "feasible": len(gaps),
                "instances": len(by_instance),
                "cpu_s": statistics.mean(row["cpu_s"] for row in gaps) if gaps else None,
                "mean": statistics.mean(statistics.mean(g) for g in by_instance.values()) if by_instance else None,
                "spread": statistics.mean(max(g) - min(g) for g in by_instance.values()) if by_instance else None,
                "worst": worst["gap"] if worst else None,
                "worst_at": worst["instance"] if worst else "",
                "note": next((row["note"] for row in found if row.get("note")), ""),
            }
        )
    return sorted(lines, key=lambda line: (line["set"], line["seconds"], line["mean"] is None, line["mean"] or 0.0))


def markdown(lines: Iterable[Row]) -> str:
    """The table for docs/benchmarks.md."""
    out = [
        "| set | CPU s | solver | mean gap % | spread | worst % | CPU s used | feasible runs |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for line in lines:
        if line["mean"] is None:
            out.append(f"| {line['set']} | {line['seconds']:g} | {line['engine']} | – | – | – | – | {_runs(line)} |")
            continue
        worst = f"{round(line['worst'], 2) + 0.0:.2f} ({line['worst_at']})"
        mean = round(line["mean"], 3) + 0.0
        figures = f"{mean:.3f} | {line['spread']:.3f} | {worst} | {line['cpu_s']:.1f}"
        out.append(f"| {line['set']} | {line['seconds']:g} | {line['engine']} | {figures} | {_runs(line)} |")
    return "\n".join(out)


def _runs(line: Row) -> str:
    """Feasible of all, and the reason where none came through."""
    note = f" ({line['note'][:80]})" if line["feasible"] == 0 and line["note"] else ""
    return f"{line['feasible']} of {line['runs']}{note}"


def picture(lines: Iterable[Row]) -> str:
    """Mean gaps as bars, one group a set and budget, as SVG text. No library is needed for it."""
    shown = [line for line in lines if line["mean"] is not None]
    engines = sorted({line["engine"] for line in shown})
    groups: dict[tuple[str, float], list[Row]] = {}
    for line in shown:
        groups.setdefault((line["set"], line["seconds"]), []).append(line)
    bar, left, width = 14, 190, 620
    most = max((max(0.0, line["mean"]) for line in shown), default=1.0) or 1.0
    parts, y = [], 30
    for (name, seconds), found in groups.items():
        parts.append(_text(10, y + 10, f"{name}, {seconds:g} s"))
        for line in found:
            length = (width - left - 150) * max(0.0, line["mean"]) / most
            colour = _COLOURS[engines.index(line["engine"]) % len(_COLOURS)]
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{colour}"/>')
            parts.append(_text(left + length + 4, y + 10, f"{line['engine']} {line['mean']:.2f}"))
            y += bar
        y += 10
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 10}" font-family="sans-serif">'
    title = _text(10, 16, "Mean gap in per cent at equal processor seconds")
    return "\n".join([head, f'<rect width="{width}" height="{y + 10}" fill="white"/>', title, *parts, "</svg>", ""])


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" font-size="11">{words}</text>'
