"""`sweepline print PLAN --out DIR` and `sweepline print-last --data DIR --out DIR`. Both return the exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dispatch.tracks import FORMATS, route_track
from models.database import Database
from models.errors import Refused, Unavailable
from printouts.bundle import file_name, find_version, print_plan, routes_of
from printouts.files import write_durably
from printouts.last import print_last
from printouts.paper import A4, Paper
from printouts.render import Unprintable

DONE, BAD_INPUT, INTERNAL, TRY_LATER = 0, 2, 70, 75
PROCESSES = 2


def print_command(
    plan: str, database: Database, out: Path, paper: Paper = A4, tracks: bool = False, as_json: bool = False
) -> int:
    """Typeset a plan's sheets (PLAN or PLAN@VERSION) into a folder, with progress on a terminal; `tracks`: also each
    route as GPX and GeoJSON.

    Exit codes: 0 done, 2 unknown plan or nothing to print or a folder that cannot be written, 70 a sheet could not be
    typeset, 75 the database is away.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            with database.read() as session:
                version_id = find_version(session, plan).id
            task = bar.add_task(f"sheets of {plan}", total=None)
            paths = print_plan(
                database,
                version_id,
                out,
                PROCESSES,
                lambda done, total: bar.update(task, completed=done, total=total),
                paper,
            )
            written = write_tracks(database, version_id, out) if tracks else []
    except Refused as error:
        return _fail(error.text, BAD_INPUT)
    except OSError as error:
        return _fail(f"cannot write to {out}: {error.strerror or error}", BAD_INPUT)
    except Unprintable as error:
        return _fail(str(error), INTERNAL)
    except Unavailable as error:
        return _fail(str(error), TRY_LATER)
    also = f", {counted(len(written), 'track file')}" if written else ""
    _say(
        [*paths, *written],
        as_json,
        f"{counted(len(paths) - 2, 'sheet')}, the order and {paths[-1].name}{also} in {out}",
    )
    return DONE


def write_tracks(database: Database, version_id: str, out: Path) -> list[Path]:
    """Each route of a version as GPX and GeoJSON, named as its sheet. Raises Refused."""
    with database.read() as session:
        routes = routes_of(session, version_id)
        files = [
            (Path(file_name(route)).with_suffix(f".{kind}"), route_track(session, route.id, kind))
            for route in routes
            for kind in FORMATS
        ]
    return [write_durably(out / name, content) for name, content in files]


def print_last_command(data_dir: Path, out: Path, as_json: bool = False) -> int:
    """Copy the newest bundles' PDFs into a folder, checked against their manifests; no service is needed.

    Exit codes: 0 done, 2 no bundle, a damaged one, or a folder that cannot be written.
    """
    try:
        paths = print_last(data_dir, out)
    except Refused as error:
        return _fail(error.text, BAD_INPUT)
    except OSError as error:
        return _fail(f"cannot write to {out}: {error.strerror or error}", BAD_INPUT)
    sheets = [path for path in paths if path.suffix == ".pdf"]
    _say(paths, as_json, f"{counted(len(sheets), 'PDF file')} of the last bundles in {out}")
    return DONE


def counted(count: int, noun: str) -> str:
    """A number with its noun: 1 sheet, 2 sheets."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _say(paths: list[Path], as_json: bool, words: str) -> None:
    print(json.dumps({"files": [str(path) for path in paths]}, ensure_ascii=False) if as_json else words)


def _fail(words: str, code: int) -> int:
    print(f"sweepline: {' '.join(words.split())}", file=sys.stderr)
    return code
