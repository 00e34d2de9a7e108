"""The small pieces of a map's SVG: path data, texts, names along streets, chevrons. Map units, y grows downwards.

What is drawn many times (grounds, dots, shapes of numbers) is one path: in a PDF each costs a hundred bytes of its own.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from printouts.placement import Point, text_width

_FONT = 'font-family="Noto Sans SC"'


def _name_style(size: float, served: bool) -> str:
    weight, colour = (700, "#000") if served else (500, "#444")
    return f'{_FONT} font-size="{size:g}" font-weight="{weight}" text-anchor="middle" fill="{colour}"'


def _box(x: float, y: float, width: float, height: float, angle: float = 0.0) -> str:
    """Path data of a box around a point, turned."""
    c, s = math.cos(math.radians(angle)) / 2, math.sin(math.radians(angle)) / 2
    across, down = (width * c, width * s), (-height * s, height * c)
    corners = [
        (x + i * across[0] + j * down[0], y + i * across[1] + j * down[1])
        for i, j in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    return path_data(corners) + "z"


def grounds(boxes: str) -> str:
    """The light grounds under names. An outline of the letters would turn each into a drawing of its own."""
    return f'<path d="{boxes}" fill="#fff" fill-opacity=".7"/>' if boxes else ""


def along_line(name: str, x: float, y: float, angle: float, size: float, served: bool) -> tuple[str, str]:
    """A street's name written along it, and its ground's path data."""
    words = f'<text {_name_style(size, served)} y="{size * 0.36:.1f}">{escape(name)}</text>'
    turned = f'<g transform="translate({x:.1f} {y:.1f}) rotate({angle:.0f})">{words}</g>'
    return turned, _box(x, y, text_width(name, size), size * 1.1, angle)


def standing(name: str, x: float, y: float, angle: float, size: float, served: bool) -> tuple[str, str]:
    """One upright sign under the other, from the upper end of the line to the lower, and their ground's path data."""
    down = math.radians(angle if angle > 0 else angle + 180)
    step = size * 1.05
    offsets = [(i - (len(name) - 1) / 2) * step for i in range(len(name))]
    places = [(math.cos(down) * off, math.sin(down) * off + size * 0.36) for off in offsets]
    signs = [f'<tspan x="{u:.1f}" y="{v:.1f}">{escape(s)}</tspan>' for s, (u, v) in zip(name, places, strict=True)]
    words = f"<text {_name_style(size, served)}>{''.join(signs)}</text>"
    return f'<g transform="translate({x:.1f} {y:.1f})">{words}</g>', _box(x, y, size * 1.1, step * len(name))


def text(text: str, x: float, y: float, size: float, colour: str, bold: bool = False, anchor: str = "middle") -> str:
    """A short text on its base line."""
    weight = 700 if bold else 500
    return (
        f'<text {_FONT} font-weight="{weight}" font-size="{size:g}" text-anchor="{anchor}" '
        f'x="{x:.1f}" y="{y:.1f}" fill="{colour}">{escape(text)}</text>'
    )


def path_data(points: list[Point], digits: int = 1) -> str:
    """Absolute start, then relative steps, rounded to so many decimals without the rounding adding up."""
    x, y = round(points[0][0], digits), round(points[0][1], digits)
    parts = [f"M{x:g} {y:g}l"]
    for u, v in points[1:]:
        dx, dy = round(u - x, digits), round(v - y, digits)
        x, y = round(x + dx, digits), round(y + dy, digits)
        parts.append(f"{dx:g} {dy:g} ")
    return "".join(parts).rstrip()


def middle(line: list[Point], share: float) -> tuple[float, float, float]:
    """The point at a share of the line, and the upright angle of the line there in degrees."""
    target = sum(math.dist(a, b) for a, b in itertools.pairwise(line)) * share
    for a, b in itertools.pairwise(line):
        step = math.dist(a, b)
        if step >= target and step > 0:
            angle = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
            angle = angle - 180 if angle > 90 else angle + 180 if angle <= -90 else angle
            part = target / step
            return a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, angle
        target -= step
    return line[-1][0], line[-1][1], 0.0


def chevrons(line: list[Point], every: float = 26.0, size: float = 1.0, at_least: int = 1) -> str:
    """Chevrons along a line, one every so many units: its direction."""
    total = sum(math.dist(a, b) for a, b in itertools.pairwise(line))
    count = max(at_least if total > 16 * size else 0, min(12, int(total // every)))
    parts = []
    for i in range(count):
        target = total * (i + 0.5) / count
        for a, b in itertools.pairwise(line):
            step = math.dist(a, b)
            if step >= target and step > 0:
                dx, dy = (b[0] - a[0]) / step, (b[1] - a[1]) / step
                x, y = a[0] + dx * target, a[1] + dy * target
                long, wide = 2.2 * size, 1.7 * size
                back = [(x - long * dx - s * wide * dy, y - long * dy + s * wide * dx) for s in (1, -1)]
                parts.append(path_data([back[0], (x + size * dx, y + size * dy), back[1]]))
                break
            target -= step
    return "".join(parts)


def dots(places: Iterable[Point], width: float, colour: str, cap: str = "round") -> str:
    """Discs of a width, or squares with `cap` square: each a line of next to no length with thick ends."""
    path = "".join(f"M{x:.1f} {y:.1f}h.01" for x, y in places)
    return f'<path d="{path}" stroke="{colour}" stroke-width="{width:g}" stroke-linecap="{cap}"/>' if path else ""


def leaders(lines: Sequence[tuple[Point, Point]]) -> str:
    """Lines from places to their numbers, with a dot at each place."""
    path = "".join(path_data(list(line)) for line in lines)
    drawn = f'<path d="{path}" stroke="#000" stroke-width=".8"/>' if path else ""
    return drawn + dots([place for place, _ in lines], 4.0, "#000")


def numbers(marks: Sequence[tuple[int, Point, float]], size: float, square: bool) -> str:
    """(number, place, half its width): white in black squares, or black in discs with a rim."""
    parts = []
    for r in sorted({r for *_, r in marks}):
        places = [place for _, place, half in marks if half == r]
        if square:
            parts.append(dots(places, 2 * r, "#000", "square"))
        else:
            parts += [dots(places, 2 * r + 1.4, "#000"), dots(places, 2 * r - 1.4, "#fff")]
    colour = "#fff" if square else "#000"
    parts += [text(str(n), x, y + size * 0.36, size, colour, bold=True) for n, (x, y), _ in marks]
    return "".join(parts)
