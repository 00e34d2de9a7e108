"""The page in a real browser: sign in, map, plans, approval, languages, themes, keys, hostile text, no WebGL."""

from __future__ import annotations

import pytest

from models.tables.city import Setting
from models.tables.flow import Alarm
from models.tables.plans import PlanVersion
from tests.browser.conftest import OpenTab, Site, Tab
from tests.console.sample_city import HOSTILE, NOW

pytestmark = pytest.mark.browser

VERSION = "S-20231218-D01-N@2"
PAINTED = """() => {
  const gl = document.querySelector("#map .maplibregl-canvas");
  const copy = document.createElement("canvas");
  copy.width = gl.width; copy.height = gl.height;
  const g = copy.getContext("2d");
  g.drawImage(gl, 0, 0);
  const data = g.getImageData(0, 0, copy.width, copy.height).data, seen = new Set();
  for (let i = 0; i < data.length; i += 4 * 7) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return seen.size;
}"""
FEATURES = "(layer) => window.sweeplineMap.map.queryRenderedFeatures({ layers: [layer] }).length"
STATE_COLOURS = """() => new Set(window.sweeplineMap.map.queryRenderedFeatures({ layers: ["streets"] })
  .map((f) => f.state.k).filter(Boolean)).size"""


def rendered(tab: Tab, layer: str) -> int:
    tab.until(f"({FEATURES})('{layer}') > 0")
    count: int = tab.page.evaluate(FEATURES, layer)
    return count


def no_fault(tab: Tab) -> None:
    assert tab.faults == []
    assert tab.foreign == []


def test_signing_in_shows_the_map_with_streets_vehicles_stations_and_cases(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    assert rendered(tab, "streets") > 50
    assert rendered(tab, "stations") == 3
    assert sorted(page.evaluate("[...window.sweeplineMap.vehicles.drawn().keys()]")) == ["S-00", "S-01"]
    assert rendered(tab, "cases") == 2
    assert "© OpenStreetMap contributors" in page.inner_text("#map")
    assert page.inner_text("#city-name") == "高邮"
    assert "20:30:00" in page.inner_text("#clock")
    assert page.is_visible("#simulated")
    no_fault(tab)


def test_a_wrong_password_says_so_and_stays_out(open_tab: OpenTab) -> None:
    tab = open_tab()
    page = tab.page
    page.fill("#sign-in-name", "anna")
    page.fill("#sign-in-password", "wrong password")
    page.click("#sign-in-form button[type=submit]")
    tab.until("document.getElementById('sign-in-error').textContent !== ''")
    assert page.inner_text("#sign-in-error") == "账号或密码不正确"
    assert page.is_hidden("#app")


def test_a_plan_is_looked_at_and_approved_exactly_as_shown(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    page.click(f'[data-key="{VERSION}"]')
    page.wait_for_selector(".detail .grid")
    assert page.locator(".route").count() == 2
    tab.until(f"({STATE_COLOURS})() === 2")
    page.click(".route >> nth=0")
    assert page.locator(".stops li").count() == 7
    page.keyboard.press("a")
    page.click("#confirm-dialog .primary")
    page.wait_for_selector(".detail .chip.info")
    with site.database.read() as session:
        row = session.get(PlanVersion, VERSION)
    assert row is not None
    assert row.state == "approved"
    assert page.locator("#approve").count() == 0
    no_fault(tab)


def test_approving_what_was_overtaken_meanwhile_says_so(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.page.click(f'[data-key="{VERSION}"]')
    tab.page.wait_for_selector("#approve")
    with site.database.write() as session:
        row = session.get(PlanVersion, VERSION)
        assert row is not None
        row.state = "superseded"
    tab.page.click("#approve")
    tab.page.click("#confirm-dialog .primary")
    tab.page.wait_for_selector(".detail [role=alert]")
    assert "此版本已被取代" in tab.page.inner_text(".detail [role=alert]")


def test_a_viewer_can_look_but_is_offered_no_command(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in("vera")
    tab.page.click(f'[data-key="{VERSION}"]')
    tab.page.wait_for_selector("#panel-foot:not([hidden])")
    assert tab.page.locator("#approve, #self-stop").count() == 0
    no_fault(tab)


def test_language_and_theme_switch_and_are_remembered(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    assert page.get_attribute("html", "lang") == "zh-CN"
    page.keyboard.press("l")
    assert page.get_attribute("html", "lang") == "en"
    assert page.inner_text("#tab-plans").startswith("Plans")
    day = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("n")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != day
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert page.get_attribute("html", "lang") == "en"
    assert page.get_attribute("html", "data-theme") == "night"
    no_fault(tab)


def test_no_catalogue_key_is_ever_shown(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    raw = (
        r"\b(tab|state|plan|kpi|layer|mode|self|stage|severity|vehicle|vehiclekind|service|tool|case|alarm)\.[a-z_]+\b"
    )
    for _ in range(2):
        for name in ("plans", "alarms", "cases", "stations", "vehicles"):
            page.click(f"#tab-{name}")
            assert page.evaluate("(re) => document.body.innerText.match(new RegExp(re))", raw) is None
        page.keyboard.press("l")


def test_streets_change_colour_with_the_mode(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    for key, colours in (("3", 4), ("2", 3)):
        page.keyboard.press(key)
        tab.until(f"({STATE_COLOURS})() === {colours}")
    no_fault(tab)


def test_a_change_told_by_a_hint_shows_without_reloading(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.page.click("#tab-alarms")
    assert tab.page.locator("[data-alarm]").count() == 1
    with site.database.write() as session:
        session.add(Alarm(id="stand_down:x", kind="stand_down", key="x", priority=1, opened_at=NOW))
    site.hub.publish("alarm:stand_down:x")
    tab.until("document.querySelectorAll('[data-alarm]').length === 2")
    no_fault(tab)


def test_one_key_stops_every_automatic_start(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.page.keyboard.press("x")
    tab.page.wait_for_selector("#self-start .chip.bad")
    with site.database.read() as session:
        row = session.get(Setting, "self_start_stopped")
    assert row is not None
    assert row.value == {"on": True, "by": "anna"}


def test_search_finds_and_shows_and_help_lists_the_keys(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    page.keyboard.press("/")
    page.keyboard.type("10001")
    page.wait_for_selector("#search-results [role=option]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".maplibregl-popup .pop")
    assert "苏K·10001" in page.inner_text(".maplibregl-popup")
    page.keyboard.press("?")
    assert page.locator("#help-dialog kbd").count() == 24
    page.keyboard.press("Escape")
    assert page.is_hidden("#help-dialog")
    no_fault(tab)


def test_hostile_text_stays_text_everywhere(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.sign_in()
    page = tab.page
    assert HOSTILE in page.inner_text("#banner")
    page.click("#tab-cases")
    assert HOSTILE in page.inner_text("#panel-body")
    page.fill("#search", "onerror")
    page.wait_for_selector("#search-results [role=option]")
    assert HOSTILE in page.inner_text("#search-results")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0
    no_fault(tab)


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_nothing_hangs_over_the_side(open_tab: OpenTab, size: tuple[int, int]) -> None:
    tab = open_tab(*size)
    tab.sign_in()
    wide = "document.documentElement.scrollWidth"
    assert tab.page.evaluate(wide) <= size[0]
    tab.page.keyboard.press("l")
    assert tab.page.evaluate(wide) <= size[0]
    assert tab.page.locator("#map .maplibregl-canvas").bounding_box()["height"] >= 200
    no_fault(tab)


def test_without_webgl_the_map_is_drawn_on_a_canvas_and_lists_work(open_tab: OpenTab) -> None:
    tab = open_tab(webgl=False)
    tab.sign_in()
    assert tab.page.evaluate("window.sweeplineMap.kind") == "canvas"
    tab.until(f"({PAINTED})() > 4")
    tab.page.click(f'[data-key="{VERSION}"]')
    tab.page.wait_for_selector(".detail .grid")
    assert tab.foreign == []


def test_an_ended_session_leads_back_to_signing_in(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab()
    tab.sign_in()
    tab.page.context.clear_cookies()
    site.hub.publish("plan:any")
    tab.page.wait_for_selector("#sign-in:not([hidden])")
    assert "登录已过期" in tab.page.inner_text("#sign-in-error")


CONTROLS = "#panel-body :is(button, a[href], input, select, textarea, summary)"
IN_SIGHT = f"[...document.querySelectorAll('{CONTROLS}')].filter((e) => e.checkVisibility() && !e.disabled)"


def test_every_control_of_every_tab_is_reached_by_tab_and_keeps_the_focus(open_tab: OpenTab, site: Site) -> None:
    tab = open_tab(webgl=False)
    tab.sign_in()
    page = tab.page
    page.evaluate("addEventListener('focusin', (event) => { event.target.dataset.reached = '1'; })")
    names = page.evaluate("[...document.querySelectorAll('#tabs [role=tab]')].map((e) => e.id)")
    assert len(names) == 9
    for name in names:
        if name == names[0]:
            page.focus(f"#{name}")
        else:
            page.keyboard.press("]")
        page.wait_for_selector(f"#{name}[aria-selected=true]")
        tab.until("document.querySelector('#panel-body').innerText.length > 20")
        for _ in range(page.evaluate(f"{IN_SIGHT}.length") + 8):
            page.keyboard.press("Tab")
        missed = page.evaluate(f"{IN_SIGHT}.filter((e) => !e.dataset.reached).map((e) => e.outerHTML.slice(0, 90))")
        assert missed == [], name
        page.focus(f"#{name}")
    # what is drawn anew keeps the focus where it was, also on a link, which has no name of its own
    page.keyboard.press("h")
    tab.until("document.querySelectorAll('.shift header a').length === 1")
    page.focus(".shift header a")
    page.evaluate("document.querySelector('.shift header a').dataset.old = '1'")
    site.hub.publish("shift:some")
    tab.until("!document.querySelector('.shift header a').dataset.old")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "/api/reports/handover.pdf"
    # and where what had it has gone, Tab goes on from the list, not from the page's top
    page.keyboard.press("]")
    page.focus(f"[data-key='{VERSION}']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#approve")
    assert page.evaluate("document.querySelector('#panel-body').contains(document.activeElement)")
    no_fault(tab)


def test_the_canvas_map_is_moved_and_asked_by_keys(open_tab: OpenTab) -> None:
    tab = open_tab(webgl=False)
    tab.sign_in()
    page = tab.page
    page.focus("#map .maplibregl-canvas")
    before = page.evaluate("window.sweeplineMap.where()")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    after = page.evaluate("window.sweeplineMap.where()")
    assert float(after[1]) > float(before[1]) and float(after[2]) < float(before[2])
    page.keyboard.press("+")
    assert float(page.evaluate("window.sweeplineMap.where()")[0]) > float(before[0])
    page.evaluate("window.sweeplineMap.fly(119.434, 32.78)")
    page.keyboard.press("Enter")
    tab.until("document.querySelector('#map .pop') !== null")
    # what is said over the map is said anew in another language
    page.evaluate("import('/static/js/mapview.js').then((map) => map.message('map.loading'))")
    assert page.inner_text("#map-message") == "正在载入街道…"
    page.click("#lang")
    assert page.inner_text("#map-message") == "Loading streets…"
    no_fault(tab)
