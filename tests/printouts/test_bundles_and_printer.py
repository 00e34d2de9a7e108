from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlmodel import select

from dispatch.bundles import BEHIND, LATE, bundle_written, look_at_bundle
from dispatch.differences import difference
from dispatch.uow import UnitOfWork
from models.database import Database
from models.errors import Refused
from models.ids import content_hash, sheet_code
from models.tables.flow import Alarm
from models.tables.plans import PlanVersion, Route, Sheet, Telling
from models.times import parse_time
from printouts import bundle as bundle_module
from printouts.bundle import print_plan, write_bundle
from printouts.last import MANIFEST, print_last
from printouts.printer import Printer
from sweepline.printing import print_command, print_last_command
from tests.printouts import paper_city
from tests.printouts.conftest import BEATS, CASE, COLLECTION, SALTING

NOW = datetime(2023, 12, 18, 8, 10, tzinfo=UTC)


@pytest.fixture
def printer(database: Database, tmp_path: Path) -> Printer:
    return Printer(database, tmp_path / "bundles", tmp_path / "sheets", lambda: NOW)


def second_version(database: Database) -> str:
    """Version 2 of the salting plan: two streets more; not yet told. Its route id."""
    with database.read() as session:
        walk = paper_city.salting_walk(session)
        walk.serve((1, 0), (2, 0), case=CASE)
    with database.write() as session:
        session.get_one(PlanVersion, f"{SALTING}@1").state = "superseded"
    route = paper_city.store_route(database, SALTING, "salting", walk, "S-01", "CR1", version=2)
    with database.write() as session:
        change = difference(session.get_one(Route, f"{SALTING}@1/1"), session.get_one(Route, route))
        opened = NOW + timedelta(hours=1)
        session.add(Telling(id="t1", plan=SALTING, route=route, vehicle="S-01", change=change, opened_at=opened))
    return route


def close(database: Database, *plans: str) -> None:
    """What is closed is in no bundle."""
    with database.write() as session:
        for plan in plans:
            session.get_one(PlanVersion, f"{plan}@1").state = "closed"


def sheets_of(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.route: row.state for row in session.exec(select(Sheet)).all()}


def test_a_plan_is_single_sheets_and_one_for_all(database: Database, tmp_path: Path) -> None:
    *singles, order, merged = print_plan(database, SALTING, tmp_path / "out")
    with database.read() as session:
        code = sheet_code(session.get_one(Route, f"{SALTING}@1/1").route_hash)
    assert [path.name for path in singles] == [f"{SALTING}@1_S-01_{code}.pdf"]
    assert merged.name == f"{SALTING}@1.pdf"
    assert len(PdfReader(merged).pages) % 2 == 0
    assert order.name == f"{SALTING}@1_order.pdf"
    assert text_of_page(merged, 0) == text_of_page(order, 0)


def text_of_page(path: Path, number: int) -> str:
    return re.sub(r"[\s\u200b\xa0]+", "", PdfReader(path).pages[number].extract_text())


def test_the_order_lists_every_route_and_each_facility_has_its_slots(database: Database, tmp_path: Path) -> None:
    order = print_plan(database, COLLECTION, tmp_path / "out")[-2]
    with database.read() as session:
        route = session.get_one(Route, f"{COLLECTION}@1/1")
        visits = [stop for stop in route.doc["stops"] if stop["kind"] == "facility"]
    text = text_of_page(order, 0)
    code = sheet_code(route.route_hash)
    for words in ("清运出车总单", "苏K·C0007", "16:20", code, f"{COLLECTION}@1", f"{route.waste_kg}"):
        assert words in text
    places = {stop["ref"]: stop["name"] for stop in visits}
    assert visits and len(PdfReader(order).pages) == 1 + len(places)
    for page, place in enumerate(sorted(places), 1):
        slots = text_of_page(order, page)
        assert places[place] in slots
        arrivals = [parse_time(stop["arrive"]) for stop in visits if stop["ref"] == place]
        assert all(f"{at.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}" in slots for at in arrivals)


def test_a_bundle_takes_over_the_orders_it_has(printer: Printer, database: Database) -> None:
    close(database, COLLECTION, BEATS)
    printer.handle(f"{SALTING}@1")
    name = f"{SALTING}@1_order.pdf"
    first = (printer.bundles_dir / "D01" / name).read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_module, "order_data", None)  # nothing is typeset anew
        with database.write() as session:
            session.get_one(PlanVersion, f"{BEATS}@1").state = "approved"
            session.delete(session.get_one(Route, f"{BEATS}@1/1"))
        printer.refresh("D01")
    assert (printer.bundles_dir / "D01" / name).read_bytes() == first


def test_approval_prints_once(printer: Printer, database: Database) -> None:
    close(database, COLLECTION, BEATS)
    first = printer.handle(f"{SALTING}@1")
    again = printer.handle(f"{SALTING}@1")
    assert len(first) == 1 and first[0].is_file() and again == []
    assert sheets_of(database) == {f"{SALTING}@1/1": "issued"}
    with database.read() as session:
        row = session.exec(select(Sheet)).one()
    assert (row.path, row.pages) == (str(first[0]), len(PdfReader(first[0]).pages))


def test_killed_between_file_and_row_it_is_made_good(
    printer: Printer, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(printer, "_issue", killed)
    with pytest.raises(KeyboardInterrupt):
        printer.handle(f"{SALTING}@1")
    assert sheets_of(database) == {} and not (printer.bundles_dir / "D01").exists()
    monkeypatch.undo()
    assert len(printer.handle(f"{SALTING}@1")) == 1
    assert sheets_of(database) == {f"{SALTING}@1/1": "issued"}


def test_a_changed_route_gets_a_new_sheet_and_a_slip(printer: Printer, database: Database) -> None:
    close(database, COLLECTION, BEATS)
    printer.handle(f"{SALTING}@1")
    route = second_version(database)
    (new,) = printer.handle(f"{SALTING}@2")
    assert sheets_of(database) == {f"{SALTING}@1/1": "superseded", route: "issued"}
    slip = printer.sheets_dir / f"slip_{new.name}"
    pages = PdfReader(slip).pages
    text = re.sub(r"\s", "", pages[0].extract_text())
    assert len(pages) == 1
    assert "增加2项（文游路），其余照旧。" in text and "13800000000" in text
    printer.handle(f"{SALTING}@1")
    assert sheets_of(database)[route] == "issued"


def test_an_unchanged_route_keeps_its_paper(printer: Printer, database: Database) -> None:
    close(database, COLLECTION, BEATS)
    (old,) = printer.handle(f"{SALTING}@1")
    with database.read() as session:
        walk = paper_city.salting_walk(session)
    with database.write() as session:
        session.get_one(PlanVersion, f"{SALTING}@1").state = "superseded"
    paper_city.store_route(database, SALTING, "salting", walk, "S-01", "CR1", version=2)
    assert printer.handle(f"{SALTING}@2") == []
    assert sheets_of(database) == {f"{SALTING}@1/1": "issued"}
    assert (printer.bundles_dir / "D01" / old.name).read_bytes() == old.read_bytes()


def test_unknown_version_prints_nothing(printer: Printer) -> None:
    assert printer.handle("nothing@1") == []


def test_a_bundle_agrees_with_its_manifest(database: Database, tmp_path: Path) -> None:
    folder = write_bundle(database, "D01", tmp_path / "bundles", NOW)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["versions"] == sorted([f"{BEATS}@1", f"{COLLECTION}@1", f"{SALTING}@1"])
    assert {path.name for path in folder.iterdir()} == {*manifest["files"], MANIFEST}
    for name, entry in manifest["files"].items():
        assert content_hash((folder / name).read_bytes()) == entry["sha256"]
    routes = json.loads((folder / f"{SALTING}@1.json").read_text())["routes"]
    with database.read() as session:
        assert routes[0]["doc"] == session.get_one(Route, f"{SALTING}@1/1").doc


def test_a_failed_bundle_leaves_the_old_one(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close(database, COLLECTION, BEATS)
    folder = write_bundle(database, "D01", tmp_path / "bundles", NOW)
    before = (folder / MANIFEST).read_bytes()
    second_version(database)
    write, calls = bundle_module.write, []

    def full(path: Path, content: bytes) -> None:
        calls.append(path)
        if len(calls) == 4:
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(bundle_module, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_bundle(database, "D01", tmp_path / "bundles", NOW)
    assert (folder / MANIFEST).read_bytes() == before
    monkeypatch.undo()
    write_bundle(database, "D01", tmp_path / "bundles", NOW)
    assert f"{SALTING}@2" in json.loads((folder / MANIFEST).read_text())["versions"]


def test_an_empty_district_has_an_empty_bundle(database: Database, tmp_path: Path) -> None:
    folder = write_bundle(database, "D99", tmp_path / "bundles", NOW)
    assert json.loads((folder / MANIFEST).read_text())["versions"] == []


def test_print_last_needs_no_database(database: Database, tmp_path: Path) -> None:
    close(database, SALTING)
    write_bundle(database, "D01", tmp_path / "bundles", NOW)
    database.close()
    (tmp_path / "city.db").unlink()
    names = {path.name for path in print_last(tmp_path, tmp_path / "out")}
    assert {f"{COLLECTION}@1.pdf", f"{BEATS}@1.pdf", "D01-manifest.json"} <= names
    assert PdfReader(BytesIO((tmp_path / "out" / f"{BEATS}@1.pdf").read_bytes())).pages


def test_print_last_refuses_a_damaged_bundle(database: Database, tmp_path: Path) -> None:
    close(database, SALTING, COLLECTION)
    folder = write_bundle(database, "D01", tmp_path / "bundles", NOW)
    (folder / f"{BEATS}@1.pdf").write_bytes(b"%PDF-1.7 cut off")
    with pytest.raises(Refused, match="differs from its manifest"):
        print_last(tmp_path, tmp_path / "out")
    (folder / MANIFEST).write_text("{")
    with pytest.raises(Refused, match="manifest cannot be read"):
        print_last(tmp_path, tmp_path / "out")
    (folder / MANIFEST).write_text('{"files": {"../city.db": {"sha256": ""}}}')
    with pytest.raises(Refused, match="no plain file name"):
        print_last(tmp_path, tmp_path / "out")


def test_commands_answer_in_one_line(database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_command("X-1@1", database, tmp_path / "out") == 2
    assert print_last_command(tmp_path, tmp_path / "out") == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 2
    assert "plan X-1@1 is not known" in errors[0] and "no bundle in" in errors[1]
    assert print_command(f"{BEATS}@1", database, tmp_path / "out", as_json=True) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert all(Path(name).is_file() for name in files) and len(files) == 3


def look(database: Database, version: str) -> list[str]:
    """What the timer of a version's bundle leads to: the districts with a late bundle."""
    with database.write() as session:
        look_at_bundle(UnitOfWork(session, NOW + BEHIND, f"timer:bundle:{version}", "system"), version)
    with database.read() as session:
        return [row.key for row in session.exec(select(Alarm).where(Alarm.kind == LATE, Alarm.state != "closed")).all()]


def test_a_bundle_behind_an_approval_is_an_alarm_until_it_is_written(database: Database, printer: Printer) -> None:
    assert look(database, f"{SALTING}@1") == ["D01"], "approved, and nobody has printed"
    printer.print_due()
    assert look(database, f"{SALTING}@1") == []
    second_version(database)
    assert look(database, f"{SALTING}@2") == ["D01"], "the bundle there holds the version before"
    printer.print_due()
    assert look(database, f"{SALTING}@2") == []
    close(database, COLLECTION)
    assert look(database, f"{COLLECTION}@1") == [], "closed meanwhile: nobody waits for it"


def test_the_alarm_stays_while_another_version_is_missing(database: Database, printer: Printer) -> None:
    look(database, f"{SALTING}@1")
    with database.write() as session:
        bundle_written(UnitOfWork(session, NOW, "bundle", "system:printer"), "D01", [f"{SALTING}@1"])
    with database.read() as session:
        assert session.get_one(Alarm, f"{LATE}:D01").state == "open"
