"""Commands without a group."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sweepline.cli.options import AsJson, ClockAt, Data, Out, PaperSize

app = typer.Typer()


@app.command()
def demo(
    data: Annotated[Path, typer.Option("--data", help="data directory")] = Path("demo-data"),
    port: Annotated[int, typer.Option(help="port of the console")] = 8020,
    speed: Annotated[float, typer.Option(help="simulated seconds a real second")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="no console: to the end, write everything")] = False,
    seed: Annotated[int, typer.Option(help="seed of city, storm and solvers")] = 7,
    as_json: AsJson = False,
) -> None:
    """Run the demo city's storm of 18-19 December 2023."""
    from sweepline.demo import demo_live, demo_once

    code = demo_once(data, seed, as_json) if once else demo_live(data, port, speed, seed)
    raise typer.Exit(code)


@app.command()
def up(data: Data, port: Annotated[int, typer.Option(help="port of the console; 0: the setting's")] = 0) -> None:
    """Run the whole system in one process."""
    from config.settings import load_settings
    from sweepline.live import run_up
    from sweepline.logs import set_up_logging

    set_up_logging(load_settings(data).log_level)
    raise typer.Exit(run_up(data, port))


@app.command()
def worker(
    role: Annotated[str, typer.Argument(help="streams, views, planner, relay, printer or console")],
    data: Data = Path("data"),
) -> None:
    """Run one role of the production set-up (PostgreSQL and Kafka by the settings)."""
    from config.settings import load_settings
    from sweepline.live import run_worker
    from sweepline.logs import set_up_logging

    set_up_logging(load_settings(data).log_level)
    raise typer.Exit(run_worker(role, data))


@app.command()
def health(
    data: Data = Path("data"),
    role: Annotated[
        str, typer.Option(help="streams, views, ...: this machine's process of it; all roles if left out")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Whether roles make progress: 0 all of them, 1 one hangs or none is there; the health check of a container."""
    from sweepline.health import health_command

    raise typer.Exit(health_command(data, role, as_json))


@app.command()
def send(
    files: Annotated[list[Path], typer.Argument(help="CAP XML, event JSON lines, CSV")],
    data: Annotated[Path | None, typer.Option("--data", help="data directory")] = None,
    url: Annotated[str, typer.Option(help="address of a running console instead of --data")] = "",
    clock: ClockAt = "",
    no_wait: Annotated[bool, typer.Option("--no-wait", help="store and leave")] = False,
    as_json: AsJson = False,
) -> None:
    """Send events; prints a receipt for each."""
    from sweepline.send import send_command

    raise typer.Exit(send_command(files, data, url, clock, no_wait, as_json))


@app.command()
def replay(
    events: Annotated[Path, typer.Argument(help="event JSON lines, each with its time")],
    data: Data,
    speed: Annotated[float, typer.Option(help="simulated seconds a real second; 0: as fast as possible")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Play recorded events again, each at its own time; nothing starts by itself."""
    from sweepline.send import replay_command

    raise typer.Exit(replay_command(events, data, speed, as_json))


@app.command("print")
def print_(
    plan: Annotated[str, typer.Argument(help="PLAN or PLAN@VERSION")],
    data: Data,
    out: Out = Path("sheets"),
    paper: Annotated[PaperSize, typer.Option(help="a4 or a3")] = PaperSize.a4,
    large: Annotated[bool, typer.Option("--large", help="larger type")] = False,
    tracks: Annotated[bool, typer.Option("--tracks", help="also a GPX and a GeoJSON file a route")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a whole plan: single sheets and one merged PDF."""
    from printouts.paper import paper_of
    from sweepline.printing import print_command
    from sweepline.running import open_system

    raise typer.Exit(
        print_command(plan, open_system(data).database, out, paper_of(paper.value, large), tracks, as_json)
    )


@app.command("print-last")
def print_last(data: Data, out: Out = Path("sheets"), as_json: AsJson = False) -> None:
    """Copy out the last bundles; needs no service and no database."""
    from sweepline.printing import print_last_command

    raise typer.Exit(print_last_command(data, out, as_json))


@app.command()
def solve(
    instance: Path,
    seconds: Annotated[float | None, typer.Option(help="processor seconds")] = None,
    iterations: Annotated[int | None, typer.Option(help="iterations instead of seconds")] = None,
    seed: Annotated[int, typer.Option(help="seed of the search")] = 0,
    engine: Annotated[str, typer.Option(help="auto, ruin, pyvrp or ortools")] = "auto",
    out: Annotated[Path | None, typer.Option("-o", help="solution file to write")] = None,
    as_json: AsJson = False,
) -> None:
    """Solve a benchmark instance."""
    from sweepline.solve import solve_command

    raise typer.Exit(solve_command(instance, seconds, iterations, seed, engine, out, as_json))


@app.command()
def check(instance: Path, sol: Path, as_json: AsJson = False) -> None:
    """Independent verdict on a solution: 0 feasible, 1 not."""
    from sweepline.solve import check_command

    raise typer.Exit(check_command(instance, sol, as_json))


@app.command()
def doctor(data: Data, as_json: AsJson = False) -> None:
    """Look for what is wrong with an installation, and say what to do; 1 when something wants attention."""
    from sweepline.doctor.command import doctor_command

    raise typer.Exit(doctor_command(data, as_json))


@app.command()
def schema() -> None:
    """JSON Schemas of every event."""
    from sweepline.schemas import schema_command

    raise typer.Exit(schema_command())
