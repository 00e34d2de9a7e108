"""`city import` and `city show` as a person meets them: exit codes, one-line errors, JSON, nothing half-done."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from models.database import Database
from models.errors import Refused
from models.tables.plans import Plan, PlanVersion
from sweepline.city import import_command, show_command
from tests.routing.osm_files import cross_nodes, write_pbf


@pytest.fixture
def pbf(tmp_path: Path) -> Path:
    ways = {
        100: ([1, 2, 3, 4, 5], {"highway": "primary", "name": "Long"}),
        101: ([6, 3, 7, 8], {"highway": "residential", "name": "Oak"}),
        102: ([5, 8], {"highway": "secondary", "name": "Side"}),
    }
    return write_pbf(tmp_path / "crosstown.osm.pbf", cross_nodes(), ways)


def show(data: Path, capsys: pytest.CaptureFixture[str]) -> dict:
    capsys.readouterr()
    assert show_command(data, as_json=True) == 0
    return json.loads(capsys.readouterr().out)


def test_import_with_demo_fleet_then_show(tmp_path: Path, pbf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data"
    assert (
        import_command(
            [pbf], data, fleet="demo", seed=3, geocode="X=1", name="Crossville", zone="Europe/Berlin", fallback=False
        )
        == 0
    )
    shown = show(data, capsys)
    assert (shown["name"], shown["segments"], shown["fleet"]) == ("Crossville", 5, "demo")
    assert shown["facilities_by_kind"] == {"depot": 1, "salt_store": 1, "transfer": 1}
    assert shown["vehicles"] == 5 and shown["crews"] > 5 and shown["alert_areas"] == 1
    assert import_command([pbf], data, fleet="demo", seed=3, fallback=False) == 0
    assert show(data, capsys) == shown


def test_unreadable_streets_make_no_folder(tmp_path: Path, pbf: Path) -> None:
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(pbf.read_bytes()[:-20])
    data = tmp_path / "data"
    with pytest.raises(Refused, match=r"cut\.osm\.pbf: .*; "):
        import_command([pbf, cut], data)
    assert not data.exists()


def test_dry_run_lists_faults_and_stores_nothing(tmp_path: Path, pbf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, csv = tmp_path / "data", tmp_path / "v.csv"
    csv.write_text("id,kind,depot,waste_kg\nC-1,compactor,none,6000\n")
    assert import_command([pbf, csv], data, dry_run=True, as_json=True) == 2
    document = json.loads(capsys.readouterr().out)
    assert document["stored"] is False and document["dry_run"] is True
    assert [(fault["line"], Path(fault["file"]).name) for fault in document["faults"]] == [(2, "v.csv")]
    assert not data.exists()
    assert import_command([pbf], data, dry_run=True) == 0
    assert not data.exists()


def test_a_fault_keeps_all_files_out(tmp_path: Path, pbf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, csv = tmp_path / "data", tmp_path / "v.csv"
    csv.write_text("id,kind,depot,waste_kg\nC-1,compactor,none,6000\n")
    assert import_command([pbf, csv], data) == 2
    err = capsys.readouterr().err
    assert "v.csv:2:" in err and "nothing stored" in err
    with pytest.raises(Refused, match="no city here"):
        show_command(data)


def test_own_fleet_is_never_replaced_by_a_generated_one(tmp_path: Path, pbf: Path) -> None:
    data, csv, yard = tmp_path / "data", tmp_path / "v.csv", tmp_path / "f.geojson"
    csv.write_text("id,kind,depot,waste_kg\nC-1,compactor,yard,6000\n")
    geometry = {"type": "Point", "coordinates": [10.002, 50.0]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {"id": "yard", "kind": "depot"}}
    yard.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert import_command([pbf, yard, csv], data, fallback=False) == 0
    with pytest.raises(Refused, match="own fleet"):
        import_command([pbf], data, fleet="demo")


@pytest.mark.parametrize("options", [{"fleet": "real"}, {"zone": "Nowhere/Land"}, {"kind": "barrels"}])
def test_bad_options_are_refused(tmp_path: Path, pbf: Path, options: dict[str, str]) -> None:
    with pytest.raises(Refused):
        import_command([pbf], tmp_path / "data", **options)
    assert not (tmp_path / "data").exists()


def test_a_city_with_vehicles_has_its_fallback_plans_when_import_ends(tmp_path: Path, pbf: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "sweepline.toml").write_text("[rules.planning]\nimprove_seconds = 0.2\n")
    for _ in range(2):
        assert import_command([pbf], data, fleet="demo", seed=3, zone="Europe/Berlin") == 0
    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        plans = session.exec(select(Plan).where(Plan.period == "fallback")).all()
        versions = session.exec(select(PlanVersion)).all()
    database.close()
    assert {plan.service for plan in plans} == {"salting", "collection"}
    assert all(version.feasible for version in versions)
    assert {version.plan for version in versions} == {plan.code for plan in plans}
