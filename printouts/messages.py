"""The words of all paper, Chinese first, English second. Codes come from the tables and route documents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from models.times import parse_time
from printouts.text import name_of, printable
from printouts.values import Words

TITLES: dict[str, Words] = {
    "salting": ("撒盐路线单", "Salting route"),
    "ploughing": ("除雪路线单", "Ploughing route"),
    "beats": ("人工清雪任务单", "Hand-clearing beats"),
    "collection": ("清运路线单", "Collection route"),
    "sweeping": ("清扫路线单", "Sweeping route"),
    "washing": ("冲洗路线单", "Washing route"),
    "watering": ("洒水路线单", "Watering route"),
    "spots": ("点位处置单", "Spot jobs"),
}
ORDERS: dict[str, Words] = {
    "salting": ("撒盐出车总单", "Order of salting"),
    "ploughing": ("除雪出车总单", "Order of ploughing"),
    "beats": ("清雪派工总单", "Order of beats"),
    "collection": ("清运出车总单", "Order of collection"),
    "sweeping": ("清扫出车总单", "Order of sweeping"),
    "washing": ("冲洗出车总单", "Order of washing"),
    "watering": ("洒水出车总单", "Order of watering"),
    "spots": ("点位派工总单", "Order of spot jobs"),
}
WORK: dict[str, Words] = {
    "salting": ("撒盐", "salt"),
    "ploughing": ("推雪", "plough"),
    "beats": ("清雪", "clear"),
    "collection": ("清运", "collect"),
    "sweeping": ("清扫", "sweep"),
    "washing": ("冲洗", "wash"),
    "watering": ("洒水", "water"),
}
VEHICLES: dict[str, Words] = {
    "spreader": ("撒布车", "spreader"),
    "plough": ("推雪车", "plough"),
    "combi": ("推雪撒布车", "plough and spreader"),
    "compactor": ("压缩车", "compactor"),
    "sweeper": ("清扫车", "sweeper"),
    "water": ("洒水车", "water truck"),
    "": ("步行班组", "crew on foot"),
}
ROLES: dict[str, Words] = {
    "driver": ("驾驶员", "driver"),
    "loader": ("装卸工", "loader"),
    "sweeper": ("环卫工", "sweeper"),
    "supervisor": ("班长", "supervisor"),
}
FACILITY_WORK: dict[str, Words] = {
    "load_salt": ("装盐", "Load salt"),
    "unload": ("卸料", "Unload"),
    "fill_water": ("加水", "Fill water"),
    "": ("到场", "Call at"),
}
FACILITIES: dict[str, Words] = {
    "depot": ("车场", "depot"),
    "salt_store": ("盐库", "salt store"),
    "transfer": ("中转站", "transfer station"),
    "hydrant": ("取水点", "hydrant"),
    "snow_dump": ("弃雪场", "snow dump"),
}
BEATS: dict[str, Words] = {
    "crossing": ("路口四角、斑马线、盲道", "four corners, zebra, tactile strip"),
    "bridge": ("桥面两侧边缘", "deck edges, both sides"),
}
PRIORITIES: dict[str, Words] = {
    "bridge": ("含桥坡", "bridge/ramp"),
    "urgent": ("紧急", "urgent"),
    "case": ("投诉", "complaint"),
    "case_urgent": ("投诉·紧急", "complaint, urgent"),
    "case_low": ("投诉", "complaint"),
}
STREAMS: dict[str, Words] = {
    "food": ("厨余", "food"),
    "residual": ("其他", "residual"),
    "recyclable": ("可回收", "recyclable"),
    "hazardous": ("有害", "hazardous"),
    "mixed": ("混合", "mixed"),
}
SNOW_TOOLS: tuple[Words, ...] = (
    ("雪铲", "shovels"),
    ("推雪板", "snow pushers"),
    ("扫帚", "brooms"),
    ("融雪剂", "de-icer"),
    ("草垫", "straw mats"),
    ("警示服", "hi-vis vests"),
)
CASE_KINDS: dict[str, Words] = {
    "overflow": ("桶满冒溢", "overflowing bin"),
    "litter": ("散落垃圾", "litter"),
    "debris": ("大件、建筑垃圾", "debris"),
    "ice": ("路面结冰", "ice on the road"),
    "snow": ("积雪未清", "snow not cleared"),
    "oily": ("油污", "oil on the road"),
    "other": ("其他", "other"),
}
WEEKDAYS: tuple[Words, ...] = (
    ("星期一", "Monday"),
    ("星期二", "Tuesday"),
    ("星期三", "Wednesday"),
    ("星期四", "Thursday"),
    ("星期五", "Friday"),
    ("星期六", "Saturday"),
    ("星期日", "Sunday"),
)
SPREAD_ROWS: dict[str, Words] = {
    "light_snow_forecast": ("预报小雪", "light snow forecast"),
    "heavy_snow_forecast": ("预报中到大雪", "moderate or heavy snow forecast"),
    "freezing_rain_forecast": ("预报冻雨", "freezing rain forecast"),
    "ice_formed": ("路面已结冰", "ice has formed"),
    "frost_mild": ("路温高于 -2 ℃", "frost, road above -2 °C"),
    "frost_wet": ("路湿，路温 -2 至 -5 ℃", "frost on wet road, -2 to -5 °C"),
    "frost_wet_hard": ("路湿，路温低于 -5 ℃", "frost on wet road, below -5 °C"),
    "frost_forecast": ("预报霜冻", "frost forecast"),
}
NOTES: dict[str, Words] = {
    "road_temperature_unknown": (
        "无路面温度：按预警现象取用量。",
        "Road temperature unknown: rate taken from the warned phenomenon.",
    ),
    "snow_depth_unknown": ("未预报雪深：按大雪取用量。", "No depth forecast: rate for heavy snow taken."),
    "fallback": ("备用方案。", "Fallback plan."),
}
UNNAMED: Words = ("无名路", "unnamed street")


def words_of(table: dict[str, Words], code: str) -> Words:
    """The words of a code; an unknown code stands for itself."""
    found = table.get(code)
    return found if found is not None else (name_of(code), "")


def weekday_words(day: date) -> Words:
    """The day of the week."""
    return WEEKDAYS[day.weekday()]


def clock(value: datetime, zone: ZoneInfo, first_day: date) -> str:
    """Local HH:MM, with +1 (days) behind it when that is not the sheet's first day."""
    local = value.astimezone(zone)
    days = (local.date() - first_day).days
    return f"{local:%H:%M}" + (f" +{days}" if days > 0 else "")


def note_words(note: dict[str, Any], zone: ZoneInfo) -> Words:
    """A version's note in words. A code nobody knows is printed with its values, literally."""
    code = str(note.get("code", ""))
    if code in ("onset", "onset_assumed") and "onset" in note:
        when = parse_time(str(note["onset"])).astimezone(zone)
        text = f"{when.month}月{when.day}日 {when:%H:%M}"
        if code == "onset_assumed":
            return f"降雪起始时间按推定：{text}", f"Onset assumed: {when:%d %b %H:%M} (the warning gave none)"
        return f"预计开始降雪：{text}", f"Onset expected: {when:%d %b %H:%M}"
    if code == "rate" and "g_m2" in note:
        zh, en = words_of(SPREAD_ROWS, str(note.get("row", "")))
        passes = int(note.get("passes", 1))
        times_zh, times_en = (f"，共 {passes} 遍", f" × {passes} runs") if passes > 1 else ("", "")
        reason = printable(str(note.get("reason", "")), 120)
        tail = f"（{reason}）" if reason else ""
        return f"用量 {note['g_m2']} g/m²{times_zh}：{zh}{tail}", f"Rate {note['g_m2']} g/m²{times_en}: {en or zh}"
    if code in NOTES:
        return NOTES[code]
    values = ", ".join(f"{key}={value}" for key, value in sorted(note.items()) if key != "code")
    return printable(f"{code}: {values}" if values else code, 200), ""
