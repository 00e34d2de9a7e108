"""`sweepline user`: who may sign in to the console."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from sweepline.cli.options import Data

app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")


@app.command("add")
def user_add(
    data: Data,
    name: str,
    role: Annotated[str, typer.Option(help="viewer, dispatcher, approver or admin")] = "dispatcher",
) -> None:
    """Add an account; the password is asked for, or read from standard input."""
    from sweepline.running import open_system
    from sweepline.users import add_command

    system = open_system(data)
    password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    raise typer.Exit(add_command(system.database, name, role, password, datetime.now(UTC), f"os:{getpass.getuser()}"))
