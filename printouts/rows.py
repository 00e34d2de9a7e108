"""A route document's stops and legs as the rows a crew reads: streets merged, turns worked out, drives in short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.routes import RouteDoc, StopDoc
from dispatch.sheets import TICKED
from models.times import parse_time
from printouts import messages
from printouts.text import name_of
from printouts.turns import heading_in, heading_out, plane, turn_between
from printouts.values import EMPTY, DriveStep, Row, Street, Words

ROWS_LIMIT = 2_000
"""Rows of one sheet (about 60 pages): a route that needs more is not one shift's work."""
SAME_ROAD = ("straight", "slight_left", "slight_right")
"""Turns that do not interrupt a street of one name."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the rows need from the database, loaded once a plan. All keys are ids of the route documents."""

    segments: Mapping[str, Street]
    stations: Mapping[str, Words]
    """Station id → what stands there, as (4×240 L 其他, 4×240 L residual)."""
    cases: Mapping[str, tuple[Words, str]]
    """Case number → (kind in words, first report's text)."""
    facilities: Mapping[str, str]
    """Facility id → kind."""
    corners: Mapping[str, Words]
    """Junction → the streets that meet there."""
    zone: ZoneInfo


@dataclass(slots=True)
class _Writer:
    lookup: Lookup
    service: str
    first_day: date
    rows: list[Row] = field(default_factory=list)
    heading: float | None = None
    steps: list[DriveStep] = field(default_factory=list)
    steps_time: str = ""
    numbered: int = 0
    runs: Counter[tuple[str, bool]] = field(default_factory=Counter)
    joinable: tuple[Any, ...] = ()

    def turn_into(self, segment: str, forward: bool) -> str:
        """The turn onto a segment; afterwards the truck is at its other end. `start` when nothing is known before."""
        row = self.lookup.segments.get(segment)
        if row is None or len(row.geometry) < 2:
            self.heading = None
            return "start"
        points = plane(row.geometry, forward)
        turn = "start" if self.heading is None else turn_between(self.heading, heading_in(points))
        self.heading = heading_out(points)
        return turn

    def drive(self, legs: list[Any], time: str) -> None:
        """Legs driven without working, one step a street."""
        for segment, forward in legs:
            turn = self.turn_into(segment, bool(forward))
            row = self.lookup.segments.get(segment)
            name = street_name(row) if row is not None else messages.UNNAMED
            length = round(row.length_m) if row is not None else 0
            if not self.steps:
                self.steps_time = time
            if self.steps and self.steps[-1].name == name and turn in SAME_ROAD:
                last = self.steps[-1]
                self.steps[-1] = replace(last, length_m=last.length_m + length)
            else:
                self.steps.append(DriveStep(turn, name, length))

    def close_drive(self) -> None:
        """Put the steps driven so far down as one row."""
        if self.steps:
            total = sum(step.length_m for step in self.steps)
            row = Row("drive", 0, self.steps[0].turn, EMPTY, self.steps_time, length_m=total, steps=tuple(self.steps))
            self.rows.append(row)
            self.steps = []
            self.joinable = ()

    def street(self, stop: StopDoc) -> None:
        """A segment served: joined to the row before when it goes straight on under the same name, rate and run.

        The run counts how often this route has served the street in this direction: that is what a driver sees.
        """
        segment = self.lookup.segments.get(stop["ref"])
        turn = self.turn_into(stop["ref"], bool(stop["forward"]))
        name = street_name(segment) if segment is not None else named(stop)
        self.runs[stop["ref"], bool(stop["forward"])] += 1
        run = self.runs[stop["ref"], bool(stop["forward"])]
        key = (name, int(stop.get("rate_g_m2", 0)), run, str(stop["case"]))
        bridge = messages.PRIORITIES["bridge"] if stop.get("priority") == "bridge" else EMPTY
        length, kg = int(stop.get("length_m", 0)), int(stop["quantity_kg"])
        if self.joinable == key and turn in SAME_ROAD:
            last = self.rows[-1]
            self.rows[-1] = replace(
                last,
                length_m=last.length_m + length,
                quantity_kg=last.quantity_kg + kg,
                load_kg=int(stop["load_kg"]),
                detail=bridge if bridge[0] else last.detail,
                stops=last.stops + 1,
            )
            return
        self.numbered += 1
        what = messages.words_of(messages.WORK, self.service)
        row = replace(
            self.base(stop, "work", name, turn),
            what=what,
            length_m=length,
            rate_g_m2=int(stop.get("rate_g_m2", 0)),
            detail=bridge,
            pass_no=run,
        )
        self.rows.append(row)
        self.joinable = key

    def point(self, stop: StopDoc) -> None:
        """A station, spot or facility called at."""
        self.numbered += 1
        self.joinable = ()
        if stop["kind"] == "facility":
            what = messages.words_of(messages.FACILITY_WORK, str(stop.get("what", "")) or self.facility_work(stop))
            self.rows.append(replace(self.base(stop, "facility", named(stop), ""), what=what))
            self.heading = None
            return
        detail = self.lookup.stations.get(stop["ref"], EMPTY) if stop["kind"] == "station" else EMPTY
        if stop.get("beat"):
            detail = messages.words_of(messages.BEATS, str(stop["beat"]))
        urgent = messages.PRIORITIES.get(str(stop.get("priority", "")), EMPTY)
        what = urgent if urgent[0] and not stop.get("beat") else messages.words_of(messages.WORK, self.service)
        name = self.lookup.corners.get(str(stop.get("node", "")), EMPTY) if stop.get("beat") else EMPTY
        row = self.base(stop, "stop", name if name[0] else named(stop), "")
        scan = int(stop["n"]) if stop["kind"] in TICKED and stop["work_item"] else 0
        self.rows.append(replace(row, what=what, detail=detail, area_m2=int(stop.get("area_m2", 0)), scan=scan))

    def facility_work(self, stop: StopDoc) -> str:
        """What is done at a facility by its kind, for documents that do not say."""
        kind = self.lookup.facilities.get(stop["ref"], "")
        return {"salt_store": "load_salt", "transfer": "unload", "hydrant": "fill_water"}.get(kind, "")

    def base(self, stop: StopDoc, kind: str, name: Words, turn: str) -> Row:
        """The fields every numbered row has."""
        case = str(stop.get("case", ""))
        kind_words, text = self.lookup.cases.get(case, (EMPTY, ""))
        if case and kind_words[0]:
            text = f"{kind_words[0]} {kind_words[1]}" + (f" · {text}" if text else "")
        return Row(
            kind=kind,
            n=self.numbered,
            turn=turn,
            name=name,
            time=self.clock(stop["start"]),
            quantity_kg=int(stop["quantity_kg"]),
            load_kg=int(stop["load_kg"]),
            case=name_of(case),
            text=text,
            stops=1,
        )

    def clock(self, text: str) -> str:
        """A stored time on the city's clock."""
        return messages.clock(parse_time(text), self.lookup.zone, self.first_day)


def street_name(segment: Street) -> Words:
    """A street's name; a street without one says so."""
    if not segment.name.strip() and not segment.name_en.strip():
        return messages.UNNAMED
    zh = name_of(segment.name)
    en = name_of(segment.name_en)
    return (zh or en, en if en != zh else "")


def named(stop: StopDoc) -> Words:
    """The name a document gives a stop."""
    zh, en = name_of(str(stop.get("name", ""))), name_of(str(stop.get("name_en", "")))
    if not zh and not en:
        return messages.UNNAMED
    return (zh or en, en if en != zh else "")


def write_rows(doc: RouteDoc, service: str, lookup: Lookup, start: datetime) -> tuple[Row, ...]:
    """All rows of a route, in order; at most ROWS_LIMIT, the last then says how many stops are missing."""
    first_day = start.astimezone(lookup.zone).date()
    writer = _Writer(lookup, service, first_day)
    departed = messages.clock(start, lookup.zone, first_day)
    for stop in doc["stops"]:
        writer.drive(stop["legs"], departed)
        writer.close_drive()
        if stop["kind"] == "segment":
            writer.street(stop)
        else:
            writer.point(stop)
        departed = writer.clock(stop["depart"])
    writer.drive(doc["home"], departed)
    writer.close_drive()
    if len(writer.rows) <= ROWS_LIMIT:
        return tuple(writer.rows)
    kept = writer.rows[: ROWS_LIMIT - 1]
    left = len(writer.rows) - len(kept)
    text = f"还有 {left} 行未印 / {left} more rows are not printed: ask the dispatcher"
    return (*kept, Row("stop", 0, "", ("……", ""), "", text=text))


def stops_by_row(rows: tuple[Row, ...]) -> dict[int, tuple[int, ...]]:
    """The document's stop numbers behind each number on the paper: what a crew reports undone is a row."""
    found: dict[int, tuple[int, ...]] = {}
    at = 1
    for row in rows:
        if row.stops:
            found[row.n] = tuple(range(at, at + row.stops))
            at += row.stops
    return found
