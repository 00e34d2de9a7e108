"""A storm's report as paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.reports.values import ClassCover, StageLine, StormReport
from models.times import to_micros
from printouts.data import pair
from printouts.messages import SPREAD_ROWS, words_of
from printouts.reports import blocks as tables
from printouts.reports import charts, words
from printouts.reports.values import Block, Cell, ReportData
from printouts.reports.words import both, km, long_time, moment_time, share
from printouts.text import name_of, printable
from printouts.values import EMPTY, Words

ROWS_LIMIT = 60
"""Streets not treated that are written out; all of them are in the tables."""
STAGE_TITLES: dict[str, Words] = {
    "pretreat": ("预撒盐：按道路等级的完成进度", "Pretreatment by class of street"),
    "plough": ("推雪：按道路等级的完成进度", "Ploughing by class of street"),
}


def storm_paper(report: StormReport) -> ReportData:
    """The report in words. Same report, same paper."""
    zone = ZoneInfo(report.zone)
    day = f"{report.onset.astimezone(zone):%Y-%m-%d}"
    phenomenon = words_of(words.PHENOMENA, report.phenomenon)
    subtitle = both(
        (day, day), phenomenon, words_of(words.SEVERITIES, report.severity), (printable(report.headline, 120), "")
    )
    return ReportData(
        code=day,
        title=("除雪防冻处置报告", "Storm report"),
        subtitle=(subtitle[0], ""),
        city=pair(report.city, report.city_en),
        flag=EMPTY
        if report.over
        else ("处置尚未结束，数字为截至目前。", "The response is not over: figures are those known by now."),
        blocks=(
            *_head(report, zone),
            *_cover(report, zone),
            *_not_done(report),
            *tables.timeline_blocks(report.timeline, zone),
            *tables.plans_blocks(report.plans, zone),
            *tables.routes_blocks(report.routes, zone),
            Block("heading", title=("期间收到的案件", "Cases received meanwhile")),
            tables.case_table(report.cases, zone, words.NONE, report.as_of),
            _method(report),
        ),
        attribution=report.attribution,
        created=to_micros(report.as_of) // 1_000_000,
    )


def _sum(cover: tuple[ClassCover, ...], stage: str, of: Callable[[ClassCover], int]) -> int:
    return sum(of(line) for line in cover if line.stage == stage)


def _head(report: StormReport, zone: ZoneInfo) -> list[Block]:
    cover, stages = report.cover, {stage.kind: stage for stage in report.stages}
    facts: list[tuple[Words, Cell]] = []
    owed = _sum(cover, "pretreat", lambda c: c.length_m)
    if owed:
        before = _sum(cover, "pretreat", lambda c: c.before_onset_m)
        facts.append((("降雪前完成预撒", "treated before onset"), share(before, owed)))
    owed = _sum(cover, "plough", lambda c: c.length_m)
    if owed:
        by = _sum(cover, "plough", lambda c: c.before_onset_m + c.by_clock_m)
        at = f"{report.clock_at.astimezone(zone):%H:%M}" if report.clock_at is not None else ""
        facts.append(((f"{at} 前完成推雪", f"ploughed by {at}"), share(by, owed)))
    if "muster" in stages:
        muster = stages["muster"]
        facts.append((("人工清雪点位", "spots cleared by hand"), f"{muster.done}/{muster.items}"))
    salt = sum(plan.salt_kg for plan in report.plans if plan.approved_at is not None)
    facts.append((("计划用盐", "salt planned"), f"{salt / 1000:,.1f} t"))
    driven = [route for route in report.routes if route.vehicle]
    planned = sum(route.planned_m for route in driven if route.in_force)
    facts.append((("车辆计划里程", "vehicles, planned"), f"{km(planned)} km"))
    facts.append((("车辆实际里程", "vehicles, driven"), f"{km(sum(r.driven_m for r in driven))} km"))
    closed = sum(1 for case in report.cases if case.closed_at is not None)
    facts.append((("期间案件 / 已结", "cases / closed"), f"{len(report.cases)} / {closed}"))
    alarms = sum(moment.count for moment in report.timeline if moment.code == "alarm.opened")
    facts.append((("报警", "alarms"), str(alarms)))
    start = ("可自动启动", "may start by itself") if report.self_start else _why_not(report.self_start_reason)
    rate: Cell = "—"
    if report.rate_g_m2:
        spread = words_of(SPREAD_ROWS, report.rate_row)
        rate = (f"{report.rate_g_m2} g/m² × {report.rate_passes} · {spread[0]}", spread[1])
    details: list[tuple[Words, Cell]] = [
        (("收到预警", "Alert received"), long_time(report.received_at, zone)),
        (("降雪起始", "Onset" + (", assumed" if report.onset_assumed else "")), long_time(report.onset, zone)),
        (("末个方案结束", "Last plan ends"), long_time(report.until, zone)),
        (("撒布用量", "Rate"), rate),
        (("自动启动", "Self-start"), start),
        (("预警失效", "Alert expires"), long_time(report.expires, zone)),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            words_of(words.STAGES, stage.kind),
            _stage_state(stage),
            *(moment_time(at, zone) if at is not None else "—" for at in (stage.due_at, stage.started_at)),
            moment_time(stage.done_at, zone) if stage.done_at is not None else "—",
            f"{stage.done} / {stage.items}",
        )
        for stage in report.stages
    ]
    return [
        Block("facts", facts=tuple(facts), large=True),
        Block("facts", facts=tuple(details)),
        Block("heading", title=("阶段", "Stages")),
        Block(
            "table",
            columns=(
                ("阶段", "Stage"),
                ("状态", "State"),
                ("应于", "Due"),
                ("开始", "Begun"),
                ("完成", "Done"),
                ("作业项", "Work done / of"),
            ),
            widths=("1.4fr", "1.2fr", "1fr", "1fr", "1fr", "1fr"),
            align="llrrrr",
            rows=tuple(rows),
            empty=("没有启动响应。", "There was no response."),
        ),
    ]


def _stage_state(stage: StageLine) -> Words:
    """A stage ends with its last plan, whether all was done or not: the paper does not call that done."""
    if stage.state == "done" and stage.done < stage.items:
        return ("已结束，未全部完成", "ended, not all done")
    return words_of(words.STAGE_STATES, stage.state)


def _why_not(reason: str) -> Words:
    return both(("未启动", "no"), words_of(words.SELF_START, reason)) if reason else ("—", "")


def _cover(report: StormReport, zone: ZoneInfo) -> list[Block]:
    if not report.cover:
        return []
    at = f"{report.clock_at.astimezone(zone):%H:%M}" if report.clock_at is not None else "—"
    parts = (("降雪前", "before onset"), (f"{at} 前", f"by {at}"), ("其后", "later"), ("未完成", "not done"))
    rows: list[tuple[Cell, ...]] = []
    bars = []
    for line in report.cover:
        stage, class_ = words_of(words.STAGES, line.stage), words_of(words.PRIORITIES, line.priority)
        values = (line.before_onset_m, line.by_clock_m, line.later_m, line.not_m)
        done = line.length_m - line.not_m
        rows.append(
            (stage, class_, f"{line.streets:,}", km(line.length_m), *map(km, values), share(done, line.length_m))
        )
        bars.append((both(stage, class_), values))
    blocks = [
        Block(
            "heading",
            title=("完成情况", "Coverage"),
            note=(
                "长度为道路中心线，单位公里；该道路全部遍数完成的时刻为准。",
                "Kilometres of centre line, by when the last run over each street was done.",
            ),
        ),
        Block("chart", svg=charts.shares(bars, [f"{zh} {en}" for zh, en in parts])),
        Block(
            "table",
            columns=(
                ("阶段", "Stage"),
                ("道路等级", "Class"),
                ("路段", "Streets"),
                ("应做", "Owed"),
                *parts,
                ("完成", "Done"),
            ),
            widths=("1.7fr", "2.5fr", "0.8fr", "0.8fr", "1.2fr", "1fr", "0.8fr", "0.9fr", "0.8fr"),
            align="llrrrrrrr",
            rows=tuple(rows),
        ),
    ]
    return blocks + [chart for stage in report.stages if (chart := _progress(report, stage.kind, zone)) is not None]


def _progress(report: StormReport, kind: str, zone: ZoneInfo) -> Block | None:
    """Coverage of a stage over time, from its start to its end and the instants that mattered."""
    streets = [street for street in report.streets if street.stage == kind]
    done = [street.done_at for street in streets if street.done_at is not None]
    stage = next(stage for stage in report.stages if stage.kind == kind)
    if not done or stage.started_at is None:
        return None
    marks = [(report.onset, "降雪起始 onset")]
    if report.clock_at is not None and kind != "pretreat":
        marks.append((report.clock_at, f"{report.clock_at.astimezone(zone):%H:%M}"))
    start = min(stage.started_at, min(done))
    end = max([max(done), *(at for at, _ in marks)])
    series = []
    for line in report.cover:
        if line.stage == kind:
            steps: Counter[datetime] = Counter()
            for street in streets:
                if street.priority == line.priority and street.done_at is not None:
                    steps[street.done_at.replace(second=0, microsecond=0)] += street.length_m
            name = " ".join(words_of(words.PRIORITIES, line.priority))
            series.append(charts.Series(name, line.length_m, tuple(sorted(steps.items()))))
    title = STAGE_TITLES.get(kind, words_of(words.STAGES, kind))
    return Block("chart", title=title, svg=charts.steps(series, start, end, marks, zone))


def _not_done(report: StormReport) -> list[Block]:
    streets = [street for street in report.streets if street.done_at is None]
    reasons = Counter((street.stage, street.reason) for street in streets)
    lengths: Counter[tuple[str, str]] = Counter()
    for street in streets:
        lengths[street.stage, street.reason] += street.length_m
    blocks = [Block("heading", title=("未完成的道路及原因", "Streets not done, and why"))]
    if streets:
        blocks.append(
            Block(
                "table",
                columns=(("阶段", "Stage"), ("原因", "Reason"), ("路段", "Streets"), ("长度 km", "Length km")),
                widths=("1fr", "2fr", "1fr", "1fr"),
                align="llrr",
                rows=tuple(
                    (words_of(words.STAGES, stage), words_of(words.REASONS, why), f"{count:,}", km(lengths[stage, why]))
                    for (stage, why), count in sorted(reasons.items())
                ),
            )
        )
    rows: list[tuple[Cell, ...]] = [
        (
            words_of(words.STAGES, street.stage),
            pair(street.name, street.name_en) if street.name or street.name_en else ("无名路", "unnamed"),
            name_of(street.district),
            words_of(words.PRIORITIES, street.priority),
            f"{street.length_m:,}",
            words_of(words.REASONS, street.reason),
        )
        for street in sorted(streets, key=lambda street: (street.stage, -street.length_m, street.segment))
    ]
    blocks.append(
        Block(
            "table",
            columns=(
                ("阶段", "Stage"),
                ("道路", "Street"),
                ("片区", "District"),
                ("等级", "Class"),
                ("长度 m", "Length m"),
                ("原因", "Reason"),
            ),
            widths=("1.2fr", "2.2fr", "0.8fr", "1.5fr", "0.9fr", "2fr"),
            align="llllrl",
            rows=tuple(rows[:ROWS_LIMIT]),
            left_out=max(0, len(rows) - ROWS_LIMIT),
            empty=("无：应做的道路全部完成。", "None: every street owed was done."),
        )
    )
    return blocks


def _method(report: StormReport) -> Block:
    until = long_time(report.until, ZoneInfo(report.zone))
    return Block(
        "note",
        title=(
            f"统计范围：收到预警至末个方案结束（{until}）。用盐量为批准方案的计划量；车辆不上报实际撒布量，故不列。",
            "From the alert to the end of the last plan. Salt is what the approved plans call for: trucks report no "
            "amounts, so none are given here.",
        ),
    )
