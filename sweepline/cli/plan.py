"""`sweepline plan`: make, list, show, approve, compare and explain plans."""

from __future__ import annotations

from typing import Annotated

import typer

from sweepline.cli.options import Actor, AsJson, ClockAt, Data, actor_or_user

app = typer.Typer(no_args_is_help=True, help="Make, list, show, approve, compare and explain plans.")


@app.command("make")
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


@app.command("list")
def plan_list(data: Data, as_json: AsJson = False) -> None:
    """All plan versions, newest first."""
    from sweepline.plans import list_command

    raise typer.Exit(list_command(data, as_json))


@app.command("show")
def plan_show(
    data: Data, plan: Annotated[str, typer.Argument(help="PLAN or PLAN@VERSION")], as_json: AsJson = False
) -> None:
    """One version: verdict, numbers, routes, unserved, slots at facilities."""
    from sweepline.plans import show_command

    raise typer.Exit(show_command(data, plan, as_json))


@app.command("approve")
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


@app.command("undo")
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


@app.command("pin")
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


@app.command("diff")
def plan_diff(
    data: Data,
    old: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    new: Annotated[str, typer.Argument(help="PLAN@VERSION")],
    as_json: AsJson = False,
) -> None:
    """What changed between two versions, by vehicle."""
    from sweepline.differences import diff_command

    raise typer.Exit(diff_command(data, old, new, as_json))


@app.command("explain")
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


@app.command("what-if")
def plan_what_if(
    data: Data,
    plan: Annotated[str, typer.Argument(help="PLAN@VERSION to hold the answer against")],
    without: Annotated[str, typer.Option(help="a vehicle or crew that is away")] = "",
    close: Annotated[str, typer.Option(help="a street (segment id) that is closed")] = "",
    rate: Annotated[str, typer.Option(help="another row of the spread matrix, as a changed alert would choose")] = "",
    onset_min: Annotated[int, typer.Option(help="onset later by minutes; earlier where negative")] = 0,
    as_json: AsJson = False,
) -> None:
    """What the plan would be with something otherwise; solved like a plan, told against a version, stored nowhere."""
    from dispatch.whatif import Change
    from sweepline.whatif import what_if_command

    raise typer.Exit(what_if_command(data, plan, Change(without, close, rate, onset_min), as_json))
