"""Station levels from the public Philadelphia BigBelly series of 2014, played at other places on another day.

The series has no levels over time, only the level (GREEN, YELLOW, RED) whenever a bin was seen to. A bin seen to on
the source day gives all its records of that day; one that was not gives its last record of the days before. The
events say where they come from: their source is `philadelphia-bigbelly-2014`, whatever stations they drive.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from models.errors import Refused
from models.events.base import Event
from models.times import at_local, iso

SOURCE = "philadelphia-bigbelly-2014"
LEVEL_PCT = {"GREEN": 30.0, "YELLOW": 65.0, "RED": 95.0}
TIME_FORMAT = "%m/%d/%Y %I:%M:%S %p"
LOOK_BACK_DAYS = 7
"""A bin's last record is no older than this; with none it is left out."""
MIN_RECORDS_A_DAY = 100
MAX_ROWS = 1_000_000

Series = dict[str, list[tuple[datetime, float]]]
"""Serial number → (local time, level in percent), by time, without exact repetitions."""


def read_series(rows: Iterable[dict[str, Any]]) -> Series:
    """The series by bin. Rows of another level or time format are left out. Raises Refused on missing columns."""
    found: dict[str, set[tuple[datetime, float]]] = {}
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise Refused("too_large", f"bin series: more than {MAX_ROWS} rows")
        if not {"sn", "timestamp", "level"} <= set(row):
            raise Refused("unknown_kind", "bin series: expected the columns sn, timestamp, level")
        level = LEVEL_PCT.get(str(row["level"]).strip().upper())
        try:
            at = datetime.strptime(str(row["timestamp"]).strip(), TIME_FORMAT)
        except ValueError:
            continue
        if level is not None:
            found.setdefault(str(row["sn"]).strip(), set()).add((at, level))
    return {serial: sorted(records) for serial, records in sorted(found.items())}


def drive_levels(csv_path: Path, station_ids: Sequence[str], day: date, zone: str, seed: int) -> list[Event]:
    """Level events of one local day for the given stations, by time. Raises Refused on an unreadable file.

    Each station is given a bin by the seed (bins repeat when there are fewer); the source day is one of the same
    weekday with at least MIN_RECORDS_A_DAY records. Each event is received when it was observed.
    """
    try:
        with csv_path.open(newline="", encoding="utf-8") as stream:
            series = read_series(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused("no_file", f"{csv_path}: {error}") from error
    random = Random(f"{seed}:philadelphia:{day}")
    source_day = _source_day(series, day, random)
    serials = list(series)
    random.shuffle(serials)
    events = []
    for index, station in enumerate(sorted(station_ids)):
        for clock, level in _records_of(series[serials[index % len(serials)]], source_day):
            events.append(_event(station, at_local(day, clock, zone), level))
    return sorted(events, key=lambda event: (event.occurred_at, event.id))


def _source_day(series: Series, day: date, random: Random) -> date:
    counts: dict[date, int] = {}
    for records in series.values():
        for at, _ in records:
            counts[at.date()] = counts.get(at.date(), 0) + 1
    weekday = [d for d in sorted(counts) if d.weekday() == day.weekday()]
    full = [d for d in weekday if counts[d] >= MIN_RECORDS_A_DAY] or weekday or sorted(counts)
    if not full:
        raise Refused("empty", "bin series: no record that could be read")
    return random.choice(full)


def _records_of(records: list[tuple[datetime, float]], day: date) -> list[tuple[time, float]]:
    """Clock and level: the day's own records, else the last of the days before, one a clock time."""
    own = {at.time(): level for at, level in records if at.date() == day}
    if own:
        return sorted(own.items())
    first = day - timedelta(days=LOOK_BACK_DAYS)
    before = [(at.time(), level) for at, level in records if first <= at.date() < day]
    return before[-1:]


def _event(station: str, at: datetime, level_pct: float) -> Event:
    return Event(
        source=SOURCE,
        id=f"{station}@{iso(at)}",
        type="station.level",
        key=station,
        occurred_at=at,
        received_at=at,
        data={"station": station, "observed_at": iso(at), "level_pct": level_pct},
    )
