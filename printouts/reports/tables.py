"""Reports as tables: CSV files, one workbook, the same columns in both.

Text that strangers wrote may begin like a formula. In a workbook every text is written as a string, never read as one;
in CSV, whose readers guess, such a text gets an apostrophe in front (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from dispatch.reports.values import CrewDay, DayReport, Handover, StormReport
from models.times import from_micros
from printouts.values import Words

Value = str | int | float | bool | datetime | None
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
CELL_LIMIT = 32_767
"""Signs a workbook's cell takes."""
WIDTHS = (9, 60)
"""Narrowest and widest column of a sheet, in signs."""


@dataclass(frozen=True, slots=True)
class Table:
    """A named table; `keys` are its columns' names with units, as everywhere in JSON."""

    name: str
    title: Words
    keys: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def storm_tables(report: StormReport) -> tuple[Table, ...]:
    """All of a storm's report."""
    return (
        _facts("summary", ("概要", "summary"), report),
        _table("timeline", ("经过", "timeline"), report.timeline),
        _table("stages", ("阶段", "stages"), report.stages),
        _table("coverage", ("完成情况", "coverage"), report.cover),
        _table("streets", ("道路", "streets"), report.streets),
        _table("plans", ("方案", "plans"), report.plans),
        _table("routes", ("路线", "routes"), report.routes),
        _table("cases", ("案件", "cases"), report.cases),
    )


def day_tables(report: DayReport) -> tuple[Table, ...]:
    """All of a day's report."""
    hours = tuple((hour, count) for hour, count in enumerate(report.cleared_by_hour))
    return (
        _facts("summary", ("概要", "summary"), report),
        _table("stations", ("站点", "stations"), report.stations),
        Table("hours", ("每小时", "hours"), ("local_hour", "stations_cleared"), hours),
        _table("not_cleared", ("未清运", "not cleared"), report.not_cleared),
        _table("plans", ("方案", "plans"), report.plans),
        _table("cases_late", ("超时案件", "cases late"), report.cases_late),
        _table("alarms", ("报警", "alarms"), report.alarms),
    )


def handover_tables(report: Handover) -> tuple[Table, ...]:
    """All of a handover."""
    return (
        _facts("summary", ("概要", "summary"), report),
        _table("alarms", ("报警", "alarms"), report.alarms),
        _table("waiting", ("待批准", "waiting"), report.waiting),
        _table("untold", ("未告知", "untold"), report.untold),
        _table("cases", ("案件", "cases"), report.cases),
        _table("out", ("停用", "out"), report.out),
        _table("running", ("执行中", "running"), report.running),
        _table("notes", ("交班记录", "notes"), report.notes),
        _table("takeovers", ("接班记录", "takeovers"), report.takeovers),
    )


def crews_tables(report: CrewDay) -> tuple[Table, ...]:
    """All of a day plan by crew."""
    return (
        _table("routes", ("路线", "routes"), report.routes),
        _table("free", ("无任务班组", "free"), report.free),
    )


def _facts(name: str, title: Words, report: BaseModel) -> Table:
    """What a report says once: everything that is not itself a table."""
    found = [(key, _plain(value)) for key, value in report if not isinstance(value, tuple)]
    return Table(name, title, ("what", "value"), tuple(found))


def _table(name: str, title: Words, rows: Sequence[BaseModel]) -> Table:
    """Rows of one kind. An empty table has no columns to name."""
    keys = tuple(type(rows[0]).model_fields) if rows else ()
    return Table(name, title, keys, tuple(tuple(_plain(getattr(row, key)) for key in keys) for row in rows))


def _plain(value: object) -> Value:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return value if isinstance(value, str | int | float | bool | datetime | None) else str(value)


def csv_of(table: Table, zone: str) -> bytes:
    """UTF-8 with its mark, so that spreadsheets read the Chinese; times local ISO 8601 with their offset."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(table.keys)
    for row in table.rows:
        writer.writerow([_csv_cell(value, zone) for value in row])
    return out.getvalue().encode("utf-8-sig")


def _csv_cell(value: Value, zone: str) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
    if isinstance(value, str):
        text = value.replace("\x00", "")
        return f"'{text}" if text.lstrip(" ").startswith(FORMULA_SIGNS) else text
    return value


def workbook_of(tables: Sequence[Table], zone: str, created: int) -> bytes:
    """One sheet a table, times as local dates. `created` (Unix seconds) is its date: same tables, same bytes."""
    import xlsxwriter

    out = io.BytesIO()
    no_guesses = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, {"in_memory": True, **no_guesses})
    book.set_properties({"author": "Sweepline", "created": from_micros(created * 1_000_000).replace(tzinfo=None)})
    head = book.add_format({"bold": True, "bottom": 1})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for table in tables:
        sheet = book.add_worksheet(" ".join(table.title)[:31])
        sheet.freeze_panes(1, 0)
        for column, key in enumerate(table.keys):
            sheet.write_string(0, column, key, head)
            texts = [len(str(row[column])) for row in table.rows[:200]]
            sheet.set_column(column, column, min(WIDTHS[1], max(WIDTHS[0], len(key), *texts)) + 1)
        for at, row in enumerate(table.rows, 1):
            for column, value in enumerate(row):
                _write(sheet, at, column, value, zone, moment)
    book.close()
    return out.getvalue()


def _write(sheet: object, row: int, column: int, value: Value, zone: str, moment: object) -> None:
    cell: tuple[int, int] = (row, column)
    if isinstance(value, bool):
        sheet.write_boolean(*cell, value)  # type: ignore[attr-defined]
    elif isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        sheet.write_datetime(*cell, local, moment)  # type: ignore[attr-defined]
    elif isinstance(value, int | float):
        sheet.write_number(*cell, value)  # type: ignore[attr-defined]
    elif value is not None:
        sheet.write_string(*cell, _fit(str(value)))  # type: ignore[attr-defined]


def _fit(text: str) -> str:
    """A text a workbook takes: no signs XML cannot hold, no longer than a cell."""
    return "".join(sign for sign in text if sign >= " " or sign in "\t\n")[:CELL_LIMIT]
