"""The day plan by crew as paper: for the wall where the crews come together."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dispatch.reports.values import CrewDay, CrewRoute
from models.times import to_micros
from printouts.data import pair
from printouts.messages import clock, weekday_words, words_of
from printouts.reports import words
from printouts.reports.values import Block, Cell, ReportData
from printouts.reports.words import both, km
from printouts.text import name_of
from printouts.values import EMPTY

PROPOSED = ("未批准", "not approved")


def crews_paper(report: CrewDay) -> ReportData:
    """Who goes out when, with what, for what."""
    zone = ZoneInfo(report.zone)
    weekday = weekday_words(report.day)
    waiting = sum(route.state in ("draft", "proposed") for route in report.routes)
    flag = (f"尚未批准的路线：{waiting}", f"routes not approved yet: {waiting}") if waiting else EMPTY
    return ReportData(
        code=report.day.isoformat(),
        title=("班组日计划", "Day plan by crew"),
        subtitle=(f"{report.day} {weekday[0]}", f"{report.day}, {weekday[1]}"),
        city=pair(report.city, report.city_en),
        flag=flag,
        blocks=(
            Block(
                "facts",
                facts=(
                    (("班组", "crews out"), str(len({route.crew for route in report.routes}))),
                    (("路线", "routes"), str(len(report.routes))),
                    (("最早出发", "first out"), _first_out(report, zone)),
                    (("无任务班组", "crews without work"), str(len(report.free))),
                ),
                large=True,
            ),
            Block("heading", title=("谁、何时、做什么", "Who, when, what")),
            Block(
                "table",
                columns=(
                    ("班组", "Crew"),
                    ("车辆", "Vehicle"),
                    ("驾驶员 电话", "Driver, phone"),
                    ("时间", "From, to"),
                    ("作业", "Service"),
                    ("片区", "District"),
                    ("点数", "Stops"),
                    ("里程 km", "km"),
                    ("单号", "Sheet"),
                ),
                widths=("1.5fr", "1.3fr", "1.5fr", "1.2fr", "1.4fr", "0.8fr", "0.6fr", "0.8fr", "1.2fr"),
                align="llllllrrl",
                rows=_rows(report, zone),
                empty=("这一天没有路线。", "No route starts on this day."),
            ),
            *_free(report),
        ),
        created=to_micros(report.newest_at) // 1_000_000,
    )


def _rows(report: CrewDay, zone: ZoneInfo) -> tuple[tuple[Cell, ...], ...]:
    """A crew's name stands at its first route only."""
    rows, before = [], ""
    for route in report.routes:
        name = pair(route.crew_name, route.crew_name_en) if route.crew != before else ""
        rows.append((name, *_route(route, report, zone)))
        before = route.crew
    return tuple(rows)


def _route(route: CrewRoute, report: CrewDay, zone: ZoneInfo) -> tuple[Cell, ...]:
    service = words_of(words.SERVICES, route.service)
    return (
        name_of(route.plate or route.vehicle) or ("步行", "on foot"),
        f"{name_of(route.driver) or '＿＿＿＿'}\n{name_of(route.phone)}".strip(),
        f"{clock(route.start_at, zone, report.day)}–{clock(route.end_at, zone, report.day)}",
        both(service, PROPOSED) if route.state in ("draft", "proposed") else service,
        name_of(route.district),
        str(route.stops),
        km(route.distance_m),
        f"{route.sheet[:4]} {route.sheet[4:]}",
    )


def _first_out(report: CrewDay, zone: ZoneInfo) -> str:
    starts = [route.start_at for route in report.routes]
    return clock(min(starts), zone, report.day) if starts else "—"


def _free(report: CrewDay) -> list[Block]:
    rows: list[tuple[Cell, ...]] = [
        (pair(crew.name, crew.name_en), name_of(crew.district), name_of(crew.shift)) for crew in report.free
    ]
    return [
        Block("heading", title=("没有路线的班组", "Crews without a route")),
        Block(
            "table",
            columns=(("班组", "Crew"), ("片区", "District"), ("班次", "Shift")),
            widths=("2fr", "1fr", "1fr"),
            align="lll",
            rows=tuple(rows),
            empty=words.NONE,
        ),
    ]
