from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from models.database import Database
from models.ids import sheet_code, stop_payload
from models.tables.city import Worker
from models.tables.plans import Route
from printouts import pool as pool_module
from printouts.child import TEMPLATES, compiler
from printouts.data import qr_bits, sheet_data
from printouts.paper import paper_of
from printouts.pool import Job, Pool
from printouts.render import Unprintable, job_of, merge, render_many, render_sheet
from printouts.values import SheetData
from tests.printouts.conftest import BEATS, CASE, COLLECTION, SALTING


def sheet(database: Database, plan: str) -> SheetData:
    with database.read() as session:
        return sheet_data(session, f"{plan}@1/1")


def text_of(pdf: bytes) -> str:
    """All text without spaces: where the typesetter breaks lines is not the matter here."""
    pages = PdfReader(BytesIO(pdf)).pages
    return re.sub(r"[\s\u200b\xa0]+", "", "".join(page.extract_text() for page in pages))


def test_sheets_say_who_when_what_and_which(database: Database) -> None:
    sheets = [sheet(database, plan) for plan in (SALTING, COLLECTION, BEATS)]
    salting, collection, beats = (text_of(pdf) for pdf, _ in render_many(sheets))
    for words in ("苏K·S0001", "王建国", "16:20", f"{SALTING}@1", "20g/m²", "装盐", "降雪起始时间按推定", "䶮泽巷"):
        assert words in salting
    for words in ("翠湖花园1号站", "其他240L×3", "卸料", "陈喆", "孙𠮷", CASE):
        assert words in collection
    for words in ("人工清雪任务单", "周淼", "郑㛃", "雪铲", "屏淮路×秦邮路", "180m²"):
        assert words in beats
    for data, text in zip(sheets, (salting, collection, beats), strict=True):
        assert data.code in text
    with database.read() as session:
        assert sheets[0].code == sheet_code(session.get_one(Route, f"{SALTING}@1/1").route_hash)


@pytest.mark.parametrize(("size", "large", "wide_mm", "high_mm"), [("a4", True, 210, 297), ("a3", False, 297, 420)])
def test_other_paper_and_larger_type_say_the_same(
    database: Database, size: str, large: bool, wide_mm: int, high_mm: int
) -> None:
    data = sheet(database, COLLECTION)
    (plain, plain_pages), (pdf, pages) = render_sheet(data), render_sheet(data, paper_of(size, large))
    box = PdfReader(BytesIO(pdf)).pages[0].mediabox
    assert (round(float(box.width) / 72 * 25.4), round(float(box.height) / 72 * 25.4)) == (wide_mm, high_mm)
    # page numbers and repeated heads differ with the number of pages; every other word is there
    words = {word for word in re.split(r"\s+", whole_text(plain)) if not re.fullmatch(r"\d+/?", word)}
    said = text_of(pdf)
    assert not {word for word in words if word not in said}
    assert pages > plain_pages if large else pages <= plain_pages
    assert render_sheet(data, paper_of(size, large))[0] == pdf


def whole_text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_pages_are_numbered_and_counted(database: Database) -> None:
    pdf, pages = render_sheet(sheet(database, SALTING))
    reader = PdfReader(BytesIO(pdf))
    assert pages == len(reader.pages) >= 2
    for number, page in enumerate(reader.pages, 1):
        assert f"{number}/{pages}" in re.sub(r"\s", "", page.extract_text())


def test_hostile_text_is_printed_as_it_is_written(database: Database) -> None:
    with database.write() as session:
        driver = session.get_one(Worker, "CR1-0")
        driver.name = '#panic("x") *王* 😀'
        session.add(driver)
    pdf, _ = render_sheet(sheet(database, SALTING))
    text = text_of(pdf)
    assert '#panic("x")*王*[GRINNINGFACE]' in text
    assert '#read("/etc/passwd")' in text and "root:x:" not in text
    assert "A" * 400 not in text


def test_same_data_same_bytes(database: Database) -> None:
    data = sheet(database, BEATS)
    first, second = render_sheet(data)[0], render_sheet(data)[0]
    assert first == second
    assert merge([first, first]) == merge([second, second])


def test_merged_sheets_begin_on_a_front_page(database: Database) -> None:
    pdfs = [pdf for pdf, _ in render_many([sheet(database, SALTING), sheet(database, BEATS)])]
    counts = [len(PdfReader(BytesIO(pdf)).pages) for pdf in pdfs]
    merged = PdfReader(BytesIO(merge(pdfs)))
    assert len(merged.pages) == sum(count + count % 2 for count in counts)
    second = merged.pages[counts[0] + counts[0] % 2].extract_text()
    assert "人工一队" in second


def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_printed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(sheet(database, BEATS))
    with Pool(1) as pool:
        monkeypatch.setattr(pool_module, "SECONDS_LIMIT", 0.0)
        (_, late), *_ = list(pool.run([job]))
        monkeypatch.undo()
        (_, printed), *_ = list(pool.run([job]))
    assert late.error.startswith("not typeset within") and not late.pdf
    assert printed.pdf.startswith(b"%PDF") and not printed.error


def test_a_dead_child_and_a_bad_document_stop_nobody_else(database: Database) -> None:
    good = job_of(sheet(database, BEATS))
    with Pool(1) as pool:
        list(pool.run([good]))
        pool._idle[0].process.kill()
        pool._idle[0].process.wait()
        results = dict(pool.run([good, Job("nothing", {}), Job("sheet", {"created": 0}), good]))
    assert "died" in results[0].error
    assert "no template" in results[1].error
    assert results[2].error
    assert results[3].pdf.startswith(b"%PDF")


def test_children_are_bounded_in_memory(database: Database) -> None:
    with Pool(1) as pool:
        list(pool.run([job_of(sheet(database, BEATS))]))
        limits = Path(f"/proc/{pool._idle[0].process.pid}/limits").read_text().splitlines()
    line = next(row for row in limits if row.startswith("Max address space"))
    assert line.split()[3] == str(1 << 30)


def test_too_large_a_description_is_refused(database: Database) -> None:
    data = replace(sheet(database, BEATS), map_svg="x" * (9 << 20))
    with pytest.raises(Unprintable, match="exceeds"):
        render_sheet(data)


def test_each_stop_s_code_stands_on_the_paper_as_it_was_made(database: Database) -> None:
    data = sheet(database, COLLECTION)
    marked = [row for row in data.rows if row.qr] * 3  # together longer than a page
    marked = [replace(row, n=n, qr=qr_bits(stop_payload(data.code, n))) for n, row in enumerate(marked, 1)]
    data = replace(data, rows=tuple(marked))
    codes = ["".join(row.qr) for row in marked]
    assert len(codes) == len(set(codes)) == 60
    assert not set(codes) - found_codes(data), "each whole, with white around"
    pages = PdfReader(BytesIO(render_sheet(data)[0])).pages
    pictures = {image.data for page in pages for image in page.images}
    assert len(pictures) == 1, "one picture of all, not one each"


def found_codes(data: SheetData) -> set[str]:
    """The codes as they are to be seen on the pages: 21 by 21 points with white around, each by its bits; where
    points are looked at near their edges, misread ones too."""
    dots = 3  # of the drawn page, a point of the code
    drawn = compiler().compile(
        input=str(TEMPLATES / "sheet.typ"),
        format="png",
        ppi=25.4 / 0.45 * dots,
        sys_inputs={"data": json.dumps(data.to_json()), "width": "210.0", "height": "297.0"},
    )
    corner = np.ones((9, 9), bool)  # one of the three squares by which a code is found, in white
    corner[1:8, 1:8], corner[2:7, 2:7], corner[3:6, 3:6] = False, True, False
    found = set()
    for page in drawn if isinstance(drawn, list) else [drawn]:
        light = np.asarray(Image.open(BytesIO(page)).convert("L")) > 127
        for y, x in product(range(dots), repeat=2):
            points = light[y::dots, x::dots]
            views = np.lib.stride_tricks.sliding_window_view(points, (23, 23))
            for view in views[(views[:, :, :9, :9] == corner).all(axis=(2, 3))]:
                inner = view[1:22, 1:22]
                if view.sum() - inner.sum() == 23 * 23 - 21 * 21:
                    found.add("".join("0" if point else "1" for point in inner.ravel()))
    return found
