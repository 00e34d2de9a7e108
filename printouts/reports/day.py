"""The day's report as paper."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dispatch.reports.day import closes_at
from dispatch.reports.values import AlarmLine, DayReport
from models.times import to_micros
from printouts.data import pair
from printouts.messages import weekday_words, words_of
from printouts.reports import charts, words
from printouts.reports.blocks import case_table, plan_table
from printouts.reports.values import Block, Cell, ReportData
from printouts.reports.words import km, long_time, moment_time, share
from printouts.text import name_of, printable
from printouts.values import EMPTY, Words

ROWS_LIMIT = 80
"""Stations, and alarms, that are written out; all of them are in the tables."""


def day_paper(report: DayReport) -> ReportData:
    """The report in words. Same report, same paper."""
    zone = ZoneInfo(report.zone)
    weekday = weekday_words(report.day)
    return ReportData(
        code=report.day.isoformat(),
        title=("作业日报", "Day report"),
        subtitle=(f"{report.day.isoformat()} {weekday[0]}", weekday[1]),
        city=pair(report.city, report.city_en),
        flag=_flag(report, zone),
        blocks=(
            _head(report),
            *_stations(report, zone),
            Block("heading", title=("当日方案（最后批准的版本）", "Plans of the day, by their last approved version")),
            plan_table(report.plans, zone),
            Block("heading", title=("超时案件", "Cases over their deadline")),
            case_table(report.cases_late, zone, ("没有超时案件。", "No case was over its deadline.")),
            *_alarms(report.alarms, zone),
            _method(report, zone),
        ),
        created=to_micros(report.as_of) // 1_000_000,
    )


def _flag(report: DayReport, zone: ZoneInfo) -> Words:
    """What must be known before anything is read: that the figures may still move."""
    if report.closed_at is not None:
        return EMPTY
    until = f"未定稿：截至 {long_time(report.as_of, zone)}"
    if report.as_of < closes_at(report.day, report.zone):
        return f"{until}，次日 13:00 定稿。", "Not final: the edition is made at 13:00 of the next day."
    return f"{until}，当日没有定稿，可要求补制。", "Not final: no edition was made of this day; it can be asked for."


def _head(report: DayReport) -> Block:
    owed = sum(line.owed for line in report.stations)
    cleared = sum(line.cleared for line in report.stations)
    approved = [plan for plan in report.plans if plan.approved_at is not None]
    planned = sum(plan.distance_m for plan in approved if plan.service != "beats")
    salt, waste = sum(plan.salt_kg for plan in approved), sum(plan.waste_kg for plan in approved)
    facts: list[tuple[Words, Cell]] = [
        (("站点清运", "stations cleared"), f"{cleared} / {owed}" if owed else "—"),
        (("清运率", "share cleared"), share(cleared, owed)),
        (("新收案件（反映）", "new cases (reports)"), f"{report.cases_received} ({report.reports_received})"),
        (("结案 / 未结 / 超时", "closed / open / late"), _three(report)),
        (("车辆计划里程", "vehicles, planned"), f"{km(planned)} km"),
        (("车辆实际里程", "vehicles, driven"), f"{km(sum(plan.driven_m for plan in report.plans))} km"),
        (("计划清运量 / 用盐", "waste / salt planned"), f"{waste / 1000:,.1f} / {salt / 1000:,.1f} t"),
        (("任务单发出 / 交回", "sheets issued / back"), f"{report.sheets_issued} / {report.sheets_handed_back}"),
    ]
    return Block("facts", facts=tuple(facts), large=True)


def _three(report: DayReport) -> str:
    return f"{report.cases_closed} / {report.cases_open} / {len(report.cases_late)}"


def _stations(report: DayReport, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            name_of(line.district),
            str(line.owed),
            str(line.cleared),
            str(line.missed),
            str(line.owed - line.cleared - line.missed),
            str(line.overflowed),
            share(line.cleared, line.owed),
        )
        for line in report.stations
    ]
    blocks = [
        Block("heading", title=("站点清运", "Clearance of stations")),
        Block(
            "table",
            columns=(
                ("片区", "District"),
                ("应清运", "Owed"),
                ("已清运", "Cleared"),
                ("未清运", "Missed"),
                ("待清运", "Open"),
                ("满溢", "Overflowed"),
                ("完成", "Done"),
            ),
            widths=("2fr", "1fr", "1fr", "1fr", "1fr", "1fr", "1fr"),
            align="lrrrrrr",
            rows=tuple(rows),
            empty=("当日没有应清运的站点。", "No station was due that day."),
        ),
    ]
    if sum(report.cleared_by_hour):
        title = ("每小时清运的站点数", "Stations cleared in each hour of the day")
        blocks.append(Block("chart", title=title, svg=charts.hours(report.cleared_by_hour)))
    missed: list[tuple[Cell, ...]] = [
        (
            name_of(line.station),
            pair(line.name, line.name_en),
            name_of(line.district),
            moment_time(line.overflow_at, zone) if line.overflow_at is not None else "—",
        )
        for line in report.not_cleared
    ]
    if missed:
        blocks.append(
            Block(
                "table",
                columns=(("站点", "Station"), ("名称", "Name"), ("片区", "District"), ("满溢", "Overflow")),
                widths=("1fr", "3fr", "1fr", "1fr"),
                align="lllr",
                rows=tuple(missed[:ROWS_LIMIT]),
                left_out=max(0, len(missed) - ROWS_LIMIT),
            )
        )
    return blocks


def _alarms(alarms: tuple[AlarmLine, ...], zone: ZoneInfo) -> list[Block]:
    return [
        Block("heading", title=("当日报警", "Alarms of the day")),
        alarm_table(alarms, zone, ("没有报警。", "There was no alarm.")),
    ]


def alarm_table(alarms: tuple[AlarmLine, ...], zone: ZoneInfo, empty: Words) -> Block:
    """Alarms with their openings and closings."""
    rows: list[tuple[Cell, ...]] = [
        (
            moment_time(alarm.opened_at, zone),
            str(alarm.priority),
            words_of(words.ALARMS, alarm.kind),
            name_of(alarm.key),
            _standing(alarm, zone),
        )
        for alarm in alarms
    ]
    return Block(
        "table",
        columns=(
            ("时间", "Opened"),
            ("级别", "Priority"),
            ("报警", "Alarm"),
            ("对象", "Of"),
            ("解除 / 状态", "Closed, or state"),
        ),
        widths=("1fr", "0.7fr", "2.2fr", "2.2fr", "1.8fr"),
        align="lclll",
        rows=tuple(rows[:ROWS_LIMIT]),
        left_out=max(0, len(rows) - ROWS_LIMIT),
        empty=empty,
    )


def _standing(alarm: AlarmLine, zone: ZoneInfo) -> Cell:
    """How an alarm stands: its state while it is open, when it closed otherwise."""
    if not alarm.state:
        return moment_time(alarm.closed_at, zone) if alarm.closed_at is not None else "—"
    zh, en = words_of(words.ALARM_STATES, alarm.state)
    if alarm.shelved_until is None:
        return zh, en
    return f"{zh}至 {moment_time(alarm.shelved_until, zone)}：{printable(alarm.reason, 120)}", en


def _method(report: DayReport, zone: ZoneInfo) -> Block:
    zh, en = _made(report, zone)
    return Block(
        "note",
        title=(
            "站点、案件和报警按当日 24:00 的状态统计；里程取自轨迹匹配的通行记录；清运量和用盐量为批准方案的计划量。"
            + zh,
            "Stations, cases and alarms stand as at 24:00 of the day; kilometres driven are matched tracks; waste and "
            "salt are what the approved plans call for." + en,
        ),
    )


def _made(report: DayReport, zone: ZoneInfo) -> Words:
    """When the edition was made, and for whom where it was later than its time."""
    if report.closed_at is None:
        return EMPTY
    made = long_time(report.closed_at, zone)
    if not report.asked_by:
        return f"本版于 {made} 定稿，此后不变。", f" This edition was made at {made} and does not change."
    who = name_of(report.asked_by)
    return (
        f"本版由 {who} 要求，于 {made} 补制定稿，按当时已存数据，此后不变。",
        f" This edition was made late, at {made}, asked for by {who}: it has what was stored then and does not change.",
    )
