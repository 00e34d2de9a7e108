"""`plan`, `print`, `print-last` and `sheet` as a dispatcher uses them in one night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sweepline.conftest import PLAN, Command, newest


def test_plans_are_listed_shown_and_explained(storm: Path, command: Command) -> None:
    name = newest(storm)
    listed = command("plan", "list", "--data", storm, "--json").json["plans"]
    proposed = {row["id"]: row for row in listed if row["status"] == "proposed"}
    assert set(proposed) == {name, "B-20231219-D01-M@1"}
    # by hand: 8 main streets and 8 secondary ones of 4 and 2 runs; 14 m and 9 m x 200 m x 20 g/m2 x 2 treatments
    assert (proposed[name]["tasks"], proposed[name]["salt_kg"]) == (8 * 4 + 8 * 2, 8 * 112 + 8 * 72)
    assert name in command("plan", "list", "--data", storm).out

    shown = command("plan", "show", PLAN, "--data", storm)
    assert "Rate 20 g/m² × 2 runs: moderate or heavy snow forecast" in shown.out
    assert "18 Dec 16:20" in shown.out
    assert "code " not in shown.out
    document = command("plan", "show", name, "--data", storm, "--json").json
    assert document["routes"][0]["start_at"] == "2023-12-18T08:20:00Z"
    assert sum(route["stops"] for route in document["routes"]) == 48

    said = command("plan", "explain", name, "--data", storm)
    assert "everything asked for is on a route" in said.out
    assert {"engines", "objective", "unserved"} <= command(
        "plan", "explain", PLAN, "--data", storm, "--json"
    ).json.keys()


def test_approving_answers_0_then_1_when_stale_and_2_when_unknown(storm: Path, command: Command) -> None:
    name = newest(storm)
    stale = command("plan", "approve", f"{PLAN}@1", "--data", storm, "--as", "chief")
    assert stale.code == 1
    assert stale.err == f"sweepline: {PLAN}@1 has been overtaken by {name}: look at that one\n"
    first = command("plan", "approve", name, "--data", storm, "--as", "chief", "--json")
    assert first.code == 0
    assert (first.json["actor"], len(first.json["sheets"])) == ("chief", 1)
    assert all(Path(path).read_bytes().startswith(b"%PDF") for path in first.json["sheets"])
    again = command("plan", "approve", name, "--data", storm, "--as", "chief")
    assert (again.code, again.err) == (1, f"sweepline: {name} is approved already\n")
    unknown = command("plan", "approve", "NO@1", "--data", storm)
    assert unknown.code == 2 and "sweepline plan list" in unknown.err
    document = command("plan", "show", PLAN, "--data", storm, "--json").json
    assert document["approved_by"] == "chief"


def test_the_actor_of_a_command_is_the_system_user_unless_named(
    storm: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = newest(storm)
    monkeypatch.setenv("LOGNAME", "night")
    said = command("plan", "approve", name, "--data", storm)
    assert f"{name} approved by os:night; 1 sheet in" in said.out


def test_a_new_version_is_made_and_compared(storm: Path, command: Command) -> None:
    name = newest(storm)
    made = command("plan", "make", PLAN, "--data", storm, "--as", "lead", "--json").json
    assert made["plan_version"].startswith(f"{PLAN}@")
    assert int(made["plan_version"].rpartition("@")[2]) > int(name.rpartition("@")[2])
    assert command("plan", "make", "NO", "--data", storm).code == 2
    assert command("plan", "diff", name, name, "--data", storm).out == "no route changed\n"
    between = command("plan", "diff", f"{PLAN}@1", name, "--data", storm)
    assert between.code == 0
    assert "names" not in between.out and "from_route" not in between.out
    changes = command("plan", "diff", f"{PLAN}@1", name, "--data", storm, "--json").json["changes"]
    said = [line for line in between.out.splitlines() if line.startswith("S-")]
    assert [line.partition(":")[0] for line in said] == [change["who"] for change in changes]
    assert command("plan", "diff", f"{PLAN}@1", f"{PLAN}@77", "--data", storm).code == 2


def test_paper_is_printed_anew_and_copied_out_without_a_database(approved: Path, command: Command) -> None:
    out = approved.parent / "out"
    printed = command("print", PLAN, "--data", approved, "--out", out, "--json").json["files"]
    assert sorted(Path(path).name for path in printed) == sorted(path.name for path in out.iterdir())
    assert all(Path(path).read_bytes().startswith(b"%PDF") for path in printed)
    assert (command("print", "NO", "--data", approved, "--out", out)).code == 2

    tracks = command("print", PLAN, "--data", approved, "--out", out, "--tracks", "--json").json["files"][
        len(printed) :
    ]
    assert sorted(Path(path).stem for path in tracks) == sorted(2 * [Path(path).stem for path in printed[:-2]])

    for file in approved.glob("*.db*"):
        file.unlink()
    last = command("print-last", "--data", approved, "--out", approved.parent / "last")
    assert last.code == 0
    assert list((approved.parent / "last").rglob("*.pdf"))
    assert not list(approved.glob("*.db*"))
    none = command("print-last", "--data", approved.parent / "nothing", "--out", out)
    assert none.code == 2
    assert none.err.startswith("sweepline: no bundle in")


def test_a_sheet_is_handed_back_once(approved: Path, command: Command) -> None:
    code = sheet_code(approved)
    assert command("sheet", "back", "--data", approved, "NOSUCH22").code == 2
    assert command("sheet", "back", "--data", approved, code, "--undone", "three").code == 2
    typed = f"{code[:4]} {code[4:]}".lower()
    back = command("sheet", "back", "--data", approved, typed, "--undone", "3", "--as", "chief")
    # streets are proven by tracks, never by a tick
    assert back.out == f"sheet {code} handed back: 0 stops ticked as done\n"
    again = command("sheet", "back", "--data", approved, code)
    assert (again.code, again.err) == (1, f"sweepline: sheet {code} was handed back before\n")


def test_a_scan_that_cannot_be_ticked_says_why(approved: Path, command: Command) -> None:
    code = sheet_code(approved)
    plain = command("sheet", "tick", "--data", approved, code)
    assert (plain.code, "names no stop" in plain.err) == (2, True)
    street = command("sheet", "tick", "--data", approved, f"SL1:{code}/1")
    assert (street.code, "track proves it" in street.err) == (2, True)
    assert command("sheet", "tick", "--data", approved, f"SL1:{code}/999").code == 2
    good = command("sheet", "show", "--data", approved, f"SL1:{code}/1")
    assert good.code == 0, "the square of a stop says which sheet it is of, too"


def test_scanning_a_sheet_tells_whether_it_counts(approved: Path, command: Command) -> None:
    code = sheet_code(approved)
    good = command("sheet", "show", "--data", approved, f"SL1:{code}")
    assert (good.code, good.out.split(" (")[0], good.out.endswith(" is the one to drive by\n")) == (
        0,
        f"sheet {code}",
        True,
    )
    replace_sheet(approved, code)
    old = command("sheet", "show", "--data", approved, code)
    assert (old.code, old.out.endswith(" has been replaced: take ABCDEFGH\n")) == (1, True)
    assert command("sheet", "show", "--data", approved, code, "--json").json["replaced_by"] == "ABCDEFGH"
    back = command("sheet", "back", "--data", approved, code)
    assert (back.code, back.err) == (1, f"sweepline: sheet {code} has been replaced: take ABCDEFGH\n")
    assert command("sheet", "show", "--data", approved, "SL1:NOSUCH22").code == 2


def replace_sheet(data: Path, code: str) -> None:
    from models.database import Database
    from models.tables.plans import Sheet

    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.write() as session:
        sheet = session.get_one(Sheet, code)
        sheet.state = "superseded"
        session.add(Sheet(**{**sheet.model_dump(), "code": "ABCDEFGH", "state": "issued"}))
    database.close()


def sheet_code(data: Path) -> str:
    from sqlmodel import select

    from models.database import Database
    from models.tables.plans import Sheet

    database = Database(f"sqlite:///{data / 'sweepline.db'}")
    with database.read() as session:
        code = session.exec(select(Sheet.code)).one()
    database.close()
    return code


def test_a_changed_route_is_told_by_plan_or_by_its_own_id(approved: Path, command: Command) -> None:
    name = newest(approved)
    from sqlmodel import select

    from models.database import Database
    from models.tables.plans import Telling

    database = Database(f"sqlite:///{approved / 'sweepline.db'}")
    at = datetime(2023, 12, 18, 8, 30, tzinfo=UTC)
    with database.write() as session:
        for id_ in ("t1", "t2"):
            session.add(Telling(id=id_, plan=PLAN, route=f"{name}/1", vehicle="S-1", opened_at=at))
    assert command("sheet", "told", "--data", approved, "t9").code == 2
    one = command("sheet", "told", "--data", approved, "t1", "--how", "radio", "--as", "chief")
    assert one.out == "1 change told by radio\n"
    assert command("sheet", "told", "--data", approved, PLAN).out == "1 change told by phone\n"
    with database.read() as session:
        told = {row.id: (row.told_by, row.how) for row in session.exec(select(Telling)).all()}
    database.close()
    assert told["t1"] == ("chief", "radio")
    assert told["t2"][1] == "phone"
