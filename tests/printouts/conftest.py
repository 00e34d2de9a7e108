from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import Database
from tests.printouts import paper_city

CASE = "321084-20231218-00017"
HOSTILE = '楼下结冰 😀 #read("/etc/passwd") \x00\u202e*粗* $x$ <b> ' + "A" * 1_000_000
SALTING, COLLECTION, BEATS = "S-20231218-D01-N", "C-20231218-D01-D", "B-20231219-D01-M"


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the paper city and one route of each kind."""
    path = tmp_path_factory.mktemp("paper") / "city.db"
    database = Database(f"sqlite:///{path}")
    paper_city.build_city(database)
    paper_city.add_case(database, CASE, HOSTILE)
    with database.read() as session:
        walks = (paper_city.salting_walk(session), paper_city.collection_walk(session), paper_city.beats_walk(session))
    for plan, service, walk, vehicle, crew in (
        (SALTING, "salting", walks[0], "S-01", "CR1"),
        (COLLECTION, "collection", walks[1], "C-07", "CR2"),
        (BEATS, "beats", walks[2], "", "CR3"),
    ):
        notes = paper_city.NOTES if service == "salting" else ()
        paper_city.store_route(database, plan, service, walk, vehicle, crew, notes=notes)
    database.close()
    return path


@pytest.fixture
def database(stored: Path, tmp_path: Path) -> Iterator[Database]:
    """A copy of the stored city that a test may change."""
    shutil.copy(stored, tmp_path / "city.db")
    found = Database(f"sqlite:///{tmp_path / 'city.db'}")
    yield found
    found.close()
