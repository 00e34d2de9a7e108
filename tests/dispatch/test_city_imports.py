"""GeoJSON and CSV: told by content, faults all at once with their lines, references checked."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from dispatch.city.imports import Input, add_geocode, apply_inputs, read_input
from dispatch.city.streets_import import Naming, city_code
from models.database import Database
from models.errors import Refused
from models.migrate import upgrade
from models.tables.city import (
    AlertAreaConfig,
    City,
    Container,
    Crew,
    District,
    Facility,
    Segment,
    Shift,
    Station,
    Vehicle,
    Worker,
)
from tests.routing.osm_files import cross_nodes, write_pbf

SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
NAMING = Naming("Crossville", "Europe/Berlin")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    upgrade(made)
    yield made
    made.close()


@pytest.fixture
def pbf(tmp_path: Path) -> Path:
    ways = {
        100: ([1, 2, 3, 4, 5], {"highway": "primary", "name": "Long"}),
        101: ([6, 3, 7, 8], {"highway": "residential", "name": "Oak"}),
    }
    return write_pbf(tmp_path / "cross_town.osm.pbf", cross_nodes(), ways)


@pytest.fixture
def town(database: Database, pbf: Path) -> Database:
    run(database, read_input(pbf))
    return database


class Undo(Exception):
    pass


def run(database: Database, *inputs: Input) -> list[str]:
    """Apply, keeping the result only without faults; the faults as text."""
    try:
        with database.write() as session:
            apply_inputs(session, inputs, NAMING)
            if any(item.faults.rows for item in inputs):
                raise Undo
    except Undo:
        pass
    return [f"{fault.line}: {fault.text}" for item in inputs for fault in item.faults.rows]


def geojson(path: Path, *features: dict[str, Any]) -> Path:
    """One feature a line, the first on line 2."""
    lines = ",\n".join(json.dumps({"type": "Feature", **feature}) for feature in features)
    path.write_text(f'{{"type": "FeatureCollection", "features": [\n{lines}\n]}}')
    return path


def point(lon: float, lat: float, id_: object = None, **properties: object) -> dict[str, Any]:
    feature = {"geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": properties}
    return feature | ({} if id_ is None else {"id": id_})


def square(west: float, south: float, east: float, north: float, **properties: object) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": properties}


def test_streets_make_a_city_with_one_district(town: Database) -> None:
    with town.read() as session:
        city = session.exec(select(City)).one()
        assert (city.code, city.name, city.zone) == ("CROSSVILLE", "Crossville", "Europe/Berlin")
        assert city.attribution == "© OpenStreetMap contributors"
        assert {row.district for row in session.exec(select(Segment)).all()} == {"ALL"}
        assert [row.code for row in session.exec(select(District)).all()] == ["ALL"]


def test_importing_again_changes_nothing(town: Database, pbf: Path) -> None:
    def content() -> tuple[str, list[dict[str, Any]]]:
        with town.read() as session:
            rows = session.exec(select(Segment).order_by(Segment.id)).all()
            return session.exec(select(City)).one().network_hash, [row.model_dump() for row in rows]

    before = content()
    run(town, read_input(pbf))
    assert content() == before


def test_another_citys_streets_are_refused(town: Database, tmp_path: Path) -> None:
    other = write_pbf(tmp_path / "o.osm.pbf", {1: (1.0, 1.0), 2: (1.1, 1.0)}, {9: ([1, 2], {"highway": "primary"})})
    with pytest.raises(Refused, match="another --data"):
        run(town, read_input(other))


def test_zone_that_does_not_exist_is_refused(database: Database, pbf: Path) -> None:
    with pytest.raises(Refused, match="no such time zone"), database.write() as session:
        apply_inputs(session, [read_input(pbf)], Naming("X", "Mars/Olympus"))


def test_districts_take_everything_by_midpoint(town: Database, tmp_path: Path) -> None:
    stations = geojson(
        tmp_path / "s.geojson", point(10.0011, 50.0, "a", containers=2), point(10.0049, 50.0, "b", containers=2)
    )
    assert run(town, read_input(stations)) == []
    with town.read() as session:
        before = session.exec(select(City)).one().network_hash
    west, east = square(9.9, 49.9, 10.003, 50.1, code="W"), square(10.003, 49.9, 10.1, 50.1, code="E", name="East")
    assert run(town, read_input(geojson(tmp_path / "d.geojson", west, east))) == []
    with town.read() as session:
        assert {row.id: row.district for row in session.exec(select(Station)).all()} == {"a": "W", "b": "E"}
        by_end = {
            row.from_node: row.district for row in session.exec(select(Segment).where(Segment.way == "100")).all()
        }
        assert by_end == {"1": "W", "3": "E"}
        assert session.exec(select(City)).one().network_hash != before


def test_all_kinds_in_one_go_whatever_the_order(database: Database, pbf: Path, tmp_path: Path) -> None:
    facilities = geojson(
        tmp_path / "f.geojson",
        point(10.0012, 50.0001, "dep", kind="depot", name="Yard"),
        point(10.0048, 50.0, 7, kind="salt_store", open="06:00", close="24:00", bays=2),
    )
    stations = geojson(
        tmp_path / "s.geojson", point(10.003, 50.0018, 12, kg_full=90, streams="food residual", containers=3)
    )
    (tmp_path / "shifts.csv").write_text("id,name,start,end\nD,Day,06:00,14:00\nN,Night,22:00,06:00\n")
    (tmp_path / "v.csv").write_text("id,plate,kind,depot,salt_kg\nS-1,X 1,combi,dep,5000\n")
    (tmp_path / "c.csv").write_text(
        "id,name,shift,size,depot,vehicle,workers\nC1,One,N,2,dep,S-1,driver:Ann;loader\nC2,Two,D,3,dep,,\n"
    )
    files = ["c.csv", "v.csv", "shifts.csv"]
    inputs = [read_input(path) for path in (*[tmp_path / f for f in files], stations, facilities, pbf)]
    assert [item.kind for item in inputs] == ["crews", "vehicles", "shifts", "stations", "facilities", "streets"]
    assert run(database, *inputs) == []
    with database.read() as session:
        store = session.get(Facility, "F-0007")
        assert store is not None and (store.open_min, store.close_min, store.bays, store.node) == (360, 1440, 2, "5")
        vehicle = session.exec(select(Vehicle)).one()
        assert (vehicle.district, vehicle.skills) == ("ALL", ["salting", "ploughing"])
        night = session.get(Shift, "N")
        assert night is not None and (night.start_min, night.end_min) == (1320, 1800)
        station = session.exec(select(Station)).one()
        assert (station.id, station.node, station.name, station.kg_full) == ("ST-0012", "8", "Oak ST-0012", 90)
        assert [c.stream for c in session.exec(select(Container).order_by(Container.id)).all()] == [
            "food",
            "residual",
            "food",
        ]
        people = {(w.crew, w.role, w.name) for w in session.exec(select(Worker)).all()}
        assert ("C1", "driver", "Ann") in people
        assert sum(crew == "C2" for crew, *_ in people) == 3


def test_faults_come_all_at_once_with_their_lines(town: Database, tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text(
        "id,kind,depot,salt_kg,skills\nS-1,combi,nowhere,5000,\nS-2,tank,,5000,\n\nS-1,combi,,-5,flying\nS-3,combi\n"
    )
    faults = run(town, read_input(path))
    assert [fault.split(":")[0] for fault in faults] == ["6", "2", "3", "3", "5", "5", "5", "5"]
    text = "\n".join(faults)
    for word in ("'nowhere'", "'tank'", "twice", "'-5'", "'flying'", "depot is empty", "2 values for 5 columns"):
        assert word in text
    with town.read() as session:
        assert session.exec(select(Vehicle)).first() is None


def test_unknown_and_missing_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "v.csv"
    path.write_text("id,kind,depot,colour,wheels\nS-1,combi,d,red,6\n")
    item = read_input(path)
    assert len(item.faults.rows) == 2 and all(fault.line == 1 for fault in item.faults.rows)
    path.write_text("id,name,shift\nC,One,D\n")
    assert "'depot' is missing" in read_input(path).faults.rows[0].text


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (point(10.5, 50.0, "x", containers=1), "from the nearest street"),
        (point(1e9, 50.0, "x", containers=1), "not a point"),
        (point(10.002, 50.0, "x", containers=0), "containers is '0'"),
        (point(10.002, 50.0, "x", kg_full="heavy"), "kg_full is 'heavy'"),
        (point(10.002, 50.0, "x", streams="lava"), "streams has 'lava'"),
        ({"geometry": None, "properties": {}}, "without geometry"),
    ],
)
def test_bad_stations_name_line_and_feature(town: Database, tmp_path: Path, feature: dict, words: str) -> None:
    good = point(10.002, 50.0, "good", containers=1)
    item = read_input(geojson(tmp_path / "s.geojson", good, feature), "stations")
    faults = run(town, item)
    assert len(faults) == 1 and faults[0].startswith("3: feature 2") and words in faults[0]
    with town.read() as session:
        assert session.exec(select(Station)).first() is None


def test_bad_polygons_are_faults(town: Database, tmp_path: Path) -> None:
    bow = {
        "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
        "properties": {"code": "A"},
    }
    long = square(0, 0, 1, 1, code="A" * 13)
    assert len(run(town, read_input(geojson(tmp_path / "d.geojson", bow, long, square(0, 0, 1, 1, code="B"))))) == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"{", "not JSON"),
        (b'{"type": "FeatureCollection", "features": []}', "no features"),
        (b'{"features": [NaN]}', "not JSON"),
        (b"a,b\n1,2\n", "not a pbf, GeoJSON, or CSV"),
        (b"", "not a pbf, GeoJSON, or CSV"),
    ],
)
def test_files_of_no_known_kind_are_refused_in_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.dat"
    path.write_bytes(content)
    with pytest.raises(Refused, match=words) as caught:
        read_input(path)
    assert "\n" not in caught.value.text


def test_points_that_say_nothing_need_a_kind(tmp_path: Path) -> None:
    path = geojson(tmp_path / "p.geojson", point(10, 50))
    with pytest.raises(Refused, match="--kind"):
        read_input(path)
    with pytest.raises(Refused, match="unknown"):
        read_input(path, "barrels")
    assert read_input(path, "stations").kind == "stations"


def test_nothing_but_streets_goes_into_an_empty_folder(database: Database, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no city"):
        run(database, read_input(geojson(tmp_path / "p.geojson", point(10, 50, containers=1))))


def test_alert_areas_by_file_and_by_geocode(town: Database, tmp_path: Path) -> None:
    area = square(9.9, 49.9, 10.1, 50.1, id="county", geocodes=["FIPS=1", "1"])
    assert run(town, read_input(geojson(tmp_path / "a.geojson", area))) == []
    with town.write() as session:
        add_geocode(session, "profile:CAP-CP:Location:0.3=1102075")
    with town.read() as session:
        rows = {row.id: row for row in session.exec(select(AlertAreaConfig)).all()}
    assert rows["county"].geocodes == ["FIPS=1", "1"]
    made = rows["geocode-profile:CAP-CP:Location:0.3=1102075"]
    assert made.geocodes == ["profile:CAP-CP:Location:0.3=1102075"]
    assert made.polygon[0] == made.polygon[-1] and len(made.polygon) >= 4


def test_crew_on_foot_needs_no_vehicle_and_sizes_must_agree(town: Database, tmp_path: Path) -> None:
    yard = geojson(tmp_path / "f.geojson", point(10.002, 50.0, "dep", kind="depot"))
    (tmp_path / "s.csv").write_text("id,start,end\nM,05:00,11:00\n")
    assert run(town, read_input(yard), read_input(tmp_path / "s.csv")) == []
    path = tmp_path / "c.csv"
    path.write_text("id,shift,size,depot,workers\nM-1,M,3,dep,supervisor;sweeper\nM-2,Q,2,dep,\n")
    faults = run(town, read_input(path))
    assert [fault.split(":")[0] for fault in faults] == ["2", "3"]
    path.write_text("id,shift,size,depot\nM-1,M,3,dep\n")
    assert run(town, read_input(path)) == []
    with town.read() as session:
        assert session.exec(select(Crew)).one().vehicle == ""


def test_city_code_is_short_and_plain() -> None:
    assert city_code("St. John's, NL") == "STJOHNSNL"
    assert city_code("高邮") == "CITY"


def test_cambridge_litter_barrels_are_stations(database: Database) -> None:
    barrels = SHARED / "data/routes_policy/cambridge_ma_DPW_LitterBarrels.geojson"
    streets = SHARED / "data/streets/cambridge_ma_derived.osm.pbf"
    if not (barrels.exists() and streets.exists()):
        pytest.skip(f"{barrels} is not there; set SWEEPLINE_SHARED")
    assert run(database, read_input(streets), read_input(barrels, "stations")) == []
    with database.read() as session:
        stations = session.exec(select(Station)).all()
        nodes = {n for row in session.exec(select(Segment)).all() for n in (row.from_node, row.to_node)}
    assert len(stations) == 990
    assert {row.node for row in stations} <= nodes
    assert {row.id for row in stations} == {f"ST-{n:04d}" for n in range(1, 991)}
