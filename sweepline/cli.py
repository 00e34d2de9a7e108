"""The command line. Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 70 internal, 75 try again later."""

from __future__ import annotations

import getpass
import logging
import sys
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer

from models.errors import Refused, Stale, Unavailable

DONE, NO, BAD, INTERNAL, LATER, INTERRUPTED = 0, 1, 2, 70, 75, 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Sanitation operations and dispatch: from a snow warning to printed, driven, proven routes.",
)
city_app = typer.Typer(no_args_is_help=True, help="Import and show the city.")
plan_app = typer.Typer(no_args_is_help=True, help="Make, list, show, approve, compare and explain plans.")
quarantine_app = typer.Typer(no_args_is_help=True, help="What could not be applied: list, show, replay, drop.")
user_app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")
db_app = typer.Typer(no_args_is_help=True, help="The database: upgrade, backup, restore, verify.")
sheet_app = typer.Typer(no_args_is_help=True, help="Sheets handed back by crews, and changes told to them.")
for name, sub in (
    ("city", city_app),
    ("plan", plan_app),
    ("quarantine", quarantine_app),
    ("user", user_app),
    ("db", db_app),
    ("sheet", sheet_app),
):
    app.add_typer(sub, name=name)

Data = Annotated[Path, typer.Option("--data", help="data directory")]
Out = Annotated[Path, typer.Option("--out", help="folder the PDF files go to")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
ClockAt = Annotated[str, typer.Option("--clock", help="set the directory's clock, as 2013-01-24T21:30Z")]
Actor = Annotated[str, typer.Option("--as", help="who gives this command; default: the system user")]


def actor_or_user(actor: str) -> str:
    """The actor named, else the operating system's user."""
    return actor or f"os:{getpass.getuser()}"


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

    set_up_logging(load_settings(data).log_level)
    raise typer.Exit(run_worker(role, data))


@city_app.command("import")
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


@city_app.command("show")
def city_show(data: Data, as_json: AsJson = False) -> None:
    """What the imported city consists of."""
    from sweepline.city import show_command

    raise typer.Exit(show_command(data, as_json))


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


@plan_app.command("make")
def plan_make(
    data: Data,
    plan: Annotated[str, typer.Argument(help="plan code: make a new version of it")],
    actor: Actor = "",
    clock: ClockAt = "",
    as_json: AsJson = False,
) -> None:
    """Make a new version of a plan; of a running one, of what is not started."""
    from sweepline.replanning import make_command

    raise typer.Exit(make_command(data, plan, actor_or_user(actor), clock, as_json))


@plan_app.command("list")
def plan_list(data: Data, as_json: AsJson = False) -> None:
    """All plan versions, newest first."""
    from sweepline.plans import list_command

    raise typer.Exit(list_command(data, as_json))


@plan_app.command("show")
def plan_show(
    data: Data, plan: Annotated[str, typer.Argument(help="PLAN or PLAN@VERSION")], as_json: AsJson = False
) -> None:
    """One version: verdict, numbers, routes, unserved, slots at facilities."""
    from sweepline.plans import show_command

    raise typer.Exit(show_command(data, plan, as_json))


@plan_app.command("approve")
def plan_approve(
    data: Data,
    plan: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    actor: Actor = "",
    clock: ClockAt = "",
    as_json: AsJson = False,
) -> None:
    """Approve one version; 1 when it has been overtaken."""
    from sweepline.plans import approve_command

    raise typer.Exit(approve_command(data, plan, actor_or_user(actor), clock, as_json))


@plan_app.command("undo")
def plan_undo(
    data: Data,
    plan: Annotated[str, typer.Argument(help="PLAN")],
    actor: Actor = "",
    clock: ClockAt = "",
    as_json: AsJson = False,
) -> None:
    """Propose a running plan as it was before its last approved change; 1 when that is too long ago."""
    from sweepline.replanning import undo_command

    raise typer.Exit(undo_command(data, plan, actor_or_user(actor), clock, as_json))


@plan_app.command("pin")
def plan_pin(
    data: Data,
    plan: Annotated[str, typer.Argument(help="PLAN")],
    work_item: Annotated[str, typer.Argument(help="id of the work item, from `plan show --json`")],
    vehicle: Annotated[str, typer.Option(help="the vehicle or crew that is to do it")] = "",
    exclude: Annotated[bool, typer.Option("--exclude", help="leave it out")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="remove its pin")] = False,
    actor: Actor = "",
    clock: ClockAt = "",
) -> None:
    """Pin a work item to a vehicle or leave it out; holds in every later version until removed."""
    from sweepline.plans import pin_command

    raise typer.Exit(pin_command(data, plan, work_item, vehicle, exclude, remove, actor_or_user(actor), clock))


@plan_app.command("diff")
def plan_diff(
    data: Data,
    old: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    new: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    as_json: AsJson = False,
) -> None:
    """What changed between two versions, by vehicle."""
    from sweepline.differences import diff_command

    raise typer.Exit(diff_command(data, old, new, as_json))


@plan_app.command("explain")
def plan_explain(
    data: Data,
    plan: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    task: Annotated[str, typer.Option(help="only this unserved task (its id, work item or place)")] = "",
    route: Annotated[str, typer.Option(help="why the route of this vehicle or crew is in its order")] = "",
    fairness: Annotated[bool, typer.Option("--fairness", help="what a shorter longest route would cost")] = False,
    as_json: AsJson = False,
) -> None:
    """Why a version looks as it does; for each task left out what binds and the cheapest way to serve it."""
    from sweepline.explaining import explain_command

    raise typer.Exit(explain_command(data, plan, task, route, fairness, as_json))


@app.command("print")
def print_(
    plan: Annotated[str, typer.Argument(help="PLAN or PLAN@VERSION")],
    data: Data,
    out: Out = Path("sheets"),
    as_json: AsJson = False,
) -> None:
    """Print a whole plan: single sheets and one merged PDF."""
    from sweepline.printing import print_command
    from sweepline.running import open_system

    raise typer.Exit(print_command(plan, open_system(data).database, out, as_json))


@app.command("print-last")
def print_last(data: Data, out: Out = Path("sheets"), as_json: AsJson = False) -> None:
    """Copy out the last bundles; needs no service and no database."""
    from sweepline.printing import print_last_command

    raise typer.Exit(print_last_command(data, out, as_json))


@sheet_app.command("back")
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


@sheet_app.command("told")
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


@quarantine_app.command("list")
def quarantine_list(data: Data, as_json: AsJson = False) -> None:
    """What is held, oldest first."""
    from sweepline.quarantine import list_command

    raise typer.Exit(list_command(data, as_json))


@quarantine_app.command("show")
def quarantine_show(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """One held message: reason, text, raw bytes."""
    from sweepline.quarantine import show_command

    raise typer.Exit(show_command(data, id_))


@quarantine_app.command("replay")
def quarantine_replay(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")], actor: Actor = "") -> None:
    """Send a held message through again."""
    from sweepline.quarantine import replay_command

    raise typer.Exit(replay_command(data, id_, actor_or_user(actor)))


@quarantine_app.command("drop")
def quarantine_drop(data: Data, id_: Annotated[str, typer.Argument(metavar="ID")], actor: Actor = "") -> None:
    """Give a held message up; the row stays."""
    from sweepline.quarantine import drop_command

    raise typer.Exit(drop_command(data, id_, actor_or_user(actor)))


@user_app.command("add")
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


@db_app.command("upgrade")
def db_upgrade(data: Data) -> None:
    """Bring the schema up to date."""
    from sweepline.databases import upgrade_command

    raise typer.Exit(upgrade_command(data))


@db_app.command("backup")
def db_backup(data: Data, out: Path) -> None:
    """Write a consistent copy of the SQLite database."""
    from sweepline.databases import backup_command

    raise typer.Exit(backup_command(data, out))


@db_app.command("restore")
def db_restore(data: Data, copy: Path) -> None:
    """Put a copy in place of the database."""
    from sweepline.databases import restore_command

    raise typer.Exit(restore_command(data, copy))


@db_app.command("verify")
def db_verify(data: Data, as_json: AsJson = False) -> None:
    """Check what may never break on the stored rows."""
    from sweepline.databases import verify_command

    raise typer.Exit(verify_command(data, as_json))


@app.command()
def doctor(data: Data, as_json: AsJson = False) -> None:
    """Look for what is wrong with an installation: settings, database, broker, topics, alarms."""
    from sweepline.databases import doctor_command

    raise typer.Exit(doctor_command(data, as_json))


@app.command()
def schema() -> None:
    """JSON Schemas of every event."""
    from sweepline.databases import schema_command

    raise typer.Exit(schema_command())


def set_up_logging(level: str) -> None:
    """Structured lines on standard error, from `level` on."""
    number = getattr(logging, level.upper())
    logging.basicConfig(level=number, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; errors become one line on standard error. Returns the documented exit code."""
    try:
        return int(app(args=list(arguments), prog_name="sweepline", standalone_mode=False) or DONE)
    except Stale as error:
        return _say(error.text, NO)
    except Refused as error:
        return _say(error.text, BAD)
    except Unavailable as error:
        return _say(f"{error}; try again later", LATER)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _usage(error) if hasattr(error, "format_message") else _broken(error)


def main() -> None:
    """Entry point."""
    set_up_logging("error")
    sys.exit(run(sys.argv[1:]))


def _usage(error: Any) -> int:
    """A usage error of the command line parser: a group without a command shows its help, all else is one line."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return BAD
    path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "sweepline"
    return _say(f"{error.format_message().rstrip('.')}; see `{path} --help`", BAD)


def _broken(error: Exception) -> int:
    """Nothing that was foreseen: where it happened, for those who mend it, then the one line."""
    traceback.print_exception(error)
    return _say(f"internal: {type(error).__name__}: {error}", INTERNAL)


def _say(text: str, code: int) -> int:
    print(f"sweepline: {' '.join(text.split())}", file=sys.stderr)
    return code


if __name__ == "__main__":
    main()
