"""The words of reports, Chinese first, English second. Codes come from tables and audit."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from printouts.text import name_of
from printouts.values import Words

PHENOMENA: dict[str, Words] = {
    "snow": ("降雪", "Snow"),
    "ice": ("道路结冰", "Road ice"),
    "freezing_rain": ("冻雨", "Freezing rain"),
    "frost": ("霜冻", "Frost"),
}
SEVERITIES: dict[str, Words] = {
    "Extreme": ("红色", "red"),
    "Severe": ("橙色", "orange"),
    "Moderate": ("黄色", "yellow"),
    "Minor": ("蓝色", "blue"),
    "Unknown": ("未定级", "level unknown"),
}
SERVICES: dict[str, Words] = {
    "salting": ("撒盐", "salting"),
    "ploughing": ("推雪", "ploughing"),
    "beats": ("人工清雪", "hand clearing"),
    "collection": ("垃圾收运", "collection"),
    "sweeping": ("清扫", "sweeping"),
    "washing": ("冲洗", "washing"),
    "watering": ("洒水", "watering"),
    "spots": ("定点作业", "spot jobs"),
}
STAGES: dict[str, Words] = {
    "pretreat": ("预撒盐", "pretreat"),
    "plough": ("推雪", "plough"),
    "muster": ("全员出动", "muster"),
    "mop_up": ("收尾", "mop-up"),
}
STAGE_STATES: dict[str, Words] = {
    "waiting": ("等待", "waiting"),
    "planned": ("已排", "planned"),
    "running": ("进行中", "running"),
    "done": ("完成", "done"),
    "closed": ("已关闭", "closed"),
}
PLAN_STATES: dict[str, Words] = {
    "draft": ("草稿", "draft"),
    "proposed": ("待批准", "proposed"),
    "approved": ("已批准", "approved"),
    "active": ("执行中", "active"),
    "superseded": ("已替换", "superseded"),
    "closed": ("已结束", "closed"),
}
PRIORITIES: dict[str, Words] = {
    "bridge": ("桥梁、匝道", "bridges, ramps"),
    "main": ("主干道", "main"),
    "secondary": ("次干道", "secondary"),
    "lane": ("街巷", "lanes"),
}
REASONS: dict[str, Words] = {
    "street_out": ("道路封闭", "street closed"),
    "partly": ("只完成部分遍数", "some runs only"),
    "capacity": ("车辆载量不足", "not enough capacity"),
    "time": ("时间不够", "not enough time"),
    "skill": ("没有合适车辆", "no fitting vehicle"),
    "reachability": ("无法到达", "out of reach"),
    "window": ("超出时限", "outside its window"),
    "prize": ("不值得绕行", "not worth the way"),
    "open": ("未列入方案", "in no plan"),
    "planned": ("已列入，未见作业", "planned, not seen done"),
    "started": ("已开始，未完成", "begun, not finished"),
    "missed": ("期内未见完成", "not seen done in its time"),
    "cancelled": ("已取消", "cancelled"),
}
CASE_STATES: dict[str, Words] = {
    "reported": ("已受理", "reported"),
    "dispatched": ("已派", "dispatched"),
    "in_progress": ("处理中", "in progress"),
    "closed": ("已结案", "closed"),
    "cancelled": ("已撤销", "cancelled"),
    "merged": ("已并案", "merged"),
}
ALARMS: dict[str, Words] = {
    "untold": ("改线未告知", "change of route not told"),
    "self_start_stopped": ("自动启动已停止，方案等待批准", "self-start stopped, a plan waits"),
    "station_missed": ("站点当日未清运", "station not cleared on its day"),
    "plan_failed": ("规划失败", "planning failed"),
    "stand_down": ("建议撤回", "stand down proposed"),
    "fallback_old": ("备用方案过期", "fallback plan too old"),
    "bundle_late": ("任务单包未更新", "bundle is behind an approval"),
    "vehicle_silent": ("车辆失联", "vehicle silent on its route"),
    "case_overdue": ("案件超期", "case past its deadline"),
    "device_floods": ("设备发送过多", "device sends too much"),
}
ALARM_STATES: dict[str, Words] = {
    "open": ("未处理", "open"),
    "acknowledged": ("已确认", "acknowledged"),
    "shelved": ("搁置", "shelved"),
    "closed": ("已解除", "closed"),
}
RESOURCES: dict[str, Words] = {
    "vehicle": ("车辆", "vehicle"),
    "crew": ("班组", "crew"),
    "facility": ("设施", "facility"),
    "street": ("道路", "street"),
}
STATUSES: dict[str, Words] = {"out": ("停用", "out"), "limited": ("受限", "limited"), "back": ("恢复", "back")}
MOMENTS: dict[str, Words] = {
    "alert.stored": ("收到预警", "Alert received"),
    "response.opened": ("启动响应", "Response opened"),
    "response.rate": ("用量改定", "Rate changed"),
    "response.closed": ("响应终止", "Response closed"),
    "stage.waiting": ("阶段待命", "Stage waits"),
    "stage.planned": ("阶段列入计划", "Stage planned"),
    "stage.moved": ("阶段改期", "Stage moved"),
    "stage.running": ("阶段开始", "Stage begins"),
    "stage.done": ("阶段完成", "Stage done"),
    "plan.proposed": ("方案提出", "Plan proposed"),
    "plan.approved": ("方案批准", "Plan approved"),
    "plan.active": ("方案生效", "Plan active"),
    "plan.closed": ("方案结束", "Plan closed"),
    "plan.failed": ("规划失败", "Planning failed"),
    "plan.undo": ("申请撤回", "Undo asked for"),
    "route.changed": ("路线变更", "Route changed"),
    "route.told": ("变更已通知", "Change told"),
    "sheet.issued": ("任务单发出", "Sheets issued"),
    "sheet.handed_back": ("任务单交回", "Sheets handed back"),
    "sheet.ticked": ("点位打勾", "Stops ticked"),
    "alarm.opened": ("报警", "Alarm"),
    "alarm.acknowledged": ("报警确认", "Alarm acknowledged"),
    "alarm.shelved": ("报警搁置", "Alarm shelved"),
    "alarm.unshelved": ("报警恢复", "Alarm back from the shelf"),
    "alarm.closed": ("报警解除", "Alarm closed"),
    "resource.out": ("停用", "Out of service"),
    "resource.limited": ("受限", "Limited"),
    "resource.back": ("恢复", "Back in service"),
    "self_start.stopped": ("停止自动启动", "Self-start stopped"),
    "self_start.released": ("恢复自动启动", "Self-start released"),
}
NOTES: dict[str, Words] = {
    "self_start": ("可自动启动", "may start by itself"),
    "infeasible": ("核验不通过", "failed its check"),
    "nobody decided in time": ("无人及时决定", "nobody decided in time"),
    "radio": ("对讲", "radio"),
    "phone": ("电话", "phone"),
    "in person": ("当面", "in person"),
}
ACTORS: dict[str, Words] = {
    "policy:self_start": ("自动启动", "self-start"),
    "policy:insertion": ("小改动规则", "small change rule"),
}
SELF_START: dict[str, Words] = {
    "": ("待命", "armed"),
    "self_start_off": ("未启用", "off"),
    "not_actual": ("非实际预警", "not an actual alert"),
    "stopped_by_key": ("已按键停止", "stopped by key"),
    "expired": ("预警已过期", "alert expired"),
    "received_late": ("收到过晚", "received late"),
    "replay": ("回放", "replay"),
}
NONE: Words = ("无", "none")


def actor_words(actor: str) -> Words:
    """Who did it: a policy, the system, or a person by name."""
    if actor in ACTORS:
        return ACTORS[actor]
    return ("系统", "system") if actor.startswith("system:") else (name_of(actor), "")


def moment_time(at: datetime, zone: ZoneInfo) -> str:
    """Local MM-DD HH:MM: a storm runs over midnight."""
    return f"{at.astimezone(zone):%m-%d %H:%M}"


def long_time(at: datetime | None, zone: ZoneInfo) -> str:
    """Local YYYY-MM-DD HH:MM, a dash for none."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}" if at is not None else "—"


def km(metres: float) -> str:
    """Kilometres with one decimal."""
    return f"{metres / 1000:,.1f}"


def share(part: float, whole: float) -> str:
    """A percentage, never 100 before all of it is done; a dash of nothing."""
    if whole <= 0:
        return "—"
    return f"{min(100 if part >= whole else 99, round(100 * part / whole))}\u202f%"


def both(*parts: Words, between: str = " · ") -> Words:
    """Several words as one."""
    found = [part for part in parts if part != ("", "")]
    return between.join(zh for zh, _ in found), between.join(en or zh for zh, en in found)
