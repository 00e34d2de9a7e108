"""The storm of 18–19 December 2023 as the weather service and the road-weather stations tell it."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from xml.sax.saxutils import escape

SENDER = "weather-demo@sweepline.invalid"
ONSET_H, EXPIRES_H = 22.0, 56.0
"""Hours after midnight of the first day: onset 22:00, expiry 08:00 on the 20th."""
WARNED_H, UPDATED_H, REPEATED_H = 16.0, 21.0, 16.5
READING_EVERY = timedelta(minutes=30)
ROAD_STATIONS = ("RW-1", "RW-2", "RW-3")
APART = timedelta(seconds=7)
"""The road-weather stations report one after the other."""

Curve = tuple[tuple[float, float], ...]
"""(hour after midnight of the first day, value), by hour; straight in between."""
HOURS = (0, 6, 14, 18, 20, 22, 27, 31, 38, 44, 48)
AIR_C: Curve = tuple(zip(HOURS, (3.0, 1.5, 6.0, 2.0, 0.2, -1.5, -4.5, -5.5, -1.0, -2.5, -4.0), strict=True))
ROAD_C: Curve = tuple(zip(HOURS, (4.0, 2.0, 8.0, 3.0, -0.1, -1.2, -3.5, -4.5, 0.5, -1.5, -3.0), strict=True))
SNOW_MM_H: Curve = ((0, 0.0), (21.99, 0.0), (22, 0.8), (23, 1.4), (27, 1.2), (28, 0.4), (30, 0.0), (48, 0.0))
DEPTH_CM: Curve = (
    (0, 0.0),
    (22, 0.0),
    (22.5, 0.4),
    (23, 1.0),
    (25, 3.0),
    (27, 5.0),
    (30, 5.3),
    (36, 4.2),
    (42, 2.4),
    (48, 1.8),
)


def value_at(curve: Curve, hour: float) -> float:
    """The curve's value at an hour, held at both ends."""
    if hour <= curve[0][0]:
        return curve[0][1]
    for (h0, v0), (h1, v1) in pairwise(curve):
        if hour <= h1:
            return v0 + (v1 - v0) * (hour - h0) / (h1 - h0)
    return curve[-1][1]


def readings(random: Random, midnight: datetime, end: datetime) -> list[tuple[datetime, dict[str, object]]]:
    """Every reading as (time, line). Stations differ by a constant of at most 0.3 degrees; depth never differs."""
    offsets = {device: round(random.uniform(-0.3, 0.3), 2) for device in ROAD_STATIONS}
    found: list[tuple[datetime, dict[str, object]]] = []
    at = midnight
    while at < end:
        hour = (at - midnight) / timedelta(hours=1)
        for n, device in enumerate(ROAD_STATIONS):
            body: dict[str, object] = {
                "type": "reading.received",
                "device": device,
                "air_c": round(value_at(AIR_C, hour) + offsets[device], 1),
                "road_c": round(value_at(ROAD_C, hour) + offsets[device], 1),
                "precipitation_mm_h": round(value_at(SNOW_MM_H, hour), 1),
                "snow_depth_cm": round(value_at(DEPTH_CM, hour), 1),
            }
            found.append((at + n * APART, body))
        at += READING_EVERY
    return found


def alert_xml(code: str, name: str, midnight: datetime, hour: float, references_hour: float | None) -> bytes:
    """The yellow snow warning sent at an hour; an Update when it references one sent earlier. Local times."""
    sent = midnight + timedelta(hours=hour)
    kind, references = "Alert", ""
    if references_hour is not None:
        before = midnight + timedelta(hours=references_hour)
        kind = "Update"
        references = f"  <references>{SENDER},{identifier(code, before)},{_stamp(before)}</references>\n"
    onset, expires = (_stamp(midnight + timedelta(hours=h)) for h in (ONSET_H, EXPIRES_H))
    zh = _info(
        "zh-CN",
        "暴雪",
        f"{name}气象台{'更新' if references else '发布'}暴雪黄色预警信号",
        "预计18日22时至19日凌晨有中到大雪，积雪5厘米左右，路面将结冰，对交通有影响。",
        (code, name, _stamp(sent), onset, expires),
    )
    en = _info(
        "en-US",
        "Snow Storm",
        f"Yellow warning of snow storm for {name} {'updated' if references else 'issued'}",
        "Moderate to heavy snow from 22:00 on the 18th to early on the 19th, about 5 cm, roads will freeze.",
        (code, name, _stamp(sent), onset, expires),
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">\n'
        f"  <identifier>{identifier(code, sent)}</identifier>\n  <sender>{SENDER}</sender>\n"
        f"  <sent>{_stamp(sent)}</sent>\n  <status>Actual</status>\n  <msgType>{kind}</msgType>\n"
        f"  <scope>Public</scope>\n{references}{zh}{en}</alert>\n"
    ).encode()


def identifier(code: str, sent: datetime) -> str:
    """As GB/T 35965.1 builds it: region, agency, local time, serial."""
    return f"{code}41600000_{sent:%Y%m%d%H%M%S}_0"


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _info(language: str, event: str, headline: str, text: str, facts: tuple[str, str, str, str, str]) -> str:
    code, name, effective, onset, expires = facts
    return (
        f"  <info>\n    <language>{language}</language>\n    <category>Met</category>\n    <event>{event}</event>\n"
        "    <responseType>Prepare</responseType>\n    <urgency>Expected</urgency>\n"
        "    <severity>Moderate</severity>\n    <certainty>Likely</certainty>\n"
        "    <eventCode><valueName>GB/T 35965.1</valueName><value>11B04</value></eventCode>\n"
        f"    <effective>{effective}</effective>\n    <onset>{onset}</onset>\n    <expires>{expires}</expires>\n"
        f"    <headline>{escape(headline)}</headline>\n    <description>{escape(text)}</description>\n"
        f"    <area><areaDesc>{escape(name)}</areaDesc>"
        f"<geocode><valueName>GB/T2260</valueName><value>{escape(code)}</value></geocode></area>\n  </info>\n"
    )


BOMB = (
    b'<?xml version="1.0"?>\n<!DOCTYPE alert [\n <!ENTITY a "snow snow snow snow snow">\n'
    b' <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">\n <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">\n'
    b' <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">\n]>\n'
    b'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>&d;</identifier></alert>\n'
)
"""The hostile file: an alert whose entities grow a thousandfold."""
