"""Reports of a real storm on the small city: alert, self-start, trucks that drive, a street closed, a night without
anybody clearing bins. Lengths by hand: a block is 200 m; 7 main blocks, 8 secondary ones, one bridge.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlmodel import col, select

from dispatch.desk import carry_out
from dispatch.fallback import PERIOD
from dispatch.reports.day import timer_of
from models.database import Database
from models.tables.city import Crew, Station
from models.tables.flow import AuditRow, Edition, Timer
from models.tables.plans import Approval, Plan, Route
from models.tables.work import StationDay
from models.times import iso
from tests.console.sample_city import CONTEXT
from tests.small_city import stored_small_city
from tests.sweepline.conftest import Command
from tests.sweepline.storm_line import Line, cap

FORMULA = '=HYPERLINK("http://bad.example/","open")'
EVENTS = (
    {"type": "complaint.received", "id": "c1", "kind": "ice", "lon": 119.45, "lat": 32.78, "text": FORMULA},
    {
        "type": "resource.status",
        "id": "r1",
        "kind": "vehicle",
        "ref": "S-2",
        "status": "out",
        "since": "2023-12-18T09:15:00Z",
        "reason": FORMULA,
    },
    {
        "type": "resource.status",
        "id": "r2",
        "kind": "street",
        "ref": "s22h",
        "status": "out",
        "since": "2023-12-18T09:15:00Z",
    },
)
FIRST, DAY = "storm-2023-12-18", "day-2023-12-18"


@pytest.fixture(scope="session")
def after_storm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small city from the alert at 16:00 to the next day's half past one, nobody at the desk."""
    folder = tmp_path_factory.mktemp("reports") / "data"
    stored_small_city(folder)
    line = Line(folder)
    assert line.send(cap()) == ["accepted"]
    line.go(minutes=80)
    body = "\n".join(json.dumps(event) for event in EVENTS).encode()
    assert line.send(body, "application/x-ndjson") == ["accepted"] * 3
    line.go(step=20, hours=6, minutes=40)
    line.go(step=5, hours=1)
    line.go(step=60, hours=12, minutes=30)
    line.system.close()
    return folder


@pytest.fixture
def data(after_storm: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(after_storm, tmp_path / "data"))


def text_of(path: Path) -> str:
    return re.sub(r"[\s\u200b\xa0\u202f]+", "", "".join(page.extract_text() for page in PdfReader(path).pages))


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def opened(data: Path) -> Database:
    return Database(f"sqlite:///{data / 'sweepline.db'}")


def test_a_storm_is_reported_from_alert_to_last_plan(data: Path, command: Command, tmp_path: Path) -> None:
    said = command("report", "storm", "--data", data, "--out", tmp_path / "a", "--json")
    assert said.code == 0, said.err
    report = said.json["report"]
    cover = {(line["stage"], line["priority"]): line for line in report["cover"]}
    for stage, when in (("pretreat", "before_onset_m"), ("plough", "by_clock_m")):
        assert cover[stage, "main"][when] == 7 * 200
        assert cover[stage, "secondary"][when] == 8 * 200
    assert cover["pretreat", "bridge"]["before_onset_m"] == 200
    assert (cover["plough", "bridge"]["not_m"], cover["plough", "bridge"]["by_clock_m"]) == (200, 0)
    assert report["over"] and report["clock_at"] == "2023-12-18T21:00:00Z"

    codes = [(moment["code"], moment["actor"]) for moment in report["timeline"]]
    wanted = [
        ("alert.stored", "system:weather"),
        ("plan.proposed", "system:planner"),
        ("plan.approved", "policy:self_start"),
        ("plan.active", "system:timers"),
        ("resource.out", "system:resources"),
        ("alarm.opened", "system:timers"),
        ("plan.closed", "system:timers"),
    ]
    assert [codes.index(code) for code in wanted] == sorted(codes.index(code) for code in wanted)
    times = [moment["at"] for moment in report["timeline"]]
    assert times == sorted(times)

    plans = {plan["service"]: plan for plan in report["plans"]}
    # 14 m and 9 m wide, 20 g/m2 twice: 112 kg and 72 kg a block; ploughing spreads once
    assert plans["salting"]["salt_kg"] == 8 * 112 + 8 * 72
    assert plans["ploughing"]["salt_kg"] == 7 * 56 + 8 * 36
    for route in report["routes"]:
        if route["vehicle"]:
            assert route["driven_m"] == pytest.approx(route["planned_m"], rel=0.02)
            assert route["driven_start"] < route["planned_end"] < "2023-12-18T17:00:00Z"
    assert [case["kind"] for case in report["cases"]] == ["ice"]

    streets = rows_of(tmp_path / "a" / f"{FIRST}-streets.csv")
    assert len(streets) == 2 * 16
    (closed,) = [row for row in streets if row["state"] != "done"]
    assert (closed["stage"], closed["segment"], closed["reason"]) == ("plough", "s22h", "street_out")
    assert closed["last_at"].startswith("2023-12-18T16:"), "it was salted before it was closed"


def test_the_day_plan_by_crew_has_every_route_that_starts_on_it_once(
    data: Path, command: Command, tmp_path: Path
) -> None:
    found = {}
    for day in ("2023-12-18", "2023-12-19"):
        said = command("report", "crews", day, "--data", data, "--out", tmp_path, "--json")
        assert said.code == 0, said.err
        found[day] = said.json["report"]
    with opened(data).read() as session:
        plans = session.exec(select(Plan).where(Plan.period != PERIOD)).all()
        newest = {plan.code: f"{plan.code}@{plan.latest}" for plan in plans}
        approvals = session.exec(select(Approval).order_by(col(Approval.at))).all()
        newest |= {row.plan_version.split("@")[0]: row.plan_version for row in approvals}  # the last one holds
        rows = session.exec(select(Route).where(col(Route.plan_version).in_(list(newest.values())))).all()
        crews = {row.id: row for row in session.exec(select(Crew)).all()}
    zone = ZoneInfo("Asia/Shanghai")
    for day, report in found.items():
        wanted = {
            (route.plan_version, route.crew or route.vehicle, iso(route.start_at))
            for route in rows
            if route.start_at.astimezone(zone).date().isoformat() == day
        }
        lines = [(f"{r['plan']}@{r['version']}", r["crew"], r["start_at"]) for r in report["routes"]]
        assert wanted and set(lines) == wanted and len(lines) == len(wanted)
        order = [(r["crew_name"], r["crew"], r["start_at"]) for r in report["routes"]]
        assert order == sorted(order)
        busy = {r["crew"] for r in report["routes"]}
        assert {row["crew"] for row in report["free"]} == crews.keys() - busy
    night = found["2023-12-18"]["routes"]
    salting = next(route for route in night if route["service"] == "salting")
    text = text_of(tmp_path / "crews-2023-12-18.pdf")
    for words in ("班组日计划", "撒盐salting", salting["sheet"], salting["plate"], "没有路线的班组"):
        assert words in text, words
    assert [row["sheet"] for row in rows_of(tmp_path / "crews-2023-12-18-routes.csv")] == [r["sheet"] for r in night]


def test_its_paper_says_so(data: Path, command: Command, tmp_path: Path) -> None:
    command("report", "storm", "2023-12-18", "--data", data, "--out", tmp_path)
    text = text_of(tmp_path / f"{FIRST}.pdf")
    for words in (
        "除雪防冻处置报告",
        "暴雪黄色预警",
        "2023-12-1822:00",
        "道路封闭streetclosed",
        "无人及时决定nobodydecidedintime",
        "自动启动self-start",
        "S-20231218-D01-N@",
        "已结束，未全部完成",  # nobody swept the four spots of the muster
        "2.2t",  # 1.472 t salted, 0.680 t with the ploughs
        "1/",
    ):
        assert words in text, words
    pages = PdfReader(tmp_path / f"{FIRST}.pdf").pages
    for number, page in enumerate(pages, 1):
        assert f"{number}/{len(pages)}" in re.sub(r"\s", "", page.extract_text())


def test_the_same_rows_give_the_same_bytes(data: Path, command: Command, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        for words in (("storm",), ("day", "2023-12-18"), ("handover", "--clock", "2023-12-19T06:00Z")):
            assert command("report", *words, "--data", data, "--out", tmp_path / folder).code == 0
    first, second = sorted((tmp_path / "a").iterdir()), sorted((tmp_path / "b").iterdir())
    assert [path.name for path in first] == [path.name for path in second]
    assert len(first) > 15
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_streets_come_as_geojson_with_what_was_done(data: Path, command: Command, tmp_path: Path) -> None:
    command("report", "storm", "--data", data, "--out", tmp_path)
    features = json.loads((tmp_path / f"{FIRST}.geojson").read_text(encoding="utf-8"))["features"]
    assert len(features) == 32
    found = {feature["id"]: feature for feature in features}
    assert found["plough:s22h"]["properties"]["reason"] == "street_out"
    assert found["pretreat:s22h"]["properties"]["done_at"] < "2023-12-18T14:00:00Z"
    assert [len(point) for point in found["plough:s22h"]["geometry"]["coordinates"]] == [2, 2]


def test_no_text_of_strangers_becomes_a_formula(data: Path, command: Command, tmp_path: Path) -> None:
    command("report", "storm", "--data", data, "--out", tmp_path)
    notes = [row["note"] for row in rows_of(tmp_path / f"{FIRST}-timeline.csv")]
    assert "'" + FORMULA in notes
    assert not any(note.startswith("=") for note in notes)
    with zipfile.ZipFile(tmp_path / f"{FIRST}.xlsx") as book:
        sheets = "".join(book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name)
        shared = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheets and "hyperlink" not in sheets
    assert FORMULA.replace('"', "&quot;") in shared or FORMULA in shared


def test_a_day_is_frozen_on_the_next(data: Path, command: Command, tmp_path: Path) -> None:
    first = command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "a", "--json")
    report = first.json["report"]
    assert report["closed_at"] == "2023-12-19T05:00:00Z"
    (stations,) = report["stations"]
    assert (stations["owed"], stations["cleared"], stations["missed"]) == (5, 0, 5)
    kinds = [alarm["kind"] for alarm in report["alarms"]]
    assert kinds == ["case_overdue"] + ["station_missed"] * 5, (
        "a complaint nobody saw to, four hours later; the rest at midnight"
    )
    # the case came at 17:20 with four hours, and nobody went
    assert (report["cases_received"], report["cases_open"], len(report["cases_late"])) == (1, 1, 1)
    services = {plan["service"]: plan for plan in report["plans"]}
    assert services["salting"]["approved_by"] == "policy:self_start" and services["salting"]["feasible"]
    assert services["collection"]["approved_by"] == "", "nobody approved the evening's collection"

    database = opened(data)
    with database.write() as session:
        (audit,) = session.exec(select(AuditRow).where(AuditRow.action == "day.closed")).all()
        edition = session.get(Edition, ("day", "2023-12-18"))
        assert edition is not None and audit.detail["content_hash"] == edition.content_hash
        station = session.get(Station, "ST-1")
        row = session.get(StationDay, ("ST-1", datetime(2023, 12, 18, tzinfo=UTC).date()))
        assert station is not None and row is not None
        station.name, row.state = "another name", "cleared"
    command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "b")
    for name in (f"{DAY}.pdf", f"{DAY}.xlsx", f"{DAY}-not_cleared.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    database.close()
    asked = command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "c", "--final", "--as", "chief")
    assert asked.code == 0, asked.err
    assert (tmp_path / "a" / f"{DAY}.pdf").read_bytes() == (tmp_path / "c" / f"{DAY}.pdf").read_bytes()


def test_a_day_over_without_an_edition_gets_it_when_asked_and_only_then(
    data: Path, command: Command, tmp_path: Path
) -> None:
    database = opened(data)
    with database.write() as session:
        session.delete(session.get(Edition, ("day", "2023-12-18")))
    for folder in ("a", "b"):
        command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / folder)
        assert "未定稿" in text_of(tmp_path / folder / f"{DAY}.pdf"), "reading a report freezes nothing"
        assert "可要求补制" in text_of(tmp_path / folder / f"{DAY}.pdf")

    asked = command(
        *("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "c", "--json"),
        *("--final", "--as", "chief"),
    )
    report = asked.json["report"]
    assert (report["asked_by"], report["closed_at"]) == ("chief", report["as_of"])
    assert report["closed_at"] > "2023-12-19T05:00:00Z"
    assert "chief要求" in text_of(tmp_path / "c" / f"{DAY}.pdf")
    with database.write() as session:
        edition = session.get(Edition, ("day", "2023-12-18"))
        *_, audit = session.exec(
            select(AuditRow).where(AuditRow.action == "day.closed").order_by(col(AuditRow.id))
        ).all()
        assert edition is not None
        assert (audit.actor, audit.detail["content_hash"]) == ("chief", edition.content_hash)
        row = session.get(StationDay, ("ST-1", datetime(2023, 12, 18, tzinfo=UTC).date()))
        assert row is not None
        row.state = "cleared"
    database.close()
    again = ("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "d", "--final", "--as", "another")
    assert command(*again).code == 0
    for name in (f"{DAY}.pdf", f"{DAY}.xlsx", f"{DAY}-not_cleared.csv"):
        assert (tmp_path / "c" / name).read_bytes() == (tmp_path / "d" / name).read_bytes(), name


def test_no_edition_is_made_before_its_time(data: Path, command: Command, tmp_path: Path) -> None:
    early = command("report", "day", "2023-12-19", "--data", data, "--out", tmp_path / "a", "--final")
    assert early.code != 0 and "13:00" in early.err
    none = command("report", "day", "2001-01-01", "--data", data, "--out", tmp_path / "a", "--final")
    assert none.code == 2 and "nothing is stored of 2001-01-01" in none.err
    database = opened(data)
    with database.write() as session:
        session.delete(session.get(Edition, ("day", "2023-12-18")))
        timer = session.get(Timer, timer_of(date(2023, 12, 18)))
        assert timer is not None and timer.state == "fired"
        timer.state = "pending"  # as after a night in which nothing ran: it is carried out before anything is frozen
    database.close()
    late = command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path / "a", "--final")
    assert late.code != 0 and "by itself" in late.err
    assert not (tmp_path / "a").exists()


def test_a_day_not_over_says_so(data: Path, command: Command, tmp_path: Path) -> None:
    said = command("report", "day", "2023-12-19", "--data", data, "--out", tmp_path, "--json")
    assert said.json["report"]["closed_at"] is None
    assert "未定稿" in text_of(tmp_path / "day-2023-12-19.pdf")


def test_a_shift_hands_over_what_is_open(data: Path, command: Command, tmp_path: Path) -> None:
    database = opened(data)
    values = {"ids": ["station_missed:ST-2:2023-12-18"], "reason": "收运车在途", "minutes": 60}
    carry_out(database, CONTEXT, datetime(2023, 12, 19, 5, 30, tzinfo=UTC), "chief", "alarm.shelve", values)
    database.close()
    said = command("report", "handover", "--clock", "2023-12-19T06:00Z", "--data", data, "--out", tmp_path, "--json")
    report = said.json["report"]
    missed = {alarm["key"]: alarm for alarm in report["alarms"] if alarm["kind"] == "station_missed"}
    assert sorted(missed) == [f"ST-{n}:2023-12-18" for n in range(1, 6)]
    assert [key for key, alarm in missed.items() if alarm["state"] == "shelved"] == ["ST-2:2023-12-18"]
    assert [(line["kind"], line["ref"]) for line in report["out"]] == [("street", "s22h"), ("vehicle", "S-2")]
    assert [case["kind"] for case in report["cases"]] == ["ice"]
    codes = {plan["code"] for plan in report["waiting"]}
    assert "C-20231218-D01-E" not in codes, "its evening is over: there is nothing to decide any more"
    text = text_of(tmp_path / "handover-20231219T1400.pdf")
    for words in (
        "交接班单",
        "站点当日未清运",
        "搁置至12-1914:30：收运车在途",
        "超时late",
        "交班人Handedoverby",
        "接班人Takenoverby",
        "交班记录",
        "补充说明",
    ):
        assert words in text, words


def test_what_is_not_there_is_said_in_one_line(city: Path, command: Command, tmp_path: Path) -> None:
    for words, why in (
        (("storm",), "no storm yet that was responded to"),
        (("storm", "2001-01-01"), "no storm 2001-01-01"),
        (("day", "2001-01-01"), "nothing is stored of 2001-01-01"),
        (("day", "last week"), "is no date"),
    ):
        said = command("report", *words, "--data", city, "--out", tmp_path / "none")
        assert said.code == 2 and why in said.err, said.err
    assert not (tmp_path / "none").exists()


def test_what_a_truck_drives_for_its_next_plan_is_not_counted_for_the_one_before(
    data: Path, command: Command, tmp_path: Path
) -> None:
    said = command("report", "day", "2023-12-18", "--data", data, "--out", tmp_path, "--json")
    (salting,) = [plan for plan in said.json["report"]["plans"] if plan["service"] == "salting"]
    # the ploughing begins after midnight and is of the next date, with the same truck
    assert salting["driven_m"] == pytest.approx(salting["distance_m"], rel=0.02)
