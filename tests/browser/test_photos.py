"""Photos in a case's file: added from a file, seen large, removed, and each of it taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import col, select

from models.tables.work import CasePhoto
from tests.browser.conftest import OpenTab, Site
from tests.photos import camera_photo

pytestmark = pytest.mark.browser

ICE, FULL = "321084-20231218-00001", "321084-20231218-00002"
THUMBS = "[...document.querySelectorAll('.shots img')].filter((i) => i.complete && i.naturalWidth > 0).length"


def there(site: Site) -> int:
    with site.database.read() as session:
        return len(session.exec(select(CasePhoto).where(col(CasePhoto.removed_at).is_(None))).all())


def picture(tmp_path: Path, colour: str = "red") -> Path:
    path = tmp_path / f"{colour}.jpg"
    path.write_bytes(camera_photo((1200, 900), colour=colour))
    return path


def test_a_photo_is_added_seen_large_removed_and_brought_back(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_tab(webgl=False, at=f"#/cases/{FULL}")
    tab.sign_in("dong")
    page = tab.page
    page.wait_for_selector(".photos")
    assert "暂无" in page.inner_text(".photos")
    for number, colour in enumerate(("red", "blue"), 1):
        page.set_input_files("[data-key=photo-add]", picture(tmp_path, colour))
        tab.until(f"{THUMBS} === {number}")
    with site.database.read() as session:
        rows = session.exec(select(CasePhoto).order_by(CasePhoto.at, CasePhoto.id)).all()
    assert {(row.case, row.by, row.width, row.height) for row in rows} == {(FULL, "dong", 900, 1200)}, "turned once"
    assert "添加照片" in page.inner_text(".said >> nth=-1")
    assert tab.violations() == []
    page.click(".shots button >> nth=0")
    page.wait_for_selector("#photo-dialog[open]")
    tab.until("document.querySelector('#photo-dialog img').naturalHeight === 1200")
    assert "dong" in page.inner_text("#photo-dialog")
    assert tab.violations() == []
    page.click("[data-key=photo-next]")
    assert "照片 2" in page.inner_text("#photo-title")
    page.click("[data-key=photo-remove]")
    tab.until(f"{THUMBS} === 1")
    assert there(site) == 1
    page.click("[data-key=photo-undo]")
    tab.until(f"{THUMBS} === 2")
    page.click("#theme")
    assert tab.violations() == []
    assert (there(site), tab.faults, tab.foreign) == (2, [], [])


def test_adding_is_taken_back_and_what_is_no_photo_is_said(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_tab(webgl=False, at=f"#/cases/{FULL}")
    tab.sign_in("dong")
    page = tab.page
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture at all")
    page.set_input_files("[data-key=photo-add]", bad)
    page.wait_for_selector("#toast.bad:not([hidden])")
    assert "JPEG" in page.inner_text("#toast")
    page.set_input_files("[data-key=photo-add]", picture(tmp_path))
    tab.until(f"{THUMBS} === 1")
    page.click("[data-key=photo-undo]")
    tab.until("document.querySelectorAll('.shots').length === 0")
    assert there(site) == 0
    assert [fault for fault in tab.faults if "415" not in fault] == []


def test_a_viewer_sees_photos_and_changes_none(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_tab(webgl=False, at=f"#/cases/{FULL}")
    tab.sign_in("dong")
    tab.page.set_input_files("[data-key=photo-add]", picture(tmp_path))
    tab.until(f"{THUMBS} === 1")
    other = open_tab(webgl=False, width=390, height=844, at=f"#/cases/{FULL}")
    other.sign_in("vera")
    other.until(f"{THUMBS} === 1")
    assert other.page.locator("[data-key=photo-add]").count() == 0
    other.page.click(".shots button")
    other.page.wait_for_selector("#photo-dialog[open]")
    assert other.page.locator("[data-key=photo-remove]").count() == 0
    assert other.page.evaluate("document.querySelector('#photo-dialog').getBoundingClientRect().right <= innerWidth")
    assert other.violations() == []
    assert other.faults == []
