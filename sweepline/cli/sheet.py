"""`sweepline sheet`: which one counts, handed back by crews, and changes told to them."""

from __future__ import annotations

from typing import Annotated

import typer

from sweepline.cli.options import Actor, AsJson, ClockAt, Data, actor_or_user

app = typer.Typer(no_args_is_help=True, help="Sheets: which counts, what crews hand back, and changes told to them.")


@app.command("show")
def sheet_show(
    data: Data,
    code: Annotated[str, typer.Argument(help="what the square says, or the 8 signs under it")],
    as_json: AsJson = False,
) -> None:
    """Whether a sheet is the one to drive by: 0 it is, 1 it was replaced or handed back."""
    from sweepline.sheets import show_command

    raise typer.Exit(show_command(data, code, as_json))


@app.command("tick")
def sheet_tick(
    data: Data,
    scan: Annotated[str, typer.Argument(help="what the square beside the stop says")],
    actor: Actor = "",
    clock: ClockAt = "",
) -> None:
    """Tick one stop of a sheet that is out as done."""
    from sweepline.sheets import tick_command

    raise typer.Exit(tick_command(data, scan, actor_or_user(actor), clock))


@app.command("back")
def sheet_back(
    data: Data,
    code: Annotated[str, typer.Argument(help="what the square says, or the 8 signs under it")],
    undone: Annotated[str, typer.Option(help="numbers not done, as 3,7")] = "",
    actor: Actor = "",
    clock: ClockAt = "",
) -> None:
    """A crew hands its sheet back."""
    from sweepline.sheets import back_command

    raise typer.Exit(back_command(data, code, undone, actor_or_user(actor), clock))


@app.command("told")
def sheet_told(
    data: Data,
    telling: Annotated[str, typer.Argument(help="id of the change, or PLAN for all of its changes")],
    how: Annotated[str, typer.Option(help="phone, radio, in person")] = "phone",
    actor: Actor = "",
    clock: ClockAt = "",
) -> None:
    """Tick a changed route as told to its crew."""
    from sweepline.sheets import told_command

    raise typer.Exit(told_command(data, telling, how, actor_or_user(actor), clock))
