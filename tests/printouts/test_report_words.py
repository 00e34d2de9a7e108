"""Words and tables of reports: what audit and tables can say has words, and lines of a timeline are rightly joined."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.reports.timeline import together
from dispatch.reports.values import Moment
from printouts.reports.blocks import timeline_blocks
from printouts.reports.charts import Series, steps
from printouts.reports.tables import Table, csv_of
from printouts.reports.words import share

NOON = datetime(2023, 12, 18, 4, tzinfo=UTC)
ZONE = "Asia/Shanghai"


def moment(minutes: float, code: str, *refs: str, actor: str = "chief", note: str = "") -> Moment:
    return Moment(at=after(minutes), code=code, actor=actor, refs=refs, note=note)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def test_the_same_act_within_ten_minutes_is_one_line_and_stages_never_are() -> None:
    lines = together(
        [
            moment(0, "plan.approved", "S-20231218-D02-N@2"),
            moment(9, "plan.approved", "S-20231218-D01-N@10"),
            moment(9, "plan.approved", "P-20231218-D01-N@1"),
            moment(9, "plan.approved", "S-20231218-D03-N@2", actor="policy:self_start"),
            moment(11, "plan.approved", "S-20231218-D04-N@2"),
            moment(1, "stage.done", "pretreat"),
            moment(2, "stage.done", "plough"),
        ]
    )
    assert [(line.code, line.count, line.refs[0]) for line in lines] == [
        ("plan.approved", 2, "S-20231218-D01-N@10"),
        ("stage.done", 1, "pretreat"),
        ("stage.done", 1, "plough"),
        ("plan.approved", 1, "P-20231218-D01-N@1"),
        ("plan.approved", 1, "S-20231218-D03-N@2"),
        ("plan.approved", 1, "S-20231218-D04-N@2"),
    ]


def test_of_several_versions_the_newest_is_named_and_what_is_alike_once() -> None:
    refs = ("S-20231218-D01-N@10", "S-20231218-D01-N@9", "S-20231218-D02-N@1")
    (_, table) = timeline_blocks([moment(0, "plan.proposed", *refs)], ZoneInfo(ZONE))
    assert table.rows[0][2] == "S-20231218-D01-N@10, D02@1"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1"])
def test_text_that_begins_like_a_formula_is_marked_in_csv(text: str) -> None:
    content = csv_of(Table("t", ("表", "table"), ("name", "metres"), ((text, -5),)), ZONE).decode("utf-8-sig")
    assert f"'{text}" in content
    assert content.rstrip().endswith(",-5"), "a number stays one"


def test_a_hundred_per_cent_is_said_only_of_all() -> None:
    assert [share(*pair).replace("\u202f", "") for pair in ((999, 1000), (1000, 1000), (0, 5), (0, 0))] == [
        "99%",
        "100%",
        "0%",
        "—",
    ]


def test_a_step_chart_ends_where_its_sum_ends() -> None:
    half = Series("main", 400.0, ((after(30), 100.0), (after(60), 100.0)))
    svg = steps([half], NOON, after(120), [(after(60), "onset")], ZoneInfo(ZONE))
    top, height, left, wide = 30.0, 135.0, 46.0, 740.0 - 46.0 - 176.0
    assert f"H{left + wide / 4:.1f}V{top + height * 0.75:.1f}" in svg
    assert f"H{left + wide / 2:.1f}V{top + height * 0.5:.1f}H{left + wide:.1f}" in svg
