"""`sweepline report`: what happened in a storm or on a day, who does what on it, and what one shift hands on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sweepline.cli.options import Actor, AsJson, ClockAt, Data, actor_or_user

app = typer.Typer(
    no_args_is_help=True, help="Reports of a storm, of a day, a day's plan by crew, and the shift's handover."
)

Folder = Annotated[Path, typer.Option("--out", help="folder the files go to")]


@app.command("storm")
def report_storm(
    data: Data,
    episode: Annotated[str, typer.Argument(help="date of its onset, or its id; the newest if left out")] = "",
    out: Folder = Path("reports"),
    as_json: AsJson = False,
) -> None:
    """A storm's report: timeline, coverage, plans and what was driven; PDF, workbook, CSV, GeoJSON of the streets."""
    from sweepline.reports import report_command

    raise typer.Exit(report_command("storm", episode, data, out, as_json))


@app.command("day")
def report_day(
    data: Data,
    date: Annotated[str, typer.Argument(help="as 2023-12-18")],
    out: Folder = Path("reports"),
    final: Annotated[bool, typer.Option("--final", help="make the edition of a day that is over and has none")] = False,
    actor: Actor = "",
    as_json: AsJson = False,
) -> None:
    """A day's report: stations, cases, plans, sheets, alarms; from 13:00 of the next day on always the same edition."""
    from sweepline.reports import report_command

    who = actor_or_user(actor) if final else ""
    raise typer.Exit(report_command("day", date, data, out, as_json, final_for=who))


@app.command("crews")
def report_crews(
    data: Data,
    date: Annotated[str, typer.Argument(help="as 2023-12-18")],
    out: Folder = Path("reports"),
    as_json: AsJson = False,
) -> None:
    """A day's plan by crew: who goes out when, with what vehicle, for what, and which crews have no route."""
    from sweepline.reports import report_command

    raise typer.Exit(report_command("crews", date, data, out, as_json))


@app.command("handover")
def report_handover(
    data: Data,
    out: Folder = Path("reports"),
    clock: ClockAt = "",
    as_json: AsJson = False,
) -> None:
    """What one shift hands to the next: everything open, the notes, the last takeovers, two signatures."""
    from sweepline.reports import report_command

    raise typer.Exit(report_command("handover", "", data, out, as_json, clock))
