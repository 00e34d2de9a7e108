"""Sheets, slips and orders to PDF, and many PDFs to one that can be printed on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, ByteStringObject

from models.errors import SweeplineError
from models.ids import content_hash
from printouts.paper import A4, Paper
from printouts.pool import Job, Pool, Printed
from printouts.reports.values import ReportData
from printouts.values import OrderData, SheetData, SlipData

Progress = Callable[[int, int], None]
"""(done, total)."""


class Unprintable(SweeplineError):
    """A sheet that could not be typeset: which, and the compiler's word."""


def silent(done: int, total: int) -> None:
    """Progress nobody looks at."""


Printable = SheetData | SlipData | OrderData | ReportData
_TEMPLATES: dict[type, str] = {SheetData: "sheet", SlipData: "slip", OrderData: "order", ReportData: "report"}


def job_of(data: Printable, paper: Paper = A4) -> Job:
    """The typesetting job of a sheet, a slip, a plan's order or a report."""
    return Job(_TEMPLATES[type(data)], data.to_json(), paper)


def called(data: Printable) -> str:
    """What an error calls it."""
    if isinstance(data, OrderData):
        return f"order of {data.plan}@{data.version}"
    if isinstance(data, ReportData):
        return f"report {data.code}"
    return f"sheet {data.code} ({data.plan}@{data.version} {data.vehicle})"


def render_sheet(data: Printable, paper: Paper = A4) -> tuple[bytes, int]:
    """One PDF and its number of pages, typeset in a child process. Raises Unprintable."""
    return render_many([data], processes=1, paper=paper)[0]


def render_many(
    sheets: Iterable[Printable],
    processes: int = 2,
    progress: Progress = silent,
    total: int | None = None,
    paper: Paper = A4,
) -> list[tuple[bytes, int]]:
    """(PDF, pages) of each, in the order given. Raises Unprintable for the first that failed, when all have run.

    `sheets` may be a generator of `total`: each is worked out while others are typeset.
    """
    names: list[str] = []
    results: dict[int, Printed] = {}
    count = total if total is not None or not isinstance(sheets, Sized) else len(sheets)

    def jobs() -> Iterator[Job]:
        for sheet in sheets:
            names.append(called(sheet))
            yield job_of(sheet, paper)

    with Pool(processes if count is None else max(1, min(processes, count))) as pool:
        for index, printed in pool.run(jobs()):
            results[index] = printed
            progress(len(results), count if count is not None else len(names))
    for index, name in enumerate(names):
        if results[index].error:
            raise Unprintable(f"{name}: {results[index].error}")
    return [(results[index].pdf, results[index].pages) for index in range(len(names))]


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
