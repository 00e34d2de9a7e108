"""`sweepline sheet`: sheets handed back by crews, and changes told to them."""

from __future__ import annotations

from typing import Annotated

import typer

from sweepline.cli.options import Actor, ClockAt, Data, actor_or_user

app = typer.Typer(no_args_is_help=True, help="Sheets handed back by crews, and changes told to them.")


@app.command("back")
def sheet_back(
    data: Data,
    code: Annotated[str, typer.Argument(help="the 8 signs under the square")],
    undone: Annotated[str, typer.Option(help="numbers not done, as 3,7")] = "",
    actor: Actor = "",
    clock: ClockAt = "",
) -> None:
    """A crew hands its sheet back."""
    from sweepline.plans import back_command

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
    from sweepline.plans import told_command

    raise typer.Exit(told_command(data, telling, how, actor_or_user(actor), clock))
