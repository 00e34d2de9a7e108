"""`sweepline city`: import and show the city."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sweepline.cli.options import AsJson, Data

app = typer.Typer(no_args_is_help=True, help="Import and show the city.")


@app.command("import")
def city_import(
    data: Data,
    files: Annotated[list[Path] | None, typer.Argument(help="pbf, GeoJSON, CSV; none with --fleet alone")] = None,
    kind: Annotated[
        str, typer.Option(help="auto, streets, districts, facilities, stations, areas, vehicles, ...")
    ] = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list faults, store nothing")] = False,
    fleet: Annotated[str, typer.Option(help="demo: place a labelled, seeded fleet, depots and stores")] = "",
    seed: Annotated[int, typer.Option(help="seed of the demo fleet")] = 7,
    geocode: Annotated[str, typer.Option(help="alert geocode that is this city")] = "",
    name: Annotated[str, typer.Option(help="name of the city")] = "",
    zone: Annotated[str, typer.Option(help="IANA time zone")] = "",
    attribution: Annotated[str, typer.Option(help="whose data the streets are; default for a pbf: OpenStreetMap")] = "",
    as_json: AsJson = False,
) -> None:
    """Import streets, districts, facilities, stations, vehicles, crews, shifts."""
    from sweepline.city import import_command

    raise typer.Exit(
        import_command(files or [], data, kind, dry_run, fleet, seed, geocode, name, zone, as_json, attribution)
    )


@app.command("show")
def city_show(data: Data, as_json: AsJson = False) -> None:
    """What the imported city consists of."""
    from sweepline.city import show_command

    raise typer.Exit(show_command(data, as_json))
