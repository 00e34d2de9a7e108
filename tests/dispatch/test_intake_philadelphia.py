"""Philadelphia's bins as levels of other stations: mapping, labels, determinism."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dispatch.intake.philadelphia import SOURCE, drive_levels
from models.errors import Refused
from models.events.registry import payload_of

SERIES = (
    Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
    / "data/bins/philadelphia_bigbelly_usage_2014.csv"
)
DAY = date(2026, 3, 3)  # a Tuesday, as 7 January 2014


def write(path: Path, *rows: str) -> Path:
    path.write_text("sn,streamtype,timestamp,level,place\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_own_day_else_last_record_before(tmp_path: Path) -> None:
    path = write(
        tmp_path / "bins.csv",
        "7,Trash,01/07/2014 06:30:00 AM,RED,x",
        "7,Trash,01/07/2014 06:30:00 AM,RED,x",
        "7,Trash,01/06/2014 09:00:00 AM,GREEN,x",
    )
    (event,) = drive_levels(path, ["CB-1"], DAY, "America/New_York", 1)
    assert event.data == {"station": "CB-1", "observed_at": "2026-03-03T11:30:00Z", "level_pct": 95.0}
    assert event.source == SOURCE and event.received_at == datetime(2026, 3, 3, 11, 30, tzinfo=UTC)
    path = write(
        tmp_path / "two.csv",
        "7,Trash,01/07/2014 06:30:00 AM,RED,x",
        "8,Trash,01/06/2014 09:00:00 PM,YELLOW,x",
        "8,Trash,12/01/2013 09:00:00 PM,RED,x",
    )
    events = drive_levels(path, ["A", "B"], DAY, "UTC", 1)
    assert sorted(event.data["level_pct"] for event in events) == [65.0, 95.0]


def test_unreadable_series_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", write(tmp_path / "empty.csv")):
        with pytest.raises(Refused):
            drive_levels(path, ["A"], DAY, "UTC", 1)


@pytest.mark.skipif(not SERIES.is_file(), reason="the Philadelphia series is absent (SWEEPLINE_SHARED)")
def test_real_series_drives_most_stations_the_same_way_each_time() -> None:
    stations = [f"CB-{n}" for n in range(300)]
    events = drive_levels(SERIES, stations, DAY, "America/New_York", 3)
    assert events == drive_levels(SERIES, list(reversed(stations)), DAY, "America/New_York", 3)
    assert len({event.data["station"] for event in events}) > 200
    for event in events:
        payload_of(event)
        assert event.source == SOURCE
