"""A simulated truck on its told route: where it is and which tools work, at any time.

A timeline is a pure value made from route documents. The truck keeps to the times of its document where it can. Told
another route on the way, it finishes what it has begun, leaves out what it has already done, drives the quickest way
to the first stop that is new, and is as late from then on as that makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from demo.spans import LonLat, Span, distance_m, spans_before, stand, to_ms, travel
from demo.stops import Key, Leg, Served, key_of, legs_of, ms_of, without
from demo.ways import quickest_arcs
from dispatch.routes import RouteDoc, StopDoc
from dispatch.streets import Streets

SERVING_TOOLS = {"salting": "s", "ploughing": "ps", "collection": "l", "sweeping": "b", "washing": "", "watering": ""}
"""Letters of the tools at work while serving, by service: s spreader, p plough, l lift, b broom (sorted)."""
PARKED_MS = 900_000
"""A truck that is done reports for so long from where it stands, then its device sleeps."""
BROKEN_MS = 3_600_000
"""A broken truck reports from where it stands for so long."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """`spans` follow each other, with gaps only while parked at the end of a route; `stops` in order of time."""

    service: str
    spans: tuple[Span, ...]
    stops: tuple[Served, ...]
    is_broken: bool = False

    @classmethod
    def from_doc(cls, doc: RouteDoc, streets: Streets, service: str, start_at: datetime | None = None) -> Timeline:
        """A route driven from its beginning. `start_at`: when the truck is ready; it waits for its time."""
        builder = _Builder(streets, service, (doc["start"]["lon"], doc["start"]["lat"]))
        builder.ready_ms = to_ms(start_at) if start_at is not None else None
        builder.follow(doc, list(doc["stops"]))
        return builder.done()

    @classmethod
    def from_history(
        cls,
        history: Sequence[tuple[datetime, RouteDoc]],
        streets: Streets,
        service: str,
        start_at: datetime | None = None,
        broken_at: datetime | None = None,
    ) -> Timeline:
        """From all documents the crew was told, with the time of telling (the first one's does not matter)."""
        timeline = cls.from_doc(history[0][1], streets, service, start_at)
        for told_at, doc in history[1:]:
            if broken_at is None or told_at < broken_at:
                timeline = timeline.changed(told_at, doc, streets)
        return timeline if broken_at is None else timeline.broken(broken_at)

    @property
    def from_ms(self) -> int:
        """When it begins, 0 for an empty one."""
        return self.spans[0].from_ms if self.spans else 0

    @property
    def to_ms(self) -> int:
        """When it ends, 0 for an empty one."""
        return self.spans[-1].to_ms if self.spans else 0

    def changed(self, told_at: datetime, doc: RouteDoc, streets: Streets) -> Timeline:
        """The same truck told another route at a time. A broken truck stays where it is."""
        now = to_ms(told_at)
        if self.is_broken:
            return self
        if not self.spans or now < self.from_ms:
            return Timeline.from_doc(doc, streets, self.service)
        begun = [stop for stop in self.stops if stop.start_ms <= now]
        owed = without(doc["stops"], begun)
        if not owed and now >= self.to_ms - PARKED_MS:
            return self
        ahead = self.stops[len(begun)] if len(begun) < len(self.stops) else None
        builder = _Builder(streets, self.service, self.spans[0].points[0])
        builder.told_ms = now
        if ahead is not None and owed and (ahead.key, ahead.legs) == (key_of(owed[0]), legs_of(owed[0]["legs"])):
            builder.on_the_way = True
            builder.resume(spans_before(self.spans, ahead.arrive_ms), begun)
        else:
            builder.resume(self._kept(now, begun), begun)
            builder.at_stop = begun[-1].key if begun and begun[-1].depart_ms >= now else None
            builder.rerouted = True
        builder.follow(doc, owed)
        return builder.done()

    def broken(self, at: datetime) -> Timeline:
        """The same truck with its tools off and going nowhere from a time on."""
        now = to_ms(at)
        if not self.spans or not self.from_ms <= now < self.to_ms:
            kept = self if now >= self.to_ms else replace(self, spans=(), stops=())
            return replace(kept, is_broken=True)
        spans = spans_before(self.spans, now)
        place = spans[-1].points[-1] if spans else self.spans[0].points[0]
        spans.append(stand(now, now + BROKEN_MS, place, ""))
        return Timeline(self.service, tuple(spans), tuple(s for s in self.stops if s.start_ms <= now), True)

    def _kept(self, now: int, begun: list[Served]) -> list[Span]:
        """What is driven whatever comes: the stop that is begun, or the leg up to the next junction."""
        if begun and begun[-1].depart_ms > now:
            return spans_before(self.spans, begun[-1].depart_ms)
        spans = spans_before(self.spans, now + 1)
        whole = next((span for span in self.spans if span.from_ms <= now < span.to_ms), None)
        if whole is not None and whole.moving:
            node = whole.next_node(now)
            spans[-1] = whole.cut(node[0]) if node is not None else whole
        return spans


class _Builder:
    """Lays span after span. `place` is where the truck is, `node` the junction it is at, when that is known."""

    def __init__(self, streets: Streets, service: str, place: LonLat) -> None:
        self.streets, self.service, self.place = streets, service, place
        self.node: int | None = None
        self.clock: int | None = None
        self.ready_ms: int | None = None
        self.told_ms = 0
        self.at_stop: Key | None = None
        self.rerouted = self.on_the_way = False
        self.spans: list[Span] = []
        self.stops: list[Served] = []

    def resume(self, spans: list[Span], stops: list[Served]) -> None:
        """Go on behind spans already fixed."""
        self.spans, self.stops = list(spans), list(stops)
        if spans:
            self.clock, self.place = spans[-1].to_ms, spans[-1].points[-1]
            self.node = spans[-1].nodes[-1][1] if spans[-1].nodes else None
            if not self.on_the_way:
                self.clock = max(self.clock, self.told_ms)

    def follow(self, doc: RouteDoc, stops: list[StopDoc]) -> None:
        """Lay the given stops of a document and the way home."""
        position = {id(stop): n for n, stop in enumerate(doc["stops"])}
        before = -1
        for stop in stops:
            n = position[id(stop)]
            if not self.on_the_way:
                legs = list(legs_of(stop["legs"]))
                at_last = n > 0 and self.at_stop == key_of(doc["stops"][n - 1]) if self.rerouted else n - 1 == before
                if not at_last:
                    legs = self._quickest(self._entry(doc, n))
                self._drive_to(stop, legs, self._leg_ms(doc, n, legs))
            self.on_the_way = self.rerouted = False
            self._serve(stop)
            before = n
        self._home(doc, before == len(doc["stops"]) - 1 and not self.rerouted)

    def done(self) -> Timeline:
        """The timeline laid."""
        spans = tuple(s for s in self.spans if s.to_ms > s.from_ms or s.moving)
        return Timeline(self.service, spans, tuple(self.stops))

    def _drive_to(self, stop: StopDoc, legs: list[Leg], drive_ms: int) -> None:
        planned = ms_of(stop["arrive"])
        if self.clock is None:
            self.clock = planned - drive_ms
            if self.ready_ms is not None:
                self.clock = max(self.clock, self.ready_ms)
                self.spans.append(stand(self.ready_ms, self.clock, self.place, ""))
        self._drive(legs, max(planned, self.clock + drive_ms), None)

    def _drive(self, legs: list[Leg], arrive_ms: int, end: LonLat | None) -> None:
        assert self.clock is not None
        lines = [(self._points(leg), self._head(leg)) for leg in legs]
        span = travel(self.clock, arrive_ms, self.place, lines, end, "")
        self.spans.append(span)
        self.clock, self.place = arrive_ms, span.points[-1]
        if legs:
            self.node = self._head(legs[-1])

    def _serve(self, stop: StopDoc) -> None:
        """Wait for the planned start where the plan waits, then serve as long as planned."""
        assert self.clock is not None
        arrive, start, depart = (ms_of(stop[name]) for name in ("arrive", "start", "depart"))
        begin = max(self.clock, self.told_ms, start if start > arrive else 0)
        self.spans.append(stand(self.clock, begin, self.place, ""))
        end = begin + (depart - start)
        self.stops.append(Served(key_of(stop), legs_of(stop["legs"]), self.clock, begin, end))
        if stop["kind"] == "segment":
            leg = (stop["ref"], bool(stop["forward"]))
            lines = [(self._points(leg), self._head(leg))]
            span = travel(begin, end, self.place, lines, None, SERVING_TOOLS.get(self.service, ""))
            self.node = self._head(leg)
        else:
            span = stand(begin, end, self.place, self._stop_tools(stop))
        self.spans.append(span)
        self.clock, self.place = end, span.points[-1]

    def _stop_tools(self, stop: StopDoc) -> str:
        """Loading and unloading needs no tool; a station or spot the service's own."""
        return "" if stop["kind"] == "facility" else SERVING_TOOLS.get(self.service, "")

    def _home(self, doc: RouteDoc, planned: bool) -> None:
        if self.clock is None:
            return
        end = doc["end"]
        if end is not None:
            legs = list(legs_of(doc["home"]))
            if not planned:
                legs = self._quickest(self._head(legs[-1]) if legs else self._nearest((end["lon"], end["lat"])))
            self._drive(legs, self.clock + self._driven_ms(legs), (end["lon"], end["lat"]) if legs else None)
        self.spans.append(stand(self.clock, self.clock + PARKED_MS, self.place, ""))

    def _entry(self, doc: RouteDoc, n: int) -> int:
        """The junction at which stop n of a document is come to."""
        stop = doc["stops"][n]
        if stop["kind"] == "segment":
            return self._tail((stop["ref"], bool(stop["forward"])))
        for m in range(n, -1, -1):
            legs = doc["stops"][m]["legs"]
            if legs:
                return self._head((legs[-1][0], bool(legs[-1][1])))
            before = doc["stops"][m - 1] if m else None
            if before is not None and before["kind"] == "segment":
                return self._head((before["ref"], bool(before["forward"])))
        return self._nearest((doc["start"]["lon"], doc["start"]["lat"]))

    def _leg_ms(self, doc: RouteDoc, n: int, legs: list[Leg]) -> int:
        """How long the legs to stop n take: as planned where they are the planned ones."""
        stop = doc["stops"][n]
        if n and legs == list(legs_of(stop["legs"])):
            return max(0, ms_of(stop["arrive"]) - ms_of(doc["stops"][n - 1]["depart"]))
        return self._driven_ms(legs)

    def _driven_ms(self, legs: list[Leg]) -> int:
        network = self.streets.network
        return 1000 * sum(int(network.duration_s[self._arc(leg)]) for leg in legs if self._known(leg))

    def _known(self, leg: Leg) -> bool:
        return leg[1] in self.streets.arcs_of.get(leg[0], {})

    def _arc(self, leg: Leg) -> int:
        return self.streets.arcs_of[leg[0]][leg[1]]

    def _tail(self, leg: Leg) -> int:
        row = self.streets.segments[leg[0]]
        return self.streets.node_of[row.from_node if leg[1] else row.to_node]

    def _head(self, leg: Leg) -> int:
        return self._tail((leg[0], not leg[1]))

    def _points(self, leg: Leg) -> Sequence[Sequence[float]]:
        geometry = self.streets.segments[leg[0]].geometry
        return geometry if leg[1] else geometry[::-1]

    def _nearest(self, place: LonLat) -> int:
        nodes = self.streets.node_lonlat
        return min(range(len(nodes)), key=lambda node: distance_m(nodes[node], place))

    def _quickest(self, goal: int) -> list[Leg]:
        """The quickest way from here to a junction; [] when there is none (the truck then goes straight there)."""
        start = self.node if self.node is not None else self._nearest(self.place)
        return [self.streets.arc_segment[arc] for arc in quickest_arcs(self.streets, start, goal)]
