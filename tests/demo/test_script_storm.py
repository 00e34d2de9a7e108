"""The storm's script: what comes when, that intake reads it as meant, and that a seed gives one script."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demo.complaints import APART_M, Spot
from demo.filling import LEFT_PCT, OVERFLOW_PCT
from demo.script import ScriptCity, ScriptEvent, StormScript, storm_script
from demo.spans import distance_m
from demo.storm import DEPTH_CM, value_at
from dispatch.intake import BadLine, parse_body
from models.errors import Refused
from models.events.base import Event
from models.events.field import ComplaintReceived, StationLevel
from models.events.registry import payload_of
from models.events.weather import AlertReceived, ReadingReceived

MIDNIGHT = datetime(2023, 12, 17, 16, tzinfo=UTC)
SPOTS = tuple(
    Spot(119.40 + 0.003 * i, 32.75 + 0.003 * j, f"街{i}{j}", ("", "main", "secondary", "lane")[(i + j) % 4])
    for i in range(12)
    for j in range(12)
)
CITY = ScriptCity("321084", "示范", "Asia/Shanghai", SPOTS, tuple(f"ST-{n:03d}" for n in range(60)), ("C-01", "S-01"))
SCRIPT = storm_script(1, CITY)


def hours(value: float) -> datetime:
    return MIDNIGHT + timedelta(hours=value)


def named(name: str) -> ScriptEvent:
    return next(event for event in SCRIPT.events if event.name == name)


def parsed(entry: ScriptEvent) -> list[Event | BadLine]:
    return parse_body(entry.body, entry.content_type, entry.at)


def payloads(kind: type) -> list[tuple[datetime, object]]:
    found = []
    for entry in SCRIPT.events:
        if entry.kind == "send" and entry.name != "hostile":
            for item in parsed(entry):
                if isinstance(item, Event) and isinstance(payload := payload_of(item), kind):
                    found.append((entry.at, payload))
    return found


def test_events_are_in_order_each_in_its_own_second_within_the_two_days() -> None:
    times = [event.at for event in SCRIPT.events]
    assert times == sorted(set(times))
    assert all(at.microsecond == 0 for at in times)
    assert SCRIPT.start == MIDNIGHT and SCRIPT.end == hours(48)
    assert times[0] >= MIDNIGHT and times[-1] < SCRIPT.end


def test_same_seed_same_script_other_seed_other_script() -> None:
    assert storm_script(1, CITY) == SCRIPT
    assert storm_script(2, CITY).events != SCRIPT.events


def test_warning_update_and_copy() -> None:
    alerts = payloads(AlertReceived)
    assert [at for at, _ in alerts] == [hours(16), hours(16.5), hours(21)]
    warning, copy, update = (payload for _, payload in alerts)
    assert isinstance(warning, AlertReceived) and isinstance(update, AlertReceived)
    assert copy == warning and named("alert").body == named("alert-copy").body
    assert (warning.phenomenon, warning.severity, warning.msg_type) == ("snow", "Moderate", "Alert")
    assert (warning.sent, warning.onset, warning.expires) == (hours(16), hours(22), hours(56))
    assert warning.areas[0].geocodes == ("GB/T2260=321084",) and len(warning.areas) == 1
    assert (update.msg_type, update.onset) == ("Update", warning.onset)
    assert [(r.identifier, r.sent) for r in update.references] == [(warning.identifier, warning.sent)]


def test_hostile_file_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        parsed(named("hostile"))
    assert caught.value.code == "dtd"


def test_bad_events_are_bad_in_the_way_they_should_be() -> None:
    outcomes = [parsed(named(f"bad-{n}"))[0] for n in range(1, 5)]
    reasons = [item.reason if isinstance(item, BadLine) else "" for item in outcomes]
    assert reasons == ["bad_payload", "null_island", "", "from_future"]
    unknown = outcomes[2]
    assert isinstance(unknown, Event) and unknown.data["station"] not in CITY.stations


def test_weather_follows_the_storm() -> None:
    rows = [(at, p) for at, p in payloads(ReadingReceived) if isinstance(p, ReadingReceived)]
    assert len(rows) == 3 * 96 and len({p.device for _, p in rows}) == 3
    by_time = {(p.device, p.observed_at): p for _, p in rows}
    for device in sorted({p.device for _, p in rows}):
        mine = [p for (d, _), p in sorted(by_time.items()) if d == device]
        road = [(p.observed_at, p.road_c) for p in mine]
        assert all(c is not None and c > 0 for at, c in road if at < hours(19))
        assert all(c is not None and c < 0 for at, c in road if hours(20.5) <= at < hours(33))
        assert all(p.precipitation_mm_h == 0 for p in mine if p.observed_at < hours(22))
        assert all((p.precipitation_mm_h or 0) > 0 for p in mine if hours(22) <= p.observed_at < hours(28))
        depth = {round((p.observed_at - MIDNIGHT) / timedelta(minutes=30)): p.snow_depth_cm for p in mine}
        assert (depth[44], depth[45], depth[46], depth[54]) == (0, 0.4, 1.0, 5.0)
        assert (depth[95] or 0) < 5


@given(st.floats(-10, 100))
def test_curve_stays_within_its_values(hour: float) -> None:
    values = [value for _, value in DEPTH_CM]
    assert min(values) <= value_at(DEPTH_CM, hour) <= max(values)


def test_complaints_of_a_kind_are_apart_but_for_the_one_that_comes_twice() -> None:
    rows = [(at, p) for at, p in payloads(ComplaintReceived) if isinstance(p, ComplaintReceived)]
    assert 38 <= len(rows) <= 45
    near = [
        (a, b)
        for n, a in enumerate(rows)
        for b in rows[n + 1 :]
        if a[1].kind == b[1].kind and distance_m((a[1].lon, a[1].lat), (b[1].lon, b[1].lat)) < APART_M
    ]
    assert len(near) == 1
    (first_at, first), (again_at, again) = near[0]
    assert again_at - first_at == timedelta(minutes=12) and first.kind == "litter" and first.text != again.text
    assert distance_m((first.lon, first.lat), (again.lon, again.lat)) < 30
    places = {(spot.lon, spot.lat) for spot in SPOTS}
    assert all((p.lon, p.lat) in places for _, p in rows if p is not again)
    assert {p.kind for _, p in rows} == {"overflow", "litter", "debris", "ice", "snow", "oily", "other"}


def test_breakdown_is_at_half_past_eleven_at_night() -> None:
    assert [event.at for event in SCRIPT.events if event.kind == "breakdown"] == [hours(23.5)]
    payload_of(StormScript.breakdown("S-07", hours(23.5)))
    assert StormScript.breakdown("S-07", hours(23.5)).id == "vehicle:S-07@2023-12-18T15:30:00Z:out"


def reports(*cuts: float) -> list[Event]:
    edges = [hours(cut) for cut in (0, *cuts, 48)]
    return [event for a, b in itertools.pairwise(edges) for event in SCRIPT.levels(a, b, {})]


def test_every_station_reports_each_two_and_a_half_to_three_hours() -> None:
    times: dict[str, list[datetime]] = {}
    for event in reports():
        payload = payload_of(event)
        assert isinstance(payload, StationLevel)
        times.setdefault(payload.station, []).append(payload.observed_at)
    assert set(times) == set(CITY.stations)
    for station, mine in times.items():
        gaps = [b - a for a, b in itertools.pairwise(mine)]
        least = timedelta(0) if station == SCRIPT.filling.overflowing else timedelta(minutes=150)
        assert least <= min(gaps) and max(gaps) <= timedelta(minutes=180)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 48), max_size=6))
def test_any_cutting_of_time_gives_the_same_reports(cuts: list[float]) -> None:
    assert reports(*sorted(cuts)) == reports()


def test_levels_rise_to_between_forty_and_a_hundred_in_a_day_after_emptying() -> None:
    for station in CITY.stations:
        evening = SCRIPT.level_at(station, hours(24), hours(0))
        assert 40 <= evening <= 105
        assert SCRIPT.level_at(station, hours(12), hours(12)) == LEFT_PCT
        assert SCRIPT.level_at(station, hours(13), hours(12)) <= SCRIPT.level_at(station, hours(20), hours(12))


def test_some_stations_are_due_in_the_first_morning_and_some_are_not() -> None:
    first = [SCRIPT.level_at(station, hours(5.3), None) for station in CITY.stations]
    assert any(level >= 60 for level in first) and any(level < 60 for level in first)


def test_one_station_overflows_and_shows_it_until_emptied() -> None:
    station, at = SCRIPT.filling.overflowing, hours(34) + timedelta(minutes=20)
    over = [event for event in reports() if event.data["level_pct"] >= OVERFLOW_PCT]
    assert over[0].key == station and over[0].occurred_at == at and {event.key for event in over} == {station}
    assert SCRIPT.level_at(station, at - timedelta(seconds=1), hours(20)) < 60
    assert SCRIPT.level_at(station, hours(36), hours(35)) < 20
