"""CAP intake: what is read, what is refused and by which code; arbitrary bytes are only ever refused."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.intake import parse_cap
from dispatch.intake.phenomena import phenomenon_of
from models.errors import Refused
from models.events.registry import payload_of
from models.events.weather import AlertReceived

NOW = datetime(2023, 12, 18, 8, 0, 30, tzinfo=UTC)
SHARED = Path(os.environ.get("SWEEPLINE_SHARED", Path(__file__).parents[2] / ".." / "shared"))
CAP_FILES = SHARED / "data" / "alerts" / "cap"

AREA = "<area><areaDesc>Town</areaDesc><geocode><valueName>GB</valueName><value>321084</value></geocode>{extra}</area>"
INFO = (
    "<info><language>{language}</language><category>Met</category><event>{event}</event><urgency>Expected</urgency>"
    "<severity>Moderate</severity><certainty>Likely</certainty>{extra}{area}</info>"
)


def alert(
    *,
    sent: str = "2023-12-18T16:00:00+08:00",
    event: str = "暴雪",
    area: str = "",
    info: str = "",
    head: str = "",
    namespace: str = "urn:oasis:names:tc:emergency:cap:1.2",
    identifier: str = "A-1",
) -> bytes:
    body = info or INFO.format(language="zh-CN", event=event, extra="", area=AREA.format(extra=area))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<alert xmlns="{namespace}"><identifier>{identifier}</identifier>'
        f"<sender>w@example.org</sender><sent>{sent}</sent><status>Actual</status><msgType>Update</msgType>"
        f"<scope>Public</scope><references>w@example.org,A-0,2023-12-18T08:00:00-00:00</references>{body}</alert>"
    ).encode()


def read(raw: bytes) -> AlertReceived:
    payload = payload_of(parse_cap(raw, NOW))
    assert isinstance(payload, AlertReceived)
    return payload


def refusal(raw: bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse_cap(raw, NOW)
    assert "\n" not in caught.value.text
    return caught.value.code


def test_identity_time_and_key_of_an_alert() -> None:
    event = parse_cap(alert(), NOW)
    assert (event.source, event.id) == ("cap:w@example.org", "w@example.org,A-1,2023-12-18T08:00:00+00:00")
    assert event.occurred_at == datetime(2023, 12, 18, 8, tzinfo=UTC)
    assert (event.received_at, event.key, event.type) == (NOW, "alerts", "alert.received")


def test_polygon_is_stored_lon_lat() -> None:
    ring = "32.70,119.40 32.80,119.40 32.80,119.50 32.70,119.40"
    areas = read(alert(area=f"<polygon>{ring}</polygon>")).areas
    assert areas[0].polygons[0] == ((119.40, 32.70), (119.40, 32.80), (119.50, 32.80), (119.40, 32.70))
    assert areas[0].geocodes == ("GB=321084",)


def test_circle_becomes_a_closed_ring_of_that_radius() -> None:
    (ring,) = read(alert(area="<circle>0.0,10.0 111.19</circle>")).areas[0].polygons
    assert ring[0] == ring[-1] and len(ring) == 33
    assert max(lat for _, lat in ring) == pytest.approx(1.0, abs=0.001)
    assert max(lon for lon, _ in ring) == pytest.approx(11.0, abs=0.001)


def test_first_language_wins_and_same_area_is_kept_once() -> None:
    zh = INFO.format(language="zh-CN", event="暴雪", extra="", area=AREA.format(extra=""))
    onset = "<onset>2023-12-18T22:00:00+08:00</onset><headline>Snow</headline>"
    en = INFO.format(language="en", event="Snow Storm", extra=onset, area=AREA.format(extra=""))
    other = INFO.format(language="en", event="Snow", extra="", area="<area><areaDesc>Lake</areaDesc></area>")
    payload = read(alert(info=zh + en + other))
    assert payload.event == "暴雪" and payload.headline == "Snow"
    assert payload.onset == datetime(2023, 12, 18, 14, tzinfo=UTC)
    assert [area.description for area in payload.areas] == ["Town", "Lake"]


def test_references_with_the_space_of_the_chinese_profile() -> None:
    raw = alert().replace(b"A-0,2023-12-18T08:00:00-00:00", b"A-0,2023-12-18 16:00:00+08:00 b@c,B-0,2023-12-18T15:00Z")
    references = read(raw).references
    assert [(r.sender, r.identifier) for r in references] == [("w@example.org", "A-0"), ("b@c", "B-0")]
    assert references[0].sent == datetime(2023, 12, 18, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"not xml", "not_xml"),
        (b"", "not_xml"),
        (alert(head='<!DOCTYPE a [<!ENTITY x "y">]>'), "dtd"),
        (alert(head='<!DOCTYPE alert SYSTEM "http://example.org/a.dtd">'), "dtd"),
        (alert(namespace="urn:oasis:names:tc:emergency:cap:1.0"), "not_cap"),
        (b"<alert/>", "not_cap"),
        (alert(sent="2023-12-18T16:00:00"), "bad_time"),
        (alert(sent="0001-01-01T00:00:00+08:00"), "bad_time"),
        (alert(sent=""), "missing_field"),
        (alert(event=""), "missing_field"),
        (alert(identifier="A 1"), "bad_field"),
        (alert(area="<polygon>1,1 1,2 1,1</polygon>"), "bad_area"),
        (alert(area="<polygon>1,1 1,2 2,2 2,1</polygon>"), "bad_area"),
        (alert(area="<polygon>91,1 1,2 2,2 91,1</polygon>"), "bad_area"),
        (alert(area="<polygon>nan,1 1,2 2,2 nan,1</polygon>"), "bad_area"),
        (alert(area="<circle>1,1 -5</circle>"), "bad_area"),
        (alert().replace(b"<msgType>Update", b"<msgType>Upgrade"), "bad_field"),
        (alert().replace(b"A-0,2023-12-18T08", b"A-0 2023-12-18T08"), "bad_reference"),
        (alert() + b" " * 256 * 1024, "too_large"),
        (alert(area="".join("<circle>1,1 5</circle>" for _ in range(9000))), "too_large"),
    ],
)
def test_refused_by_code(raw: bytes, code: str) -> None:
    assert refusal(raw) == code


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        parse_cap(raw, NOW)


@given(st.data())
def test_damaged_alert_raises_nothing_but_refused(data: st.DataObject) -> None:
    raw = bytearray(alert(area="<circle>1,1 5</circle><polygon>1,1 1,2 2,2 1,1</polygon>"))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        payload_of(parse_cap(bytes(raw), NOW))
    except Refused as error:
        assert error.code and "\n" not in error.text


@pytest.mark.parametrize(
    ("texts", "codes", "phenomenon"),
    [
        (["暴雪黄色预警"], [], "snow"),
        (["道路结冰"], [], "ice"),
        (["冻雨"], [], "freezing_rain"),
        (["霜冻"], [], "frost"),
        (["冰雹"], [], "other"),
        (["Freezing Rain Warning"], ["WSW"], "freezing_rain"),
        (["Winter Storm Warning"], [], "snow"),
        (["Public notice"], [], "other"),
        (["black ice"], [], "ice"),
        (["avertissement de neige"], [], "snow"),
        (["pluie verglaçante"], [], "freezing_rain"),
        (["WINDBÖEN"], ["51"], "other"),
        (["warning"], ["11B21"], "ice"),
        (["warning"], ["11b04"], "snow"),
    ],
)
def test_phenomenon(texts: list[str], codes: list[str], phenomenon: str) -> None:
    assert phenomenon_of(texts, codes) == phenomenon


@pytest.mark.skipif(not CAP_FILES.is_dir(), reason="shared alert files are absent (SWEEPLINE_SHARED)")
def test_canadian_snowfall_update_and_german_wind_alert_are_read() -> None:
    now = datetime(2017, 2, 23, 14, tzinfo=UTC)
    snow = payload_of(parse_cap((CAP_FILES / "eccc_snowfall_2013-01-24_cap12_signed.xml").read_bytes(), now))
    assert isinstance(snow, AlertReceived)
    assert (snow.phenomenon, snow.msg_type, len(snow.references)) == ("snow", "Update", 9)
    assert snow.onset is None and snow.effective == datetime(2013, 1, 24, 21, 26, tzinfo=UTC)
    assert "layer:EC-MSC-SMC:1.0:CLC=067200" in snow.areas[0].geocodes
    wind = payload_of(parse_cap((CAP_FILES / "dwd_2017-02-23_cap12.xml").read_bytes(), now))
    assert isinstance(wind, AlertReceived)
    assert wind.phenomenon == "other" and wind.onset == datetime(2017, 2, 23, 16, tzinfo=UTC)
    assert len(wind.areas) == 20
