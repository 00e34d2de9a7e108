"""`sweepline quarantine`: what could not be applied: list, show, replay, drop."""

from __future__ import annotations

from typing import Annotated

import typer

from sweepline.cli.options import Actor, AsJson, Data, actor_or_user

app = typer.Typer(no_args_is_help=True, help="What could not be applied: list, show, replay, drop.")


@app.command("list")
def quarantine_list(data: Data, as_json: AsJson = False) -> None:
    """What is held, oldest first."""
    from sweepline.quarantine import list_command

    raise typer.Exit(list_command(data, as_json))


@app.command("show")
def quarantine_show(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """One held message: reason, text, raw bytes."""
    from sweepline.quarantine import show_command

    raise typer.Exit(show_command(data, id_))


@app.command("replay")
def quarantine_replay(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")], actor: Actor = "") -> None:
    """Send a held message through again."""
    from sweepline.quarantine import replay_command

    raise typer.Exit(replay_command(data, id_, actor_or_user(actor)))


@app.command("drop")
def quarantine_drop(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")], actor: Actor = "") -> None:
    """Give a held message up; the row stays."""
    from sweepline.quarantine import drop_command

    raise typer.Exit(drop_command(data, id_, actor_or_user(actor)))
