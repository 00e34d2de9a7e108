"""A second reading of docs/PROBLEM.md: decisions in, a plan with true figures and the broken rules by code out.

Written without the checker and the engines: routes are generators that ask for a bay and are served first come, first
served; every other rule is read off the finished timelines.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from routing.plan import Plan, Route, Unserved
from routing.problem import Problem, Repeat
from tests.routing.referee_run import Do, Drive, Log, Run, Wish, releases

__all__ = ["Do", "Drive", "Judged", "judge"]

TERMS = ("travel", "service", "fixed", "duration", "lateness", "prizes", "moves", "fairness")


@dataclass(frozen=True)
class Judged:
    plan: Plan
    broken: frozenset[str]


def judge(problem: Problem, drives: Sequence[Drive], unserved: Sequence[Unserved]) -> Judged:
    """The plan these decisions make, with every figure true, and the codes of the rules they break."""
    broken: set[str] = set()
    logs: list[Log] = []
    strangers: list[Route] = []
    known = {v.id: v for v in problem.vehicles}
    for drive in drives:
        name = drive.vehicle
        if problem.unlimited_fleet:
            name = name[: name.index("#")] if "#" in name and name[name.index("#") + 1 :].isdigit() else ""
        if name not in known:
            broken.add("unknown")
            strangers.append(Route(drive.vehicle, drive.start_s, (), (), drive.start_s, 0, 0))
            continue
        logs.append(Log(drive, known[name]))
    names = [log.drive.vehicle for log in logs]
    broken |= {"doubled"} if len(set(names)) < len(names) else set()
    run_all(problem, logs)
    for log in logs:
        broken |= log.broken | route_rules(problem, log)
    broken |= {"frozen" for v in problem.vehicles if v.frozen and v.id not in names}
    times = {task.id: (start, end, log) for log in logs for task, start, end in log.work}
    served = [task.id for log in logs for task, _, _ in log.work]
    broken |= {"doubled"} if len(set(served)) < len(served) else set()
    for repeat in problem.repeats:
        broken |= repeat_rules(repeat, times) | wait_rules(repeat, times)
    broken |= list_rules(problem, set(served), unserved)
    terms = count(problem, logs, times)
    routes = (*strangers, *(route_of(log) for log in logs))
    return Judged(Plan(routes, tuple(unserved), sum(terms.values()), "hand", 0, 0, terms), frozenset(broken))


def run_all(problem: Problem, logs: Sequence[Log]) -> None:
    """Let all vehicles drive; whoever comes first to a facility with bays is served first."""
    runs = [Run.of(problem, log).all() for log in logs]
    wishes: dict[int, Wish] = {}
    bays = {f.id: [0] * f.bays for f in problem.facilities}
    for i, each in enumerate(runs):
        ask(wishes, i, each, None)
    while wishes:
        i = min(wishes, key=lambda k: (wishes[k][0], logs[k].drive.vehicle))
        _, ready, facility = wishes.pop(i)
        line = sorted(bays[facility.id])
        start = max(ready, line[0])
        bays[facility.id] = [start + facility.service_s, *line[1:]]
        ask(wishes, i, runs[i], start)


def ask(wishes: dict[int, Wish], i: int, each: Generator[Wish, int | None, None], start: int | None) -> None:
    try:
        wishes[i] = each.send(start)
    except StopIteration:
        return


def route_rules(problem: Problem, log: Log) -> set[str]:
    """Rules of a route as a whole."""
    v, drive, broken = log.vehicle, log.drive, set[str]()
    if drive.start_s < v.shift[0] or log.end_s > v.shift[1]:
        broken.add("shift")
    if drive.start_s < releases(problem, drive.todo):
        broken.add("release")
    rests = [do.ref for do in drive.todo if do.kind == "break"]
    if len(set(rests)) < len(rests):
        broken.add("break")
    if drive.todo and any(log.end_s > b.window[1] and b.id not in rests for b in v.breaks):
        broken.add("break")
    begun = [(do.kind, do.ref, do.mode) for do in drive.todo if do.kind != "break"]
    if begun[: len(v.frozen)] != [(f.kind, f.ref, f.mode) for f in v.frozen]:
        broken.add("frozen")
    wanted = {skill for task, _, _ in log.work for skill in task.skills}
    fitted = [v.skills | extra for extra in v.attachments] or [v.skills]
    everything = v.skills.union(*v.attachments)
    if wanted - everything:
        broken.add("skill")
    if not any(wanted & everything <= skills for skills in [*fitted, v.skills]):
        broken.add("attachment")
    return broken


def repeat_rules(repeat: Repeat, times: dict[str, tuple[int, int, Log]]) -> set[str]:
    """Any two passes of a day are apart, and all days together are a pattern."""
    passes = [times[name] for name in repeat.tasks if name in times]
    for i, one in enumerate(passes):
        for other in passes[:i]:
            together = one[2].vehicle.day == other[2].vehicle.day
            if together and other[0] - one[1] < repeat.gap_s and one[0] - other[1] < repeat.gap_s:
                return {"repeat"}
    days = sorted(log.vehicle.day for _, _, log in passes)
    if repeat.patterns and passes and days not in [list(p) for p in repeat.patterns]:
        return {"repeat"}
    return set()


def wait_rules(repeat: Repeat, times: dict[str, tuple[int, int, Log]]) -> set[str]:
    """Nobody waits for a pass longer than until the gap after another one of the day has ended."""
    for name in repeat.tasks:
        start, _, log = times.get(name, (0, 0, None))
        if log is None or start == log.ready[name]:
            continue
        others = [times[other] for other in repeat.tasks if other != name and other in times]
        if all(end + repeat.gap_s != start or o.vehicle.day != log.vehicle.day for _, end, o in others):
            return {"repeat"}
    return set()


def list_rules(problem: Problem, served: set[str], unserved: Sequence[Unserved]) -> set[str]:
    """Every mandatory task is served or listed once with a reason, and nothing else is listed."""
    broken: set[str] = set()
    names = [entry.task for entry in unserved]
    optional = {t.id for t in problem.tasks if t.prize is not None}
    known = {t.id for t in problem.tasks}
    if set(names) - known:
        broken.add("unknown")
    if any(name in known and (name in served or names.count(name) > 1) for name in names):
        broken.add("doubled")
    if any(e.task in known - served - optional and not e.reason.strip() for e in unserved):
        broken.add("dropped")
    if known - served - optional - set(names):
        broken.add("dropped")
    return broken


def count(problem: Problem, logs: Sequence[Log], times: dict[str, tuple[int, int, Log]]) -> dict[str, int]:
    """The objective's terms."""
    tasks = {t.id: t for t in problem.tasks}
    lengths = [log.end_s - log.drive.start_s for log in logs]
    late = [(tasks[n], end) for n, (_, end, _) in times.items()]
    return {
        "travel": sum(log.travel * log.vehicle.travel_rate for log in logs),
        "service": sum(log.service for log in logs),
        "fixed": sum(log.vehicle.fixed_cost for log in logs if log.stops),
        "duration": sum(log.vehicle.duration_rate * s for log, s in zip(logs, lengths, strict=True)),
        "lateness": sum(t.weight * max(end - t.deadline_s, 0) for t, end in late if t.deadline_s is not None),
        "prizes": sum(t.prize for t in problem.tasks if t.prize is not None and t.id not in times),
        "moves": sum(
            tasks[n].move_cost for n, (_, _, log) in times.items() if tasks[n].keep not in (None, log.drive.vehicle)
        ),
        "fairness": problem.fairness_weight * max([0, *(s for s, log in zip(lengths, logs, strict=True) if log.stops)]),
    }


def route_of(log: Log) -> Route:
    v, drive = log.vehicle, log.drive
    cost = log.travel * v.travel_rate + log.service + v.duration_rate * (log.end_s - drive.start_s)
    cost += v.fixed_cost if log.stops else 0
    return Route(drive.vehicle, drive.start_s, tuple(log.stops), drive.home, log.end_s, log.metres, cost)
