"""`sweepline db`: the database: upgrade, backup, restore, verify."""

from __future__ import annotations

from pathlib import Path

import typer

from sweepline.cli.options import AsJson, Data

app = typer.Typer(no_args_is_help=True, help="The database: upgrade, backup, restore, verify.")


@app.command("upgrade")
def db_upgrade(data: Data) -> None:
    """Bring the schema up to date."""
    from sweepline.upgrading import upgrade_command

    raise typer.Exit(upgrade_command(data))


@app.command("backup")
def db_backup(data: Data, out: Path) -> None:
    """Write a consistent copy of the SQLite database."""
    from sweepline.databases import backup_command

    raise typer.Exit(backup_command(data, out))


@app.command("restore")
def db_restore(data: Data, copy: Path) -> None:
    """Put a copy in place of the database."""
    from sweepline.databases import restore_command

    raise typer.Exit(restore_command(data, copy))


@app.command("verify")
def db_verify(data: Data, as_json: AsJson = False) -> None:
    """Check what may never break on the stored rows."""
    from sweepline.databases import verify_command

    raise typer.Exit(verify_command(data, as_json))
