from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.database import Database
from models.errors import Refused
from models.ids import read_scan, stop_payload
from models.tables.plans import Route
from printouts.data import SheetSource, sheet_data
from printouts.rows import stops_by_row, write_rows
from printouts.values import Row, SheetData
from tests.printouts import paper_city
from tests.printouts.conftest import BEATS, CASE, COLLECTION, SALTING


def sheet(database: Database, plan: str) -> SheetData:
    with database.read() as session:
        return sheet_data(session, f"{plan}@1/1")


def doc(database: Database, plan: str) -> dict[str, Any]:
    with database.read() as session:
        return session.get_one(Route, f"{plan}@1/1").doc


def work(data: SheetData) -> list[Row]:
    return [row for row in data.rows if row.kind != "drive"]


def test_straight_segments_of_one_street_are_one_row(database: Database) -> None:
    rows = work(sheet(database, SALTING))
    assert (rows[0].name[0], rows[0].stops) == ("屏淮路", 7)
    assert rows[0].length_m == sum(s["length_m"] for s in doc(database, SALTING)["stops"][:7])


def test_turns_are_told_from_geometry(database: Database) -> None:
    rows = work(sheet(database, SALTING))
    assert [row.turn for row in rows[:5]] == ["right", "left", "left", "left", "left"]


def test_numbers_count_up_and_drives_have_none(database: Database) -> None:
    for plan in (SALTING, COLLECTION, BEATS):
        rows = sheet(database, plan).rows
        assert [row.n for row in rows if row.kind != "drive"] == list(range(1, len(work(sheet(database, plan))) + 1))
        assert all(row.n == 0 and row.steps for row in rows if row.kind == "drive")


def test_facility_visits_say_what_is_done(database: Database) -> None:
    salt = [row for row in sheet(database, SALTING).rows if row.kind == "facility"]
    waste = [row for row in sheet(database, COLLECTION).rows if row.kind == "facility"]
    assert [row.what for row in salt] == [("装盐", "Load salt")]
    assert [row.what for row in waste] == [("卸料", "Unload")] * 2


def test_a_second_run_is_a_row_of_its_own(database: Database) -> None:
    seconds = [row for row in work(sheet(database, SALTING)) if row.pass_no == 2]
    assert [row.name[0] for row in seconds] == ["屏淮路"]


def test_stations_say_their_containers_and_cases_their_text(database: Database) -> None:
    rows = work(sheet(database, COLLECTION))
    assert rows[0].detail == ("4桶 厨余240L 其他240L×3", "4 bins")
    case = next(row for row in rows if row.case)
    assert case.case == CASE
    assert '#read("/etc/passwd")' in case.text and len(case.text) < 400


def test_a_crossing_is_named_by_both_streets(database: Database) -> None:
    assert work(sheet(database, BEATS))[0].name[0] == "屏淮路 × 秦邮路"


def test_times_are_local_and_the_next_day_says_so(database: Database) -> None:
    with database.write() as session:
        route = session.get_one(Route, f"{SALTING}@1/1")
        route.end_at = paper_city.START.replace(hour=17)
        session.add(route)
    data = sheet(database, SALTING)
    assert (data.day, data.start, data.end) == ("2023-12-18", "16:20", "01:20 +1")


def test_notes_are_in_words(database: Database) -> None:
    notes = sheet(database, SALTING).notes
    assert notes[0] == ("用量 20 g/m²，共 2 遍：预报中到大雪", "Rate 20 g/m² × 2 runs: moderate or heavy snow forecast")
    assert notes[2][1] == "Onset assumed: 18 Dec 22:00 (the warning gave none)"


def test_unknown_route_is_refused(database: Database) -> None:
    with database.read() as session, pytest.raises(Refused, match="not known"):
        sheet_data(session, "nothing@1/1")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_rows_keep_every_stop_metre_and_kilogram(stored: object, seed: int) -> None:
    database = Database(f"sqlite:///{stored}")
    chance = random.Random(seed)
    with database.read() as session:
        walk = paper_city.Walk(session, (4, 4))
        for _ in range(chance.randrange(1, 40)):
            i, j = walk.at
            near = [(i + a, j + b) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
            to = chance.choice([(a, b) for a, b in near if 0 <= a < paper_city.SIZE and 0 <= b < paper_city.SIZE])
            if chance.random() < 0.6:
                walk.serve(to, number=chance.choice((1, 1, 2)))
            else:
                walk.drive(to)
        source = SheetSource(session)
        made = walk.doc()
        rows = write_rows(made, "salting", source.lookup(made), paper_city.START)
        driven = [leg for stop in made["stops"] for leg in stop["legs"]] + made["home"]
        driven_m = sum(round(source.segments[leg[0]].length_m) for leg in driven)
    database.close()
    served = [row for row in rows if row.kind == "work"]
    behind = stops_by_row(rows)
    assert list(behind) == [row.n for row in served]
    assert [n for numbers in behind.values() for n in numbers] == [stop["n"] for stop in made["stops"]]
    assert sum(row.stops for row in served) == len(made["stops"])
    assert sum(row.length_m for row in served) == sum(stop["length_m"] for stop in made["stops"])
    assert sum(row.quantity_kg for row in served) == sum(stop["quantity_kg"] for stop in made["stops"])
    assert sum(row.length_m for row in rows if row.kind == "drive") == driven_m


def test_every_stop_a_tick_proves_has_its_code_and_it_is_the_smallest(database: Database) -> None:
    for plan in (COLLECTION, BEATS):
        data = sheet(database, plan)
        marked = [row for row in data.rows if row.qr]
        assert [row.scan for row in marked] == [
            stop["n"] for stop in doc(database, plan)["stops"] if stop["kind"] in ("station", "spot")
        ]
        for row in marked:
            assert row.n == row.scan, "the number on the paper is the one that is scanned"
            assert read_scan(stop_payload(data.code, row.scan)) == (data.code, row.scan)
            assert [len(line) for line in row.qr] == [21] * 21
    assert [row for row in sheet(database, SALTING).rows if row.qr] == [], "streets are proven by tracks"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("SL1:ABCDEFGH/12", ("ABCDEFGH", 12)),
        (" sl1:abcdefgh/7 ", ("ABCDEFGH", 7)),
        ("ABCD EFGH", ("ABCDEFGH", 0)),
        ("SL1:ABCDEFGH/", ("ABCDEFGH", 0)),
        ("SL1:ABCDEFGH/x1", ("ABCDEFGH", 0)),
        ("SL1:ABCDEFGH/99999", ("ABCDEFGH", 0)),
        ("SL1:ABCDEFGH/\u0663", ("ABCDEFGH", 0)),
    ],
)
def test_what_a_scanner_types_is_read(text: str, read: tuple[str, int]) -> None:
    assert read_scan(text) == read
