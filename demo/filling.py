"""How the demo city's stations fill, and when they report it.

A station fills along a daily pattern with a morning and an evening rush, each at its own pace, from when it was last
emptied; how full it is follows from that moment alone. One station is overfilled at once by a market's waste.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from models.events.base import Event
from models.times import iso

REPORT_MIN = (150, 180)
"""Every station reports each 2.5 to 3 hours, at a pace of its own."""
GROWTH_PCT = (42.0, 100.0)
"""What a station gains in a day."""
FAST_PCT = 68.0
"""Stations that gain this much a day were last emptied in the morning, the others in the evening before."""
MORNING_S, EVENING_S = (54_000, 64_800), (7_200, 16_200)
"""Seconds before the first midnight: 06:00 to 09:00, 19:30 to 22:00."""
LEFT_PCT = 3.0
"""What an emptied station still shows."""
FULL_PCT = 118.0
"""Sensors show no more, but for the overflow."""
OVERFLOW_PCT = 120.0
OVERFLOW_AT = timedelta(hours=34, minutes=20)
"""10:20 on the second day."""
HOURLY = (1, 0, 0, 0, 0, 2, 8, 12, 7, 4, 4, 5, 5, 4, 3, 3, 4, 6, 10, 10, 6, 3, 2, 1)
"""Share of a day's waste by local hour, in hundredths."""
SOURCE = "stations"


@dataclass(frozen=True, slots=True)
class Habit:
    """A station's own pace: gain a day, last emptied before the story, first report and time between reports."""

    growth_pct: float
    emptied_at: datetime
    first_at: datetime
    every: timedelta


@dataclass(frozen=True, slots=True)
class Filling:
    """All stations. `midnight` is local midnight of the first day, `overflowing` the station of the market."""

    midnight: datetime
    end: datetime
    habits: Mapping[str, Habit]
    overflowing: str

    @property
    def overflow_at(self) -> datetime:
        """When the market's waste comes."""
        return self.midnight + OVERFLOW_AT

    def level_at(self, station: str, at: datetime, last_cleared_at: datetime | None) -> float:
        """Per cent at a time, one decimal. `last_cleared_at` None: not emptied since the story began."""
        habit = self.habits[station]
        since = habit.emptied_at if last_cleared_at is None else max(habit.emptied_at, last_cleared_at)
        share = self._gained(at) - self._gained(min(since, at))
        level = min(FULL_PCT, LEFT_PCT + habit.growth_pct * share)
        if station == self.overflowing and since < self.overflow_at <= at:
            return OVERFLOW_PCT
        return round(level, 1)

    def reports(self, t0: datetime, t1: datetime, cleared: Mapping[str, datetime]) -> list[Event]:
        """Level events in (t0, t1], by time and station. `cleared`: when each was last emptied, where it was."""
        found = []
        for station, habit in self.habits.items():
            steps = max(0, -((habit.first_at - t0) // habit.every))
            at = habit.first_at + steps * habit.every
            times = []
            while at <= min(t1, self.end):
                if at > t0:
                    times.append(at)
                at += habit.every
            if station == self.overflowing and t0 < self.overflow_at <= t1:
                times.append(self.overflow_at)
            for when in times:
                found.append(level_event(station, when, self.level_at(station, when, _before(cleared, station, when))))
        return sorted(found, key=lambda event: (event.occurred_at, event.key))

    def _gained(self, at: datetime) -> float:
        """Days' worth of waste since the first midnight, negative before it."""
        days, rest = divmod(at - self.midnight, timedelta(days=1))
        hour, part = divmod(rest, timedelta(hours=1))
        return days + (sum(HOURLY[:hour]) + HOURLY[hour] * (part / timedelta(hours=1))) / sum(HOURLY)


def _before(cleared: Mapping[str, datetime], station: str, at: datetime) -> datetime | None:
    when = cleared.get(station)
    return when if when is not None and when <= at else None


def make_filling(random: Random, stations: Sequence[str], midnight: datetime, end: datetime) -> Filling:
    """Habits of all stations from a seed. The overflowing one fills slowly and was emptied the evening before."""
    habits: dict[str, Habit] = {}
    ordered = sorted(stations)
    slow = random.choice(ordered) if ordered else ""
    for station in ordered:
        every = timedelta(minutes=random.randint(*REPORT_MIN))
        first_s = random.randrange(60, int(every.total_seconds()))
        growth = random.uniform(*GROWTH_PCT) if station != slow else GROWTH_PCT[0]
        ago_s = random.randint(*(MORNING_S if growth >= FAST_PCT else EVENING_S))
        habits[station] = Habit(
            growth_pct=round(growth, 1),
            emptied_at=midnight - timedelta(seconds=ago_s),
            first_at=midnight + timedelta(seconds=first_s),
            every=every,
        )
    return Filling(midnight, end, habits, slow)


def level_event(station: str, at: datetime, level_pct: float) -> Event:
    """One `station.level` event, received when it was observed."""
    stamp = iso(at)
    return Event(
        source=SOURCE,
        id=f"{station}@{stamp}",
        type="station.level",
        key=station,
        occurred_at=at,
        received_at=at,
        data={"station": station, "observed_at": stamp, "level_pct": level_pct},
    )
