"""Line intake: identity by kind, JSON lines and CSV, bad lines that do not stop the good ones, limits."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.intake import MAX_LINE_BYTES, BadLine, parse_body, parse_file
from models.errors import Refused
from models.events.base import Event, dump_event, load_event
from models.events.registry import payload_of

NOW = datetime(2023, 12, 18, 8, 0, 30, tzinfo=UTC)
LEVEL = {"type": "station.level", "station": "ST-1", "observed_at": "2023-12-18T15:59:00+08:00", "level_pct": 62.5}
FIX = {"type": "vehicle.position", "vehicle": "S-01", "observed_at": "2023-12-18T08:00:00Z", "lon": 119.4, "lat": 32.7}
COMPLAINT = {"type": "complaint.received", "kind": "litter", "lon": 119.4, "lat": 32.7, "text": "垃圾"}


def one(body: dict[str, object]) -> Event:
    (event,) = parse_body(json.dumps(body).encode(), "application/json", NOW)
    assert isinstance(event, Event), event
    return event


def bad(body: object) -> BadLine:
    (line,) = parse_body(json.dumps(body).encode(), "application/json", NOW)
    assert isinstance(line, BadLine), line
    return line


@pytest.mark.parametrize(
    ("body", "id_", "key"),
    [
        (LEVEL, "ST-1@2023-12-18T07:59:00Z", "ST-1"),
        (FIX, "S-01@2023-12-18T08:00:00Z", "S-01"),
        (
            {"type": "reading.received", "device": "RW-1", "observed_at": "2023-12-18T08:00:00Z", "road_c": -1},
            "RW-1@2023-12-18T08:00:00Z",
            "RW-1",
        ),
        (
            {
                "type": "resource.status",
                "kind": "vehicle",
                "ref": "S-01",
                "status": "out",
                "since": "2023-12-18T08:00Z",
            },
            "vehicle:S-01@2023-12-18T08:00:00Z:out",
            "vehicle:S-01",
        ),
        ({**COMPLAINT, "id": "idem-7"}, "idem-7", "cases"),
    ],
)
def test_identity_and_key_by_kind(body: dict[str, object], id_: str, key: str) -> None:
    event = one(body)
    assert (event.id, event.key) == (id_, key)
    payload_of(event)


def test_complaint_without_id_is_known_by_content_and_minute() -> None:
    first, again = one(COMPLAINT), one(dict(reversed(COMPLAINT.items())))
    assert first.id == again.id and (first.source, again.source) == ("complaints:12345", "complaints:12345")
    assert one({**COMPLAINT, "text": "other"}).id != first.id
    assert one({**COMPLAINT, "occurred_at": "2023-12-18T07:30:00Z"}).id != first.id


def test_same_reading_in_other_zone_is_the_same_event() -> None:
    assert one(LEVEL).id == one({**LEVEL, "observed_at": "2023-12-18T07:59:00Z"}).id


def test_envelope_as_dumped_is_read_back() -> None:
    event = one(COMPLAINT)
    (again,) = parse_body(dump_event(event), "application/json", NOW)
    assert again == event == load_event(dump_event(event))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({**LEVEL, "level_pct": 300}, "bad_payload"),
        ({**FIX, "lon": 0, "lat": 0.0}, "null_island"),
        ({**FIX, "observed_at": "2023-12-18T08:06:00Z"}, "from_future"),
        ({**FIX, "observed_at": "2023-12-18T08:00:00"}, "bad_time"),
        ({**FIX, "observed_at": 1702886400}, "bad_time"),
        ({**FIX, "nonsense": 1}, "bad_payload"),
        ({"type": "nonsense"}, "unknown_type"),
        ({**COMPLAINT, "text": "\ud800"}, "bad_payload"),
        ({**COMPLAINT, "text": "a\x00b"}, "bad_text"),
        ({**COMPLAINT, "id": 7}, "bad_payload"),
        ({**COMPLAINT, "id": "x" * 201}, "bad_identity"),
        ([1], "not_an_object"),
    ],
)
def test_bad_line_has_its_reason(body: object, reason: str) -> None:
    assert bad(body).reason == reason


def test_bad_lines_keep_bytes_and_number_while_others_go_on(tmp_path: Path) -> None:
    rows = [json.dumps(LEVEL).encode(), b"{broken", b"", b'{"a":NaN}', b"\xff{}", json.dumps(FIX).encode()]
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"\n".join(rows))
    found = list(parse_file(path, NOW))
    assert [type(item).__name__ for item in found] == ["Event", "BadLine", "BadLine", "BadLine", "Event"]
    lines = [item for item in found if isinstance(item, BadLine)]
    assert [(line.line, line.reason) for line in lines] == [(2, "not_json"), (4, "not_json"), (5, "not_utf8")]
    assert lines[0].raw == b"{broken"


def test_line_over_the_limit_is_bad_and_skipped_to_its_end() -> None:
    long = b'{"type":"' + b"x" * (3 * MAX_LINE_BYTES) + b'"}'
    found = parse_body(b"\n".join([json.dumps(LEVEL).encode(), long, json.dumps(FIX).encode()]), "", NOW)
    assert isinstance(found[0], Event) and isinstance(found[2], Event) and len(found) == 3
    assert isinstance(found[1], BadLine) and found[1].reason == "too_long" and found[1].line == 2


def test_csv_of_levels_with_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_text(
        "\ufeffstation,observed_at,level_pct\nST-1,2023-12-18T15:00:00+08:00,55\nST-2,2023-12-18T15:00:00+08:00,300\n"
        'ST-3,"unclosed\nST-4,2023-12-18T15:00:00+08:00\nST-5,2023-12-18T15:00:00+08:00,ten\n'
        "ST-6,2023-12-18T15:00:00+08:00,5\n",
        encoding="utf-8",
    )
    found = list(parse_file(path, NOW))
    assert [item.data["station"] for item in found if isinstance(item, Event)] == ["ST-1", "ST-6"]
    lines = [item for item in found if isinstance(item, BadLine)]
    assert [(line.line, line.reason) for line in lines] == [
        (3, "bad_payload"),
        (4, "not_csv"),
        (5, "not_csv"),
        (6, "bad_payload"),
    ]


def test_csv_of_positions_reads_tool_letters() -> None:
    raw = b"vehicle,observed_at,lon,lat,tools\nS-01,2023-12-18T08:00:00Z,119.4,32.7,sp\n"
    (event,) = parse_body(raw, "text/csv", NOW)
    assert isinstance(event, Event)
    assert event.data["tools"] == {"spreader": True, "plough": True, "lift": False, "broom": False}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "unknown_kind"),
        (b"hello", "unknown_kind"),
        (b"sn,streamtype,timestamp,level\n1,2,3,4\n", "unknown_kind"),
        (b"station,observed_at,level_pct,colour\n", "unknown_column"),
        (b"<html/>", "not_cap"),
        (b"{}" * 600_000, "too_large"),
    ],
)
def test_unknown_kind_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_body(raw, "", NOW)
    assert caught.value.code == code


def test_missing_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.csv", tmp_path):
        with pytest.raises(Refused) as caught:
            list(parse_file(path, NOW))
        assert caught.value.code == "no_file"


def survives(raw: bytes, content_type: str) -> None:
    try:
        found = parse_body(raw, content_type, NOW)
    except Refused as error:
        assert error.code
        return
    for item in found:
        if isinstance(item, Event):
            assert load_event(dump_event(item)) == item
        else:
            assert item.reason and item.text.encode()


@given(st.binary(max_size=200), st.sampled_from(["", "application/json", "text/csv"]))
def test_arbitrary_bytes_never_raise_but_refused(raw: bytes, content_type: str) -> None:
    survives(raw, content_type)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from([LEVEL, FIX, COMPLAINT]), st.data())
def test_any_value_in_any_field_never_raises_but_refused(base: dict[str, object], data: st.DataObject) -> None:
    body = dict(base)
    for name in data.draw(st.lists(st.sampled_from([*base, "id", "source", "occurred_at", "tools"]), max_size=3)):
        body[name] = data.draw(JSON)
    survives(json.dumps(body).encode(), "application/json")


def test_deep_nesting_is_a_bad_line() -> None:
    survives(b"[" * 100_000, "application/json")
    survives(b'{"type":' + b"[" * 30_000, "")
