"""The shift's handover as paper: what is open, the notes, the last takeovers, room to write, two signatures."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.reports.values import Handover
from dispatch.shifts import NOTE_LIMIT
from models.times import to_micros
from printouts.data import pair
from printouts.messages import words_of
from printouts.reports import words
from printouts.reports.blocks import case_table
from printouts.reports.day import alarm_table
from printouts.reports.values import Block, Cell, ReportData
from printouts.reports.words import both, moment_time
from printouts.text import name_of, printable
from printouts.values import EMPTY, Words

HASH_SIGNS = 12


def handover_paper(report: Handover) -> ReportData:
    """The open matters in words. Same matters, same paper."""
    zone = ZoneInfo(report.zone)
    at = f"{report.at.astimezone(zone):%Y-%m-%d %H:%M}"
    stopped = ("自动启动已停止，恢复前任何方案都不会自行启动。", "Self-start is stopped: no plan starts by itself.")
    return ReportData(
        code=at,
        title=("交接班单", "Shift handover"),
        subtitle=(f"截至 {at} 未了事项", f"what is open at {at}"),
        city=pair(report.city, report.city_en),
        flag=stopped if report.self_start_stopped else EMPTY,
        blocks=(
            Block("facts", facts=_counts(report), large=True),
            Block("heading", title=("未解除的报警", "Open alarms")),
            alarm_table(report.alarms, zone, words.NONE),
            *_waiting(report, zone),
            *_untold(report, zone),
            Block("heading", title=("超时或 4 小时内到期的案件", "Cases over their deadline or due within 4 hours")),
            case_table(report.cases, zone, words.NONE, report.at),
            *_out(report, zone),
            *_running(report, zone),
            *_notes(report, zone),
            *_takeovers(report, zone),
            Block("room", title=("补充说明", "More notes"), lines=4),
            Block("signatures", columns=(("交班人", "Handed over by"), ("接班人", "Taken over by"))),
        ),
        created=to_micros(report.at) // 1_000_000,
    )


def _counts(report: Handover) -> tuple[tuple[Words, Cell], ...]:
    late = sum(1 for case in report.cases if case.deadline < report.at)
    return (
        (("未解除报警", "open alarms"), str(len(report.alarms))),
        (("待批准方案", "plans waiting"), str(len(report.waiting))),
        (("未告知变更", "changes untold"), str(len(report.untold))),
        (("超时 / 将到期案件", "cases late / due soon"), f"{late} / {len(report.cases) - late}"),
    )


def _waiting(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name_of(plan.code)}@{plan.version}",
            words_of(words.SERVICES, plan.service),
            moment_time(plan.start_at, zone),
            moment_time(plan.created_at, zone),
            ("合格", "passed") if plan.feasible else ("不合格", "failed"),
            str(plan.unserved) if plan.unserved else "—",
            (f"现行 @{plan.live}", "in force") if plan.live else ("无现行版本", "none in force"),
        )
        for plan in report.waiting
    ]
    return [
        Block("heading", title=("等待批准的方案", "Plans waiting for approval")),
        Block(
            "table",
            columns=(
                ("方案", "Plan"),
                ("作业", "Service"),
                ("开始", "Starts"),
                ("提出", "Proposed"),
                ("核验", "Check"),
                ("未排入", "Left out"),
                ("现行", "In force"),
            ),
            widths=("2fr", "1.5fr", "1fr", "1fr", "1fr", "0.8fr", "1.7fr"),
            align="lllllrl",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]


def _untold(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            name_of(line.vehicle),
            name_of(line.driver) or "＿＿＿＿",
            name_of(line.phone) or "—",
            name_of(line.plan),
            moment_time(line.opened_at, zone),
            f"+{line.added} −{line.dropped}",
        )
        for line in report.untold
    ]
    return [
        Block("heading", title=("尚未告知的路线变更", "Changes of route not told yet")),
        Block(
            "table",
            columns=(
                ("车辆", "Vehicle"),
                ("驾驶员", "Driver"),
                ("电话", "Phone"),
                ("方案", "Plan"),
                ("变更于", "Changed at"),
                ("增 / 减", "Added, dropped"),
            ),
            widths=("1fr", "1.2fr", "1.2fr", "1.7fr", "1fr", "1fr"),
            align="lllllr",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]


def _out(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            words_of(words.RESOURCES, line.kind),
            name_of(f"{line.name} ({line.ref})" if line.name and line.name != line.ref else line.ref),
            words_of(words.STATUSES, line.status),
            _when(line.since, zone),
            _when(line.until, zone),
            printable(line.reason, 120),
        )
        for line in report.out
    ]
    return [
        Block("heading", title=("停用的车辆、班组、设施和道路", "Out of service")),
        Block(
            "table",
            columns=(
                ("类别", "Kind"),
                ("名称", "Name"),
                ("状态", "State"),
                ("自", "Since"),
                ("至", "Until"),
                ("原因", "Reason"),
            ),
            widths=("1fr", "1.6fr", "0.8fr", "1fr", "1fr", "2.2fr"),
            align="llllll",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]


def _when(at: datetime | None, zone: ZoneInfo) -> str:
    return moment_time(at, zone) if at is not None else "—"


def _running(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            f"{name_of(plan.code)}@{plan.version}",
            both(words_of(words.SERVICES, plan.service), words_of(words.PLAN_STATES, plan.state)),
            moment_time(plan.start_at, zone),
            moment_time(plan.end_at, zone),
            str(plan.routes),
            f"{plan.sheets_out} / {plan.sheets_back}",
        )
        for plan in report.running
    ]
    return [
        Block("heading", title=("已批准和执行中的方案", "Plans approved or running")),
        Block(
            "table",
            columns=(
                ("方案", "Plan"),
                ("作业、状态", "Service, state"),
                ("开始", "Starts"),
                ("结束", "Ends"),
                ("路线", "Routes"),
                ("单：在外 / 交回", "Sheets out, back"),
            ),
            widths=("1.8fr", "2fr", "1fr", "1fr", "0.8fr", "1.2fr"),
            align="llllrr",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]


def _notes(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (moment_time(note.at, zone), name_of(note.actor), printable(note.text, NOTE_LIMIT)) for note in report.notes
    ]
    return [
        Block("heading", title=("交班记录", "Notes of the shift")),
        Block(
            "table",
            columns=(("时间", "At"), ("记录人", "By"), ("内容", "Note")),
            widths=("21mm", "1fr", "5fr"),
            align="lll",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]


def _takeovers(report: Handover, zone: ZoneInfo) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (
            str(line.no),
            moment_time(line.at, zone),
            name_of(line.given_by) or "—",
            name_of(line.taken_by),
            str(line.open),
            line.open_hash[:HASH_SIGNS],
        )
        for line in report.takeovers
    ]
    return [
        Block("heading", title=("最近接班", "Last takeovers")),
        Block(
            "table",
            columns=(
                ("序号", "No."),
                ("时间", "At"),
                ("交班人", "Handed over by"),
                ("接班人", "Taken over by"),
                ("未了事项", "Open then"),
                ("校验码", "Their hash"),
            ),
            widths=("0.6fr", "21mm", "1.5fr", "1.5fr", "1fr", "1.2fr"),
            align="llllrl",
            rows=tuple(rows),
            empty=("还没有人在系统里接过班。", "Nobody has taken over in the system yet."),
        ),
    ]
