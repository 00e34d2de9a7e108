"""From a stored route to what its sheet says. The only module of this room's sheet side that reads the database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from zoneinfo import ZoneInfo

import segno
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from dispatch.routes import RouteDoc, driven_legs
from models.errors import Refused
from models.ids import SHEET_PREFIX, sheet_code, stop_payload
from models.tables.city import City, Container, Crew, District, Facility, Segment, Vehicle, Worker
from models.tables.plans import Plan, PlanVersion, Route
from models.tables.work import Case, Report
from models.times import to_micros
from printouts import messages
from printouts.maps import Drawn, draw_map, map_height
from printouts.rows import Lookup, write_rows
from printouts.streets import Streets
from printouts.strips import Piece, draw_strips
from printouts.text import REMARK_LIMIT, name_of, printable
from printouts.values import EMPTY, Person, Row, SheetData, Street, Words

NOTES_LIMIT = 8
"""Notes of one order that fit the first page."""
LAYOUTS = {"collection": "stops", "spots": "stops", "beats": "beats"}
STREETS = "streets"


@dataclass
class SheetSource:
    """The city as sheets need it, read once and used for all routes of a plan or district."""

    session: Session

    @cached_property
    def city(self) -> City:
        """The one city. Raises Refused when none is imported."""
        row = self.session.exec(select(City)).first()
        if row is None:
            raise Refused("no_city", "no city is imported here: run `sweepline city import` first")
        return row

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.city.zone)

    @cached_property
    def segments(self) -> Streets:
        """All segments by id."""
        columns = (
            Segment.id, Segment.from_node, Segment.to_node, Segment.name, Segment.name_en, Segment.road_class,
            Segment.length_m, Segment.geometry,
        )  # fmt: skip
        return Streets((row[0], Street(*row)) for row in self.session.execute(sa_select(*map(col, columns))))

    @cached_property
    def stations(self) -> dict[str, Words]:
        """What stands at each station: containers by size and stream."""
        counts: dict[str, Counter[tuple[int, str]]] = {}
        for row in self.session.exec(select(Container)).all():
            counts.setdefault(row.station, Counter())[row.litres, row.stream] += 1
        words = {}
        for station, counter in counts.items():
            total = sum(counter.values())
            parts = [
                f"{messages.words_of(messages.STREAMS, stream)[0]}{litres}L" + (f"×{n}" if n > 1 else "")
                for (litres, stream), n in sorted(counter.items(), key=lambda item: (item[0][1], item[0][0]))
            ]
            words[station] = (f"{total}桶 " + " ".join(parts), f"{total} bins")
        return words

    @cached_property
    def facilities(self) -> dict[str, str]:
        """Facility kinds by id."""
        return {row.id: row.kind for row in self.session.exec(select(Facility)).all()}

    @cached_property
    def corners(self) -> dict[str, Words]:
        """The named streets that meet at each junction, as (A × B, A × B)."""
        names: dict[str, dict[Words, None]] = {}
        for row in sorted(self.segments.values(), key=lambda row: row.id):
            if row.name or row.name_en:
                for node in (row.from_node, row.to_node):
                    names.setdefault(node, {})[pair(row.name, row.name_en)] = None
        corners = {}
        for node, found in names.items():
            chosen = list(found)[:3]
            english = " × ".join(en or zh for zh, en in chosen) if any(en for _, en in chosen) else ""
            corners[node] = (" × ".join(zh for zh, _ in chosen), english)
        return corners

    def cases(self, doc: RouteDoc) -> dict[str, tuple[Words, str]]:
        """Kind and first report of the cases on a route."""
        numbers = sorted({str(stop["case"]) for stop in doc["stops"] if stop["case"]})
        found: dict[str, tuple[Words, str]] = {}
        for case in self.session.exec(select(Case).where(col(Case.number).in_(numbers))).all() if numbers else ():
            first = self.session.exec(
                select(Report).where(Report.case == case.number).order_by(col(Report.at), col(Report.id))
            ).first()
            text = printable(first.text, REMARK_LIMIT) if first is not None else ""
            found[case.number] = (messages.words_of(messages.CASE_KINDS, case.kind), text)
        return found

    def lookup(self, doc: RouteDoc) -> Lookup:
        """What the rows of one route need."""
        return Lookup(self.segments, self.stations, self.cases(doc), self.facilities, self.corners, self.zone)


def sheet_data(session: Session, route_id: str, source: SheetSource | None = None) -> SheetData:
    """Everything the sheet of a stored route says. Raises Refused when the route is unknown.

    Give one `source` for many routes: it holds the streets.
    """
    route = session.get(Route, route_id)
    version = session.get(PlanVersion, route.plan_version) if route is not None else None
    plan = session.get(Plan, version.plan) if version is not None else None
    if route is None or version is None or plan is None:
        raise Refused("unknown_route", f"route {name_of(route_id)} is not known; list plans with `sweepline plan list`")
    source = source or SheetSource(session)
    rows = write_rows(route.doc, plan.service, source.lookup(route.doc), route.start_at)
    layout = LAYOUTS.get(plan.service, STREETS)
    pieces = _pieces(route.doc, rows, source.segments)
    drawn = _drawn(route.doc, pieces, layout)
    crew = session.get(Crew, route.crew) if route.crew else None
    vehicle = session.get(Vehicle, route.vehicle) if route.vehicle else None
    driver = session.get(Worker, route.driver) if route.driver else None
    district = session.get(District, plan.district)
    code = sheet_code(route.route_hash)
    local = route.start_at.astimezone(source.zone)
    notes = tuple(messages.note_words(note, source.zone) for note in version.notes[:NOTES_LIMIT])
    quantity_kg, quantity = quantity_of(plan.service, route.salt_kg, route.waste_kg)
    return SheetData(
        code=code,
        qr_payload=SHEET_PREFIX + code,
        plan=name_of(plan.code),
        version=version.version,
        route=name_of(route.id),
        service=name_of(plan.service),
        layout=layout,
        title=messages.words_of(messages.TITLES, plan.service),
        city=pair(source.city.name, source.city.name_en),
        district=pair(district.name, district.name_en) if district is not None else (name_of(plan.district), ""),
        vehicle=name_of(route.vehicle or route.crew),
        plate=name_of(vehicle.plate if vehicle is not None else (crew.name if crew is not None else "")),
        vehicle_kind=messages.words_of(messages.VEHICLES, vehicle.kind if vehicle is not None else ""),
        driver=name_of(driver.name) if driver is not None else "",
        crew=pair(crew.name, crew.name_en) if crew is not None else EMPTY,
        people=_people(session, route.crew),
        tools=messages.SNOW_TOOLS if plan.service == "beats" else (),
        day=f"{local:%Y-%m-%d}",
        weekday=messages.weekday_words(local.date()),
        start=messages.clock(route.start_at, source.zone, local.date()),
        end=messages.clock(route.end_at, source.zone, local.date()),
        start_place=_place(route.doc.get("start")),
        end_place=_place(route.doc.get("end")),
        distance_m=route.distance_m,
        quantity_kg=quantity_kg,
        quantity=quantity,
        rate=_rate(rows),
        stops=route.stops,
        notes=notes,
        rows=tuple(replace(row, qr=qr_bits(stop_payload(code, row.scan))) if row.scan else row for row in rows),
        map_svg=draw_map(drawn, source.segments, map_height(len(notes))),
        strips=draw_strips(drawn, pieces, source.segments),
        qr_svg=qr_svg(SHEET_PREFIX + code),
        attribution=printable(source.city.attribution, 120),
        created=to_micros(version.created_at) // 1_000_000,
    )


def qr_svg(payload: str) -> str:
    """The QR code (error level Q: 25 % may be dirty) as SVG."""
    out = BytesIO()
    segno.make(payload, error="q", micro=False).save(out, kind="svg", border=0, scale=4, xmldecl=False)
    return out.getvalue().decode()


def qr_bits(payload: str) -> tuple[str, ...]:
    """The QR code of a stop as rows of 0 and 1: a picture of 21 by 21 points is a tenth of its SVG in a PDF."""
    matrix = segno.make(payload, error="q", micro=False, boost_error=False).matrix
    return tuple("".join("1" if cell else "0" for cell in row) for row in matrix)


def pair(zh: str, en: str) -> Words:
    """A Chinese and an English name; one that says no more is left out."""
    first, second = name_of(zh), name_of(en)
    return (first or second, second if second != first else "")


def _place(place: object) -> Words:
    return pair(str(place.get("name", "")), str(place.get("name_en", ""))) if isinstance(place, dict) else EMPTY


def _people(session: Session, crew: str) -> tuple[Person, ...]:
    workers = session.exec(select(Worker).where(Worker.crew == crew)).all() if crew else ()
    ordered = sorted(workers, key=lambda w: (w.role not in ("driver", "supervisor"), w.role, w.id))
    return tuple(Person(name_of(w.name), messages.words_of(messages.ROLES, w.role)) for w in ordered)


def quantity_of(service: str, salt_kg: int, waste_kg: int) -> tuple[int, Words]:
    """The kilograms that matter for a service, and what they are called."""
    if service == "collection":
        return waste_kg, ("预计清运量", "Waste expected")
    if service in ("salting", "ploughing"):
        return salt_kg, ("用盐量", "Salt")
    return 0, EMPTY


def _rate(rows: tuple[Row, ...]) -> Words:
    """The rate of the whole route where it is one, so that a driver may set it once."""
    rates = sorted({row.rate_g_m2 for row in rows if row.kind == "work" and row.rate_g_m2})
    if not rates:
        return EMPTY
    return ("撒布量", "–".join(str(rate) for rate in (rates[:1] + rates[-1:] if len(rates) > 1 else rates)))


def _pieces(doc: RouteDoc, rows: tuple[Row, ...], segments: dict[str, Street]) -> list[Piece]:
    """What the map shows of each numbered row: streets served and driven, and where it begins."""
    pieces: list[Piece] = []
    at = 0
    for row in rows:
        if not row.stops:
            continue
        stops = doc["stops"][at : at + row.stops]
        at += row.stops
        lon, lat = float(stops[0]["lon"]), float(stops[0]["lat"])
        segment = segments.get(stops[0]["ref"]) if stops[0]["kind"] == "segment" else None
        if segment is not None:
            lon, lat = _just_inside(segment, bool(stops[0]["forward"]))
        served = tuple((stop["ref"], bool(stop["forward"])) for stop in stops if stop["kind"] == "segment")
        driven = tuple((leg, bool(forward)) for stop in stops for leg, forward in stop["legs"])
        pieces.append(Piece((row.n, lon, lat), served, driven))
    return pieces


def _drawn(doc: RouteDoc, pieces: list[Piece], layout: str) -> Drawn:
    """What the map of the whole route shows. A street that is served is not drawn as driven as well."""
    served = [leg for piece in pieces for leg in piece.served]
    worked = set(served)
    driven = [leg for leg in driven_legs(doc) if leg not in worked]
    ends = [(float(p["lon"]), float(p["lat"])) for p in (doc.get("start"), doc.get("end")) if p and "lon" in p]
    return Drawn(served, driven, [piece.mark for piece in pieces], layout != STREETS, ends)


def _just_inside(segment: Street, forward: bool) -> tuple[float, float]:
    """A point a quarter into the first piece of a segment: numbers of streets that meet in a junction stay apart."""
    points = segment.geometry if forward else segment.geometry[::-1]
    (a, b), (c, d) = points[0][:2], points[1][:2]
    share = 0.4 if len(points) == 2 else 0.6
    return a + (c - a) * share, b + (d - b) * share
