"""A report in each of its forms: PDF, workbook, CSV, JSON, and a storm's streets as GeoJSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from dispatch.reports.coverage import coverage_geojson
from dispatch.reports.crews import crew_day
from dispatch.reports.day import day_report
from dispatch.reports.handover import handover
from dispatch.reports.storm import find_episode, storm_report
from dispatch.reports.values import CrewDay, DayReport, Handover, StormReport
from models.errors import Refused
from printouts.render import render_sheet
from printouts.reports.crews import crews_paper
from printouts.reports.day import day_paper
from printouts.reports.handover import handover_paper
from printouts.reports.storm import storm_paper
from printouts.reports.tables import (
    Table,
    crews_tables,
    csv_of,
    day_tables,
    handover_tables,
    storm_tables,
    workbook_of,
)
from printouts.reports.values import ReportData

KINDS = ("storm", "day", "crews", "handover")


@dataclass(frozen=True, slots=True)
class Report:
    """A report read, ready to be written in any form. `name` begins its files' names."""

    name: str
    zone: str
    paper: ReportData
    tables: tuple[Table, ...]
    value: StormReport | DayReport | CrewDay | Handover
    geojson: bytes = b""

    def pdf(self) -> bytes:
        """The paper. Raises Unprintable."""
        return render_sheet(self.paper)[0]

    def xlsx(self) -> bytes:
        """All tables as one workbook."""
        return workbook_of(self.tables, self.zone, self.paper.created)

    def csv(self, table: str) -> bytes:
        """One of its tables. Raises Refused when it has none of that name."""
        for found in self.tables:
            if found.name == table:
                return csv_of(found, self.zone)
        raise Refused(
            "unknown_table", f"{self.name} has no table {table[:40]}: {', '.join(t.name for t in self.tables)}"
        )

    def document(self) -> dict[str, Any]:
        """Its value as JSON, without the streets one by one: those are in the tables."""
        return self.value.model_dump(mode="json", exclude={"streets"})

    def form(self, suffix: str, table: str = "") -> bytes:
        """Its bytes as a file of this suffix. Raises Refused when it has no such form."""
        if suffix == "pdf":
            return self.pdf()
        if suffix == "xlsx":
            return self.xlsx()
        if suffix == "csv":
            return self.csv(table or self.tables[0].name)
        if suffix == "json":
            return json.dumps(self.document(), ensure_ascii=False).encode()
        if suffix == "geojson" and self.geojson:
            return self.geojson
        raise Refused("unknown_form", f"{self.name} does not come as {suffix[:20]}")

    def files(self) -> dict[str, bytes]:
        """Every file: PDF, workbook, a CSV file a table, and GeoJSON where there are streets."""
        found = {f"{self.name}.pdf": self.pdf(), f"{self.name}.xlsx": self.xlsx()}
        found |= {f"{self.name}-{table.name}.csv": csv_of(table, self.zone) for table in self.tables if table.keys}
        return found | ({f"{self.name}.geojson": self.geojson} if self.geojson else {})


def read_report(session: Session, kind: str, key: str, now: datetime) -> Report:
    """The storm of an episode (id, date of its onset; the newest when empty), the day of a date, its plan by crew, or
    the handover now.

    Raises Refused when there is none.
    """
    if kind == "storm":
        storm = storm_report(session, find_episode(session, key))
        paper = storm_paper(storm)
        return Report(
            f"storm-{paper.code}", storm.zone, paper, storm_tables(storm), storm, coverage_geojson(session, storm)
        )
    if kind == "day":
        wanted = date_of(key)
        day = day_report(session, wanted, now)
        return Report(f"day-{key}", day.zone, day_paper(day), day_tables(day), day)
    if kind == "crews":
        crews = crew_day(session, date_of(key))
        return Report(f"crews-{key}", crews.zone, crews_paper(crews), crews_tables(crews), crews)
    if kind == "handover":
        found = handover(session, now)
        name = f"handover-{now.astimezone(ZoneInfo(found.zone)):%Y%m%dT%H%M}"
        return Report(name, found.zone, handover_paper(found), handover_tables(found), found)
    raise Refused("unknown_report", f"there is no report {kind[:40]}: {', '.join(KINDS)}")


def date_of(key: str) -> date:
    """The date a day's report is asked for by. Raises Refused."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", key):
            return date.fromisoformat(key)
    except ValueError:
        pass
    raise Refused("bad_date", f"{key[:40]!r} is no date; give it as 2023-12-18")
