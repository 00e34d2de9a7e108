"""The long tables of reports as paper: timeline, plans, routes, cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.reports.values import CaseLine, Moment, PlanLine, RouteLine
from models.times import parse_time
from printouts.messages import CASE_KINDS, clock, words_of
from printouts.reports import words
from printouts.reports.values import Block, Cell
from printouts.reports.words import actor_words, km, moment_time
from printouts.text import name_of, printable
from printouts.values import Words

TIMELINE_LIMIT = 300
REFS_SHOWN = 4


def timeline_blocks(moments: Sequence[Moment], zone: ZoneInfo) -> list[Block]:
    """What happened, in order."""
    rows = tuple(
        (
            moment_time(moment.at, zone),
            _what(moment),
            _subject(moment),
            actor_words(moment.actor) if moment.actor else "",
            _note(moment, zone),
        )
        for moment in moments[:TIMELINE_LIMIT]
    )
    return [
        Block(
            "heading",
            title=("经过", "Timeline"),
            note=(
                "取自审计记录；十分钟内同一人对同类事项的同一操作合为一行。",
                "From audit rows; the same act of one actor within ten minutes is one line.",
            ),
        ),
        Block(
            "table",
            columns=(("时间", "At"), ("事项", "What"), ("对象", "Of"), ("由", "By"), ("说明", "Note")),
            widths=("21mm", "1.5fr", "2.1fr", "1.2fr", "1.4fr"),
            align="lllll",
            rows=rows,
            left_out=max(0, len(moments) - TIMELINE_LIMIT),
            empty=words.NONE,
        ),
    ]


def _what(moment: Moment) -> Words:
    zh, en = words_of(words.MOMENTS, moment.code)
    return (f"{zh} ×{moment.count}" if moment.count > 1 else zh), en


def _subject(moment: Moment) -> Cell:
    if moment.code.startswith("stage."):
        return words_of(words.STAGES, moment.refs[0]) if moment.refs else ""
    if moment.code.startswith("alarm.") and moment.refs:
        kind, _, key = moment.refs[0].removeprefix("alarm:").partition(":")
        known = words_of(words.ALARMS, kind)
        return known if moment.count > 1 else (f"{known[0]} {name_of(key)}", known[1])
    if moment.code.startswith("resource.") and moment.count == 1 and moment.refs:
        kind, _, ref = moment.refs[0].partition(":")
        zh, en = words_of(words.RESOURCES, kind)
        return f"{zh} {name_of(ref)}", en
    refs = list(moment.refs)
    if moment.code.startswith("plan."):
        # several versions of a plan within minutes: the last is the one that counted
        newest: dict[str, int] = {}
        for code, _, version in (ref.partition("@") for ref in refs):
            newest[code] = max(newest.get(code, 0), int(version or 0))
        refs = [f"{code}@{version}" if version else code for code, version in newest.items()]
        return _codes(refs)
    names = [name_of(ref.removeprefix("vehicle:")) for ref in refs[:REFS_SHOWN]]
    more = f" … +{len(refs) - REFS_SHOWN}" if len(refs) > REFS_SHOWN else ""
    return ", ".join(names) + more


def _codes(refs: Sequence[str]) -> str:
    """Plan versions; those that differ from the first in their district only by that: S-20231218-D01-N@2, D02@2."""
    first = refs[0].partition("@")[0].split("-")
    names = [name_of(refs[0])]
    for ref in refs[1:]:
        code, _, version = ref.partition("@")
        parts = code.split("-")
        alike = len(parts) == len(first) == 4 and (parts[0], parts[1], parts[3]) == (first[0], first[1], first[3])
        names.append(name_of(f"{parts[2]}@{version}" if alike else ref))
    shown = names[: REFS_SHOWN * 2]
    return ", ".join(shown) + (f" … +{len(names) - len(shown)}" if len(names) > len(shown) else "")


def _note(moment: Moment, zone: ZoneInfo) -> Cell:
    if not moment.note:
        return ""
    if moment.code.startswith("stage."):
        when = moment_time(parse_time(moment.note), zone)
        return f"应于 {when}", f"due {when}"
    if moment.note in words.NOTES:
        return words.NOTES[moment.note]
    return words.REASONS.get(moment.note) or printable(moment.note, 80)


def plans_blocks(plans: Sequence[PlanLine], zone: ZoneInfo) -> list[Block]:
    """The plans of a storm."""
    return [
        Block("heading", title=("方案（最后批准的版本）", "Plans, by their last approved version")),
        plan_table(plans, zone),
    ]


def plan_table(plans: Sequence[PlanLine], zone: ZoneInfo) -> Block:
    """Plans with their verdicts and numbers."""
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name_of(plan.code)}@{plan.version}",
            words_of(words.SERVICES, plan.service),
            words_of(words.PLAN_STATES, plan.state),
            ("合格", "passed") if plan.feasible else ("不合格", "failed"),
            f"{plan.routes} / {plan.stops:,}",
            str(plan.unserved) if plan.unserved else "—",
            km(plan.distance_m),
            km(plan.driven_m) if plan.driven_m else "—",
            f"{(plan.salt_kg or plan.waste_kg):,}" if plan.salt_kg or plan.waste_kg else "—",
            _approved(plan, zone),
        )
        for plan in plans
    ]
    return Block(
        "table",
        columns=(
            ("方案", "Plan"),
            ("作业", "Service"),
            ("状态", "State"),
            ("核验", "Check"),
            ("路线 / 点", "Routes / stops"),
            ("未排入", "Left out"),
            ("计划 km", "planned"),
            ("实际 km", "driven"),
            ("kg", "salt, waste"),
            ("批准", "Approved"),
        ),
        widths=("2.7fr", "1.3fr", "1.1fr", "0.9fr", "1.2fr", "0.8fr", "0.9fr", "0.9fr", "1fr", "2fr"),
        align="llllrrrrrl",
        rows=tuple(rows),
        empty=("没有方案。", "There was no plan."),
    )


def _approved(plan: PlanLine, zone: ZoneInfo) -> Cell:
    if plan.approved_at is None:
        return "—"
    zh, en = actor_words(plan.approved_by)
    return f"{moment_time(plan.approved_at, zone)}\n{zh}", en


def routes_blocks(routes: Sequence[RouteLine], zone: ZoneInfo) -> list[Block]:
    """Vehicles' routes planned and driven; crews on foot as planned."""
    driven = [route for route in routes if route.vehicle]
    afoot = [route for route in routes if not route.vehicle]
    blocks = [
        Block(
            "heading",
            title=("车辆：计划与实际", "Vehicles: planned and driven"),
            note=(
                "实际取自定位轨迹匹配到道路的通行记录。",
                "Driven: what matched tracks show, from the route's start to the vehicle's next route.",
            ),
        ),
        Block(
            "table",
            columns=(
                ("车辆", "Vehicle"),
                ("方案", "Plan"),
                ("计划", "Planned"),
                ("实际", "Driven"),
                ("计划 km", "planned"),
                ("实际 km", "driven"),
                ("差", "Difference"),
            ),
            widths=("1.5fr", "1.7fr", "1.5fr", "1.5fr", "0.9fr", "0.9fr", "0.9fr"),
            align="llllrrr",
            rows=tuple(_route(route, zone) for route in driven),
            empty=words.NONE,
        ),
    ]
    if afoot:
        rows: list[tuple[Cell, ...]] = [
            (
                name_of(r.crew),
                name_of(r.plan),
                _span(r.planned_start, r.planned_end, zone),
                str(r.stops),
                km(r.planned_m),
            )
            for r in afoot
        ]
        blocks += [
            Block("heading", title=("步行班组（计划）", "Crews on foot, planned")),
            Block(
                "table",
                columns=(("班组", "Crew"), ("方案", "Plan"), ("计划", "Planned"), ("点位", "Spots"), ("km", "planned")),
                widths=("2fr", "1.7fr", "1.5fr", "0.8fr", "0.8fr"),
                align="lllrr",
                rows=tuple(rows),
            ),
        ]
    return blocks


def _route(route: RouteLine, zone: ZoneInfo) -> tuple[Cell, ...]:
    name = f"{name_of(route.plate)} ({name_of(route.vehicle)})" if route.plate else name_of(route.vehicle)
    off = route.driven_m - route.planned_m
    return (
        name,
        name_of(route.plan) if route.in_force else (name_of(route.plan), "replaced"),
        _span(route.planned_start, route.planned_end, zone),
        _span(route.driven_start, route.driven_end, zone) if route.driven_start and route.driven_end else "—",
        km(route.planned_m),
        km(route.driven_m) if route.driven_start else "—",
        _difference(off) if route.driven_start and route.in_force else "—",
    )


def _difference(off_m: int) -> str:
    tenths = round(off_m / 100)
    return f"{tenths / 10:+.1f}" if tenths else "0.0"


def _span(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    first = start.astimezone(zone).date()
    return f"{start.astimezone(zone):%m-%d} {clock(start, zone, first)}–{clock(end, zone, first)}"


def case_table(cases: Sequence[CaseLine], zone: ZoneInfo, empty: Words, now: datetime | None = None) -> Block:
    """Cases with their deadlines; `now` marks open ones that are over it."""
    return Block(
        "table",
        columns=(
            ("案号", "Case"),
            ("类别", "Kind"),
            ("片区", "District"),
            ("收到", "Received"),
            ("时限", "Deadline"),
            ("结案", "Closed"),
            ("状态", "State"),
        ),
        widths=("2.4fr", "1.9fr", "0.8fr", "1.25fr", "1.25fr", "1.5fr", "1.1fr"),
        align="lllrrrl",
        rows=tuple(
            (
                name_of(case.number),
                words_of(CASE_KINDS, case.kind),
                name_of(case.district),
                moment_time(case.opened_at, zone),
                moment_time(case.deadline, zone),
                _closed(case, zone, now),
                words_of(words.CASE_STATES, case.state),
            )
            for case in cases
        ),
        empty=empty,
    )


def _closed(case: CaseLine, zone: ZoneInfo, now: datetime | None) -> Cell:
    if case.closed_at is None:
        return ("超时", "late") if now is not None and case.deadline < now else "—"
    when = moment_time(case.closed_at, zone)
    return (f"{when}\n超时", "late") if case.closed_at > case.deadline else when
