"""The small city with its whole line in one process, on a clock of its own, its trucks driving what they were told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from config.settings import Settings
from demo.fleet_tracks import FleetTracks
from models.events.base import dump_event
from models.events.registry import TOPIC_OF_TYPE
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System

START = datetime(2023, 12, 18, 8, tzinfo=UTC)
ONSET = datetime(2023, 12, 18, 14, tzinfo=UTC)


def cap(
    identifier: str = "A1",
    msg_type: str = "Alert",
    references: str = "",
    sent: str = "2023-12-18T16:00:00+08:00",
    status: str = "Actual",
) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>met</sender>
<sent>{sent}</sent><status>{status}</status><msgType>{msg_type}</msgType><scope>Public</scope>
<references>{references}</references>
<info><language>zh-CN</language><category>Met</category><event>暴雪</event><urgency>Expected</urgency>
<severity>Moderate</severity><certainty>Likely</certainty><onset>2023-12-18T22:00:00+08:00</onset>
<expires>2023-12-20T08:00:00+08:00</expires><headline>暴雪黄色预警</headline>
<area><areaDesc>小城</areaDesc><geocode><valueName>GB/T2260</valueName><value>321084</value></geocode></area>
</info></alert>""".encode()


class Line:
    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(START)
        self.options = Options(
            clock=self.clock,
            rules={"snow": {"self_start_min": 10}},
            latency=True,
            iterations=200,
            seed=3,
        )
        self.folder = folder
        self.system = System(folder, self.options, Settings(solver_processes=0))
        self.system.start_city()
        self.tracked = START
        with self.system.database.read() as session:
            self.tracks = FleetTracks(3, self.system.streets(session))

    def go(self, step: float = 2, **delta: float) -> None:
        """Move on in steps of some minutes, the trucks reporting."""
        until = self.clock() + timedelta(**delta)
        while self.clock() < until:
            self.clock.move_to(min(until, self.clock() + timedelta(minutes=step)))
            with self.system.database.read() as session:
                fixes = self.tracks.fixes(session, self.tracked, self.clock())
            self.system.publish([(TOPIC_OF_TYPE[e.type], e.key, dump_event(e)) for e in fixes])
            self.tracked = self.clock()
            self.system.settle(self.clock())

    def send(self, body: bytes, kind: str = "application/xml") -> list[str]:
        receipts = self.system.intake(body, kind, "")
        self.system.settle(self.clock())
        return [receipt.status for receipt in receipts]

    def rows(self, table: type, *where: object) -> list:
        with self.system.database.read() as session:
            return list(session.exec(select(table).where(*where)).all())
