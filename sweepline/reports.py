"""`sweepline report storm|day|crews|handover`: a report in all its forms, written into a folder; a day's edition."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from dispatch.desk import carry_out
from models.database import Database
from models.errors import Refused
from printouts.files import write_durably
from printouts.reports.documents import date_of, read_report
from sweepline.running import open_system


def report_file(database: Database, now: datetime, kind: str, key: str, form: str, table: str) -> tuple[str, bytes]:
    """A report's file name and content, as the console asks for it. Raises Refused, Unavailable, Unprintable."""
    with database.read() as session:
        report = read_report(session, kind, key, now)
    content = report.form(form, table)
    # a table that is none was refused just now, so nothing a caller made up gets into the name
    name = f"{report.name}-{table}" if table and form == "csv" else report.name
    return f"{name}.{form}", content


def report_command(
    kind: str, key: str, data: Path, out: Path, as_json: bool, clock: str = "", final_for: str = ""
) -> int:
    """Write a report's PDF, workbook, CSV files and GeoJSON. `final_for`: who wants a day's edition made where the day
    is over and has none. Raises Refused, Unavailable, Unprintable.
    """
    system = open_system(data, clock or None)
    try:
        if final_for:
            values = {"day": date_of(key).isoformat()}
            carry_out(system.database, system.context, system.clock(), final_for, "day.close", values)
        with system.database.read() as session:
            report = read_report(session, kind, key, system.clock())
    finally:
        system.close()
    try:
        paths = [str(write_durably(out / name, content)) for name, content in report.files().items()]
    except OSError as error:
        raise Refused("bad_folder", f"cannot write to {out}: {error.strerror or error}") from error
    if as_json:
        print(json.dumps({"files": paths, "report": report.document()}, ensure_ascii=False))
    else:
        print(f"{report.name}.pdf and {len(paths) - 1} files of tables in {out}")
    return 0
