"""Sheets and slips to PDF, and many PDFs to one that can be printed on both sides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject

from models.errors import SweeplineError
from models.ids import content_hash
from printouts.pool import Job, Pool, Printed
from printouts.values import SheetData, SlipData

Progress = Callable[[int, int], None]
"""(done, total)."""


class Unprintable(SweeplineError):
    """A sheet that could not be typeset: which, and the compiler's word."""


def silent(done: int, total: int) -> None:
    """Progress nobody looks at."""


def job_of(data: SheetData | SlipData) -> Job:
    """The typesetting job of a sheet or slip."""
    return Job("sheet" if isinstance(data, SheetData) else "slip", data.to_json())


def render_sheet(data: SheetData | SlipData) -> tuple[bytes, int]:
    """One PDF and its number of pages, typeset in a child process. Raises Unprintable."""
    return render_many([data], processes=1)[0]


def render_many(
    sheets: Sequence[SheetData | SlipData], processes: int = 2, progress: Progress = silent
) -> list[tuple[bytes, int]]:
    """(PDF, pages) of each, in the order given. Raises Unprintable for the first that failed, when all have run."""
    results: list[Printed | None] = [None] * len(sheets)
    with Pool(min(processes, max(1, len(sheets)))) as pool:
        for done, (index, printed) in enumerate(pool.run([job_of(sheet) for sheet in sheets]), 1):
            results[index] = printed
            progress(done, len(sheets))
    out: list[tuple[bytes, int]] = []
    for sheet, result in zip(sheets, results, strict=True):
        if result is None or result.error:
            reason = result.error if result is not None else "no answer"
            raise Unprintable(f"sheet {sheet.code} ({sheet.plan}@{sheet.version} {sheet.vehicle}): {reason}")
        out.append((result.pdf, result.pages))
    return out


def merge(pdfs: Sequence[bytes]) -> bytes:
    """One PDF of all, each beginning on the front of a leaf: odd ones get a blank back. Same input, same bytes."""
    writer = PdfWriter()
    for pdf in pdfs:
        reader = PdfReader(BytesIO(pdf))
        for page in reader.pages:
            writer.add_page(page)
        if len(reader.pages) % 2:
            box = reader.pages[-1].mediabox
            writer.add_blank_page(width=box.width, height=box.height)
    writer.add_metadata({"/Producer": "Sweepline"})
    identity = ByteStringObject(bytes.fromhex(content_hash(b"".join(pdfs))[:32]))
    writer._ID = ArrayObject((identity, identity))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
