"""`sweepline db`: the database: upgrade, backup, restore, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sweepline.cli.options import AsJson, Data

app = typer.Typer(no_args_is_help=True, help="The database: upgrade, backup, restore, verify.")


@app.command("upgrade")
def db_upgrade(data: Data) -> None:
    """Bring the schema up to date."""
    from sweepline.upgrading import upgrade_command

    raise typer.Exit(upgrade_command(data))


@app.command("backup")
def db_backup(data: Data, out: Annotated[Path, typer.Argument(help="a folder that is not there yet")]) -> None:
    """Write a backup while the system runs: database, log, sheets, bundles, photos, settings, and a manifest."""
    from sweepline.backup import backup_command

    raise typer.Exit(backup_command(data, out))


@app.command("restore")
def db_restore(data: Data, backup: Annotated[Path, typer.Argument(help="a folder `db backup` wrote")]) -> None:
    """Put a backup into an empty place and check that it is the same; 1 when it is not."""
    from sweepline.backup import restore_command

    raise typer.Exit(restore_command(data, backup))


@app.command("verify")
def db_verify(data: Data, as_json: AsJson = False) -> None:
    """Check what may never break on the stored rows."""
    from sweepline.verify.command import verify_command

    raise typer.Exit(verify_command(data, as_json))
