"""Pictures of every page, by day in Chinese and by night in English, into docs/pictures: `make pictures`.

Not a file of tests by its name, so that nothing is drawn when the tests run; each page must pass axe-core all the same.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from dispatch.desk import carry_out
from models.tables.weather import Alert
from models.tables.work import Report, WorkItem
from tests.browser.conftest import OpenTab, Site
from tests.browser.test_cases import complain
from tests.console.sample_city import CONTEXT, NOW, store_work
from tests.console.test_past import drive

TARGET = Path(__file__).parents[2] / "docs" / "pictures"
VERSION = "S-20231218-D01-N@2"
QUALITY = 70
SETTLE_MS = 800
"""The map shows its labels a moment after its tiles."""
MAP_COMPLETE = "window.sweeplineMap.map.loaded() && window.sweeplineMap.map.areTilesLoaded()"
PAGES = {
    "now": f"#/plans/{VERSION}/1",
    "plan": f"#/plans/{VERSION}?page=1",
    "compare": f"#/plans/{VERSION}?page=1&with=1",
    "snow": "#/snow",
    "alarms": "#/alarms",
    "tell": "#/tell",
    "cases": "#/cases",
    "collection": "#/stations?page=1",
    "vehicle": "#/vehicles?see=vehicles:S-00",
    "resources": "#/resources",
    "shift": "#/shift",
    "past": "#/vehicles?past=2023-12-18T11:30Z&colour=age",
    "phone": "#/cases?file=1",
}
PHONE = {"phone": (390, 844)}
"""Width and height of what is drawn as a phone shows it."""
DESK = (1366, 768)


@pytest.fixture
def busy(site: Site) -> Site:
    """A city in which something is going on."""
    drive(site.database, "S-00", 7200, 0, 30)
    store_work(site.database, VERSION)
    with site.database.write() as session:
        for item in session.exec(select(WorkItem).where(WorkItem.origin == "stage:st-pretreat")).all()[:3]:
            item.state = "done"
        for alert in session.exec(select(Alert)):
            alert.headline = alert.headline.split(" <")[0]  # the sample is hostile on purpose
        for report in session.exec(select(Report)):
            report.text = report.text.split(" <")[0]
    for who, name, values in (
        ("dong", "alarm.acknowledge", {"ids": ["untold:t1"]}),
        ("dong", "shift.note", {"text": "盐库 3 号门卡住，装车走 1 号门；维修班 23:00 到"}),
    ):
        carry_out(site.database, CONTEXT, NOW - timedelta(minutes=6), who, name, dict(values))
    complain(site, 12, 1, "垃圾桶旁散落垃圾")
    complain(site, 25, 3, "")
    return site


@pytest.mark.parametrize("name", PAGES)
def test_draw(open_tab: OpenTab, busy: Site, name: str) -> None:
    tab = open_tab(*PHONE.get(name, DESK), at=PAGES[name])
    tab.sign_in("anna")
    if name in PHONE:
        tab.page.click(".kinds label:has([value=litter])")
        tab.page.click("#map .maplibregl-canvas", position={"x": 195, "y": 120})
    TARGET.mkdir(exist_ok=True)
    for time_of_day in ("day", "night"):
        if time_of_day == "night":
            tab.page.click("#theme")
            tab.page.click("#lang")
        tab.page.mouse.move(0, 0)
        tab.until(MAP_COMPLETE)
        tab.page.wait_for_timeout(SETTLE_MS)
        picture = TARGET / f"{name}-{time_of_day}.jpg"
        tab.page.screenshot(path=picture, type="jpeg", quality=QUALITY, animations="disabled")
        assert tab.violations() == []
    assert tab.faults == []
