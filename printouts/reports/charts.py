"""Charts as SVG, told apart by dash and pattern and never by colour: they are read in black and white."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from printouts.svg import text
from printouts.values import Words

WIDTH = 740.0
DASHES = ("", "7 3", "2 2.5", "9 3 2 3")
"""Line styles in the order of the classes: solid, dashed, dotted, dash-dot."""
FILLS = ("#000", "url(#lines)", "url(#dots)", "#fff")
"""Parts of a bar in their order: black, hatched, dotted, white."""
PATTERNS = (
    '<pattern id="lines" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="#fff"/>'
    '<path d="M0 5L5 0" stroke="#000" stroke-width="1.4"/></pattern>'
    '<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="#fff"/>'
    '<circle cx="2.5" cy="2.5" r=".9" fill="#000"/></pattern>'
)
_SOFT = "#555"


def _document(width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}">{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a step chart: its name, what is whole, and what was added when."""

    name: str
    whole: float
    steps: tuple[tuple[datetime, float], ...]


def steps(
    series: Sequence[Series], start: datetime, end: datetime, marks: Sequence[tuple[datetime, str]], zone: ZoneInfo
) -> str:
    """Shares of each series over time as step lines, with upright marks at instants that matter."""
    left, right, top, height = 46.0, 176.0, 30.0, 135.0
    wide = WIDTH - left - right
    span = max((end - start).total_seconds(), 1.0)

    def x(at: datetime) -> float:
        return left + wide * min(1.0, max(0.0, (at - start).total_seconds() / span))

    def y(part: float) -> float:
        return top + height * (1 - part)

    parts = []
    for percent in (0, 25, 50, 75, 100):
        at = y(percent / 100)
        parts.append(f'<path d="M{left:g} {at:.1f}H{left + wide:.1f}" stroke="#bbb" stroke-width=".6"/>')
        parts.append(text(f"{percent} %", left - 5, at + 4, 11, _SOFT, anchor="end"))
    for at_, words in _ticks(start, end, zone):
        parts.append(f'<path d="M{x(at_):.1f} {top + height:g}v4" stroke="#000"/>')
        parts.append(text(words, x(at_), top + height + 16, 11, _SOFT))
    for n, (at_, words) in enumerate(sorted(marks)):
        if start <= at_ <= end:
            place = x(at_)
            parts.append(
                f'<path d="M{place:.1f} {top - 4:g}V{top + height:g}" stroke="#000" stroke-width="1" '
                'stroke-dasharray="1.5 2.5"/>'
            )
            anchor = "end" if place > left + wide * 0.8 else "start"
            parts.append(text(words, place, top - 8 - 11 * (n % 2), 11, "#000", bold=True, anchor=anchor))
    used: list[float] = []
    for n, line in enumerate(series):
        data = [f"M{x(start):.1f} {y(0):.1f}"]
        done = 0.0
        for at_, group in itertools.groupby(line.steps, key=lambda step: step[0]):
            done += sum(part for _, part in group)
            data.append(f"H{x(at_):.1f}V{y(done / line.whole if line.whole else 0):.1f}")
        data.append(f"H{left + wide:.1f}")
        dash = DASHES[n % len(DASHES)]
        style = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<path d="{"".join(data)}" fill="none" stroke="#000" stroke-width="1.8"{style}/>')
        # names stand at the end of their lines, moved down where one stands already
        where = y(done / line.whole if line.whole else 0) + 4
        while any(abs(where - other) < 13 for other in used):
            where += 13
        used.append(where)
        place = left + wide + 6
        parts.append(f'<path d="M{place:.1f} {where - 4:.1f}h20" stroke="#000" stroke-width="1.8" fill="none"{style}/>')
        parts.append(text(line.name, place + 24, where, 10.5, "#000", anchor="start"))
    return _document(WIDTH, top + height + 24, parts)


def _ticks(start: datetime, end: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Full hours, as many as can be read."""
    hours = max(1, int((end - start).total_seconds() // 3600))
    every = next(step for step in (1, 2, 3, 6, 12, 24, 24 * 7, 24 * 365) if hours / step <= 10 or step == 24 * 365)
    local = start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    found = []
    while local.astimezone(start.tzinfo) <= end:
        if local >= start.astimezone(zone) and local.hour % min(every, 24) == 0:
            found.append((local.astimezone(start.tzinfo), f"{local:%H:%M}"))
        local = (local.astimezone(start.tzinfo) + timedelta(hours=1)).astimezone(zone)
    return found


def shares(rows: Sequence[tuple[Words, Sequence[float]]], names: Sequence[str]) -> str:
    """A bar a row, full width for its whole, split into parts by pattern; the parts' names below."""
    left, step, thick = 160.0, 27.0, 16.0
    wide = WIDTH - left - 70
    parts = [f"<defs>{PATTERNS}</defs>"]
    for n, (name, values) in enumerate(rows):
        at, top, whole = left, 4 + n * step, sum(values)
        parts.append(text(name[0], left - 8, top + 9, 11.5, "#000", anchor="end"))
        parts.append(text(name[1], left - 8, top + 19, 8.5, _SOFT, anchor="end"))
        for part, value in enumerate(values):
            width = wide * value / whole if whole else 0
            if width > 0:
                parts.append(
                    f'<rect x="{at:.1f}" y="{top:g}" width="{width:.1f}" height="{thick:g}" '
                    f'fill="{FILLS[part % len(FILLS)]}"/>'
                )
                at += width
        parts.append(f'<rect x="{left:g}" y="{top:g}" width="{wide:g}" height="{thick:g}" fill="none" stroke="#000"/>')
        parts.append(text(f"{whole / 1000:,.1f} km", left + wide + 6, top + thick - 3, 11.5, _SOFT, anchor="start"))
    below = 8 + len(rows) * step
    for part, label in enumerate(names):
        place = left + part * wide / len(names)
        fill = FILLS[part % len(FILLS)]
        parts.append(f'<rect x="{place:.1f}" y="{below:g}" width="12" height="12" fill="{fill}" stroke="#000"/>')
        parts.append(text(label, place + 17, below + 10.5, 11.5, "#000", anchor="start"))
    return _document(WIDTH, below + 18, parts)


def hours(values: Sequence[int]) -> str:
    """A column an hour of the day, with its number above."""
    left, top, height = 20.0, 18.0, 120.0
    step = (WIDTH - 2 * left) / len(values)
    most = max([*values, 1])
    parts = [f'<path d="M{left:g} {top + height:g}H{WIDTH - left:g}" stroke="#000"/>']
    for hour, value in enumerate(values):
        place, tall = left + hour * step, height * value / most
        if value:
            parts.append(
                f'<rect x="{place + 3:.1f}" y="{top + height - tall:.1f}" width="{step - 6:.1f}" '
                f'height="{tall:.1f}" fill="#000"/>'
            )
            parts.append(text(str(value), place + step / 2, top + height - tall - 4, 11, "#000", bold=True))
        parts.append(text(f"{hour:02d}", place + step / 2, top + height + 14, 11, _SOFT))
    return _document(WIDTH, top + height + 20, parts)
