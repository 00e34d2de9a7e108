"""What a sheet is printed on, and how large its type is.

Larger type is a smaller page magnified: everything grows alike, and the lines break anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

LARGE = 1.3
"""Large type: the 10.5 points of running text become 13.7, a street's name 17."""
A3_ZOOM = 1.2
"""A3 hangs farther from the eyes than A4 is held; the rest of its room goes to the map and to rows."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page in millimetres as it leaves the printer, and how much what is set on it is magnified."""

    width_mm: float = 210.0
    height_mm: float = 297.0
    zoom: float = 1.0

    @property
    def set_on(self) -> tuple[float, float]:
        """Millimetres of the page that is typeset before it is magnified."""
        return round(self.width_mm / self.zoom, 2), round(self.height_mm / self.zoom, 2)


A4 = Paper()
SIZES = {"a4": A4, "a3": Paper(297.0, 420.0, A3_ZOOM)}


def paper_of(size: str, large: bool) -> Paper:
    """A4 or A3, in common or large type. `size` is a key of SIZES."""
    paper = SIZES[size]
    return Paper(paper.width_mm, paper.height_mm, round(paper.zoom * LARGE, 2)) if large else paper


def magnify(pdf: bytes, zoom: float) -> bytes:
    """A PDF with every page larger by a factor. Same input, same bytes."""
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=BytesIO(pdf))
    for page in writer.pages:
        page.scale_by(zoom)
        page.compress_content_streams()
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
