"""A case filed from a phone: by the device's place, the map or a street, with a photo, without net, exactly once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from models.tables.flow import StoredEvent
from models.tables.work import Case, CasePhoto, Report
from tests.browser.conftest import PASSWORD, OpenTab, Site, Tab
from tests.console.sample_city import STEP_DEG
from tests.photos import camera_photo

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844, "webgl": False}
AT = {"latitude": 32.78, "longitude": 119.43 + 2.5 * STEP_DEG, "accuracy": 12}
NO_NET = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_NETWORK_CHANGED")


def open_form(open_tab: OpenTab, name: str = "dong", place: dict[str, float] | None = AT) -> Tab:
    tab = open_tab(**PHONE)
    if place:
        tab.page.context.grant_permissions(["geolocation"])
        tab.page.context.set_geolocation(place)
    tab.sign_in(name)
    tab.page.click("#file-open")
    tab.page.wait_for_selector("#file-form")
    return tab


def write(tab: Tab, kind: str = "litter", text: str = "") -> None:
    tab.page.click(f".kinds label:has([value={kind}])")
    tab.page.click("#file-here")
    tab.until("document.querySelector('#file-place').textContent.includes('12 米')")
    if text:
        tab.page.fill("#file-words", text)


def take_photo(tab: Tab, tmp_path: Path, colour: str = "red") -> None:
    path = tmp_path / f"{colour}.jpg"
    path.write_bytes(camera_photo((1200, 900), colour=colour))
    tab.page.set_input_files("[data-key=file-camera]", path)
    tab.until("document.querySelector('#file-photo img')?.naturalWidth > 0")


def filed(site: Site) -> list[Report]:
    with site.database.read() as session:
        return list(session.exec(select(Report).where(Report.channel == "inspector")).all())


def photos(site: Site) -> list[CasePhoto]:
    with site.database.read() as session:
        return list(session.exec(select(CasePhoto)).all())


def faults(tab: Tab) -> list[str]:
    return [fault for fault in tab.faults if not any(word in fault for word in NO_NET)]


def test_a_case_is_filed_by_the_devices_place_with_a_photo(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_form(open_tab)
    page = tab.page
    assert tab.violations() == []
    assert page.get_attribute("[data-key=file-camera]", "capture") == "environment"
    page.click("[data-key=file-send]")
    assert "类别" in page.inner_text("#file-error")
    write(tab, text="桥头一袋垃圾 <b>大</b>")
    take_photo(tab, tmp_path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the side"
    assert tab.violations() == []
    page.click("#theme")
    assert tab.violations() == []
    page.click("[data-key=file-send]")
    page.wait_for_selector("[data-filed]")
    (report,) = filed(site)
    (photo,) = photos(site)
    said = page.inner_text("#file-done")
    assert report.case in said and "时限" in said and "还有" in said
    assert (photo.case, photo.report, photo.by) == (report.case, report.id, "dong")
    with site.database.read() as session:
        case = session.get_one(Case, report.case)
        event = session.exec(select(StoredEvent).where(StoredEvent.type == "complaint.received")).one()
    assert (case.kind, round(case.lon, 5), report.text) == (
        "litter",
        round(AT["longitude"], 5),
        "桥头一袋垃圾 <b>大</b>",
    )
    assert event.actor == "dong"
    assert page.locator("[data-draft]").count() == 0
    assert page.input_value("#file-words") == "", "the next one can be written"
    assert tab.violations() == []
    page.click(f"[data-key='filed-{report.case}']")
    page.wait_for_selector(f"[data-file='{report.case}'] .shots img")
    assert (faults(tab), tab.foreign) == ([], [])


def test_without_net_it_is_kept_over_a_reload_and_sent_once(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_form(open_tab)
    page = tab.page
    write(tab, text="没有信号的地方")
    take_photo(tab, tmp_path)
    page.context.set_offline(True)
    page.click("[data-key=file-send]")
    page.wait_for_selector("[data-stage=waiting]")
    tab.until("document.querySelector('#file-queue').textContent.includes('没有网络')")
    said = page.inner_text("#file-queue")
    assert "尚未发送" in said and "前开始填写" in said
    assert page.inner_text("#file-open .count") == "1"
    assert tab.violations() == []
    page.route("**/api/complaints", lambda route: route.abort())  # the net is back for the page, not for sending
    page.context.set_offline(False)
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector("[data-stage=waiting]")
    assert "没有信号的地方" in page.inner_text("#file-queue")
    assert filed(site) == []
    page.unroute("**/api/complaints")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector("[data-filed]")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(500)
    assert (len(filed(site)), len(photos(site))) == (1, 1)
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.locator("[data-draft]").count() == 0
    assert faults(tab) == []


def test_an_answer_that_was_lost_is_asked_for_again_and_nothing_is_doubled(
    open_tab: OpenTab, site: Site, tmp_path: Path
) -> None:
    tab = open_form(open_tab)
    page = tab.page
    lost: list[str] = []

    def lose(route: Any) -> None:
        """It arrives; the answer does not, the first time."""
        url = route.request.url
        if url in lost or route.request.method != "POST":
            route.continue_()
            return
        lost.append(url)
        route.fetch()
        route.abort()

    page.route("**/api/complaints", lose)
    page.route("**/photos*", lose)
    write(tab, text="答复丢了")
    take_photo(tab, tmp_path)
    page.click("[data-key=file-send]")
    page.wait_for_selector("[data-draft] [data-key^=send-]")
    page.click("[data-draft] [data-key^=send-]")  # and by itself every 10 s
    page.wait_for_selector("[data-filed]")
    assert len(lost) == 2
    assert (len(filed(site)), len(photos(site))) == (1, 1)
    with site.database.read() as session:
        assert session.exec(select(StoredEvent).where(StoredEvent.type == "complaint.received")).one().duplicates == 1


def test_a_draft_is_there_after_a_reload_for_who_wrote_it_alone(open_tab: OpenTab, site: Site, tmp_path: Path) -> None:
    tab = open_form(open_tab)
    page = tab.page
    write(tab, kind="ice", text="写了一半")
    take_photo(tab, tmp_path)
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector("#file-form")
    tab.until("document.querySelector('#file-photo img')?.naturalWidth > 0")
    assert page.input_value("#file-words") == "写了一半"
    assert page.is_checked("[data-key=kind-ice]")
    assert "12 米" in page.inner_text("#file-place")
    page.click("#lang")
    assert page.input_value("#file-words") == "写了一半"
    assert "File it" in page.inner_text("#file-form")
    assert page.evaluate("[...document.querySelectorAll('.kinds span')].every((e) => e.scrollWidth <= e.clientWidth)")
    page.click("#lang")
    page.click("#account")
    page.wait_for_selector("#sign-in:not([hidden])")
    page.fill("#sign-in-name", "anna")
    page.fill("#sign-in-password", PASSWORD)
    page.click("#sign-in-form button[type=submit]")
    page.wait_for_selector("#file-form")
    assert page.input_value("#file-words") == ""
    assert faults(tab) == []


def test_the_map_and_a_streets_name_give_a_place_and_a_refusal_is_told(open_tab: OpenTab, site: Site) -> None:
    tab = open_form(open_tab, place=None)
    page = tab.page
    page.click(".kinds label:has([value=debris])")
    page.click("#file-here")
    tab.until("document.querySelector('#file-place .bad') !== null")
    assert "地图" in page.inner_text("#file-place")
    page.click("[data-key=file-send]")
    assert "位置" in page.inner_text("#file-error")
    name = page.evaluate("fetch('/api/map/segments').then((r) => r.json()).then((p) => p.names.find((n) => n[0])[0])")
    page.fill("[data-key=file-street]", name)
    page.click("#file-street li button >> nth=0")
    assert name in page.inner_text("#file-place")
    page.click("#map .maplibregl-canvas", position={"x": 150, "y": 80})
    assert "地图点选" in page.inner_text("#file-place")
    assert page.locator(".maplibregl-popup, .pop").count() == 0, "a tap says where, it asks nothing"
    body = '{"receipts": [{"status": "quarantined", "reason": "outside_city", "text": "no street"}]}'
    page.route("**/api/complaints", lambda route: route.fulfill(status=422, content_type="application/json", body=body))
    page.click("[data-key=file-send]")
    page.wait_for_selector("[data-stage=refused]")
    assert "不在本市" in page.inner_text("#file-queue")
    assert tab.violations() == []
    page.unroute("**/api/complaints")
    page.click("[data-key^=correct-]")
    tab.until("document.querySelector('[data-key=kind-debris]').checked")
    page.click("[data-key=file-send]")
    page.wait_for_selector("[data-filed]")
    assert len(filed(site)) == 1


def test_a_viewer_files_nothing_and_a_dispatcher_at_a_desk_does(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False, at="#/cases?file=1")
    tab.sign_in("vera")
    assert tab.page.is_hidden("#file-open") and tab.page.is_hidden("#filing")
    tab.page.keyboard.press("c")
    assert tab.page.is_hidden("#filing")
    desk = open_tab(webgl=False, at="#/cases")
    desk.sign_in("dong")
    desk.page.keyboard.press("c")
    desk.page.wait_for_selector("#file-form")
    desk.until("location.hash.includes('file=1')")
    assert desk.violations() == []
    desk.page.click("[data-key=file-close]")
    assert desk.page.is_hidden("#filing")
    desk.page.click("[data-key=case-file]")
    desk.page.wait_for_selector("#file-form")
    desk.page.keyboard.press("Escape")
    assert desk.page.is_hidden("#filing")
    assert desk.faults == []
