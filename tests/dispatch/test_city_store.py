"""A city in and out of the database: whole or not at all."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from sqlmodel import Session, select

from demo.city import build_demo_city
from dispatch.city.data import CityData
from dispatch.city.hashes import network_hash
from dispatch.city.store import TABLES, city_summary, find_city, get_city, load_streets, store_city, upsert_rows
from dispatch.streets import build_streets
from models.database import Database
from models.errors import Refused
from models.migrate import upgrade
from models.tables.city import Segment, Station


@cache
def city() -> CityData:
    return build_demo_city(7)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'sweepline.db'}")
    upgrade(made)
    yield made
    made.close()


def key_of(row: dict) -> str:
    return str(row.get("id") or row["code"])


def dump(session: Session, table: type) -> list[dict]:
    return sorted((row.model_dump() for row in session.exec(select(table)).all()), key=key_of)


def test_what_is_stored_is_what_comes_back(database: Database) -> None:
    with database.write() as session:
        store_city(session, city())
    with database.read() as session:
        for name, table in TABLES:
            expected = sorted((row.model_dump() for row in getattr(city(), name)), key=key_of)
            assert dump(session, table) == expected, name
        assert get_city(session).model_dump() == city().city.model_dump()


def test_streets_load_as_they_were_built_and_closed_ones_stay_out(database: Database) -> None:
    with database.write() as session:
        store_city(session, city())
    expected = build_streets(city().segments, city().restrictions)
    closed = city().segments[0].id
    with database.read() as session:
        loaded = load_streets(session)
        without = load_streets(session, frozenset({closed}))
    assert loaded.arc_segment == expected.arc_segment
    assert loaded.node_lonlat == expected.node_lonlat
    assert loaded.network.forbidden_turns == expected.network.forbidden_turns
    assert (loaded.network.length_m == expected.network.length_m).all()
    assert set(loaded.arcs_of) - set(without.arcs_of) == {closed}


def test_storing_again_replaces_and_another_city_is_refused(database: Database) -> None:
    other = build_other()
    with database.write() as session:
        store_city(session, city())
    with database.write() as session:
        store_city(session, city())
    with pytest.raises(Refused, match="321084"), database.write() as session:
        store_city(session, other)
    with database.read() as session:
        assert len(session.exec(select(Segment.id)).all()) == len(city().segments)


def build_other() -> CityData:
    other = CityData(city().city.model_copy(update={"code": "OTHER"}))
    other.segments = city().segments[:3]
    return other


def test_a_failure_half_way_leaves_nothing(database: Database) -> None:
    broken = CityData(city().city, segments=city().segments, stations=[*city().stations, city().stations[0]])
    with pytest.raises(Exception, match=r"(?i)unique"), database.write() as session:
        store_city(session, broken)
    with database.read() as session:
        assert find_city(session) is None
        assert session.exec(select(Segment.id)).first() is None
        with pytest.raises(Refused, match="no city"):
            get_city(session)


def test_hash_names_the_content_not_the_order() -> None:
    rows = [row.model_copy() for row in city().segments[:50]]
    before = network_hash(rows, [])
    assert network_hash(reversed(rows), []) == before
    rows[7].width_m += 0.1
    assert network_hash(rows, []) != before
    assert network_hash(city().segments[:50], city().restrictions) != before


def test_summary_counts_what_is_there(database: Database) -> None:
    with database.write() as session:
        store_city(session, city())
    with database.read() as session:
        summary = city_summary(session)
    wanted = {
        "name", "segments", "length_m", "bridges", "slopes", "one_way", "turn_restrictions", "dropped", "facilities",
        "stations", "vehicles", "crews",
    }  # fmt: skip
    assert wanted <= summary.keys()
    assert summary["segments"] == len(city().segments)
    assert summary["length_m"] == pytest.approx(sum(row.length_m for row in city().segments), abs=1)
    assert summary["bridges"] == sum(row.bridge for row in city().segments)
    assert summary["slopes"] == sum(row.ramp or abs(row.slope_pct or 0) >= 3 for row in city().segments)
    assert summary["one_way"] == sum(row.one_way != 0 for row in city().segments)
    assert summary["vehicles"] == 66


def test_upsert_overwrites_by_key_and_adds_the_rest(database: Database) -> None:
    first, second = (row.model_copy() for row in city().stations[:2])
    changed = first.model_copy(update={"name": "新点", "kg_full": 77})
    with database.write() as session:
        upsert_rows(session, Station, [first])
        assert upsert_rows(session, Station, [changed, second]) == 2
    with database.read() as session:
        assert {row.id: row.name for row in session.exec(select(Station)).all()} == {
            first.id: "新点",
            second.id: second.name,
        }
