"""What `plan diff` says: how two versions of a plan differ, in sentences or as one document."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from dispatch.differences import difference_doc, version_difference
from models.errors import Refused
from sweepline.plans import find_version
from sweepline.printing import counted
from sweepline.running import open_system

STOPS_SAID = 40
"""Stops written out; `--json` has all."""
WHAT = {
    "moved": "on another vehicle",
    "reordered": "in another order",
    "turned": "driven the other way",
    "added": "asked for since",
    "newly_served": "left out before",
    "dropped": "no longer served",
}
STATES = {"new": "has a route now", "gone": "has no route any more", "same": "same stops at other times"}


def diff_command(data: Path, old: str, new: str, as_json: bool) -> int:
    """What changed between two versions: each vehicle or crew, then each stop that is elsewhere."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            before, after = find_version(session, old), find_version(session, new)
            if before.plan != after.plan:
                raise Refused("usage", f"{before.id} and {after.id} are versions of two plans: compare two of one")
            document = difference_doc(version_difference(session, before, after))
    finally:
        system.close()
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return 0
    for line in difference_lines(document):
        print(line)
    return 0


def difference_lines(document: dict[str, Any]) -> list[str]:
    """The difference in sentences."""
    if not document["changes"]:
        return ["no route changed"]
    lines = [change_text(change) for change in document["changes"]]
    counts = Counter(stop["what"] for stop in document["stops"])
    said = [f"{counted(counts[what], 'stop')} {words}" for what, words in WHAT.items() if counts[what]]
    lines.append(f"in all: {_more(document['added_s'], document['added_m'])}" + "".join(f", {one}" for one in said))
    if document["cost_before"] is not None:
        lines.append(f"cost {document['cost_before']} -> {document['cost_after']}")
    if document["started_changed"]:
        lines.append(f"{counted(document['started_changed'], 'started stop')} moved")
    lines += [_stop_text(stop) for stop in document["stops"][:STOPS_SAID]]
    if len(document["stops"]) > STOPS_SAID:
        lines.append(f"  and {len(document['stops']) - STOPS_SAID} more; --json has all")
    return lines


def change_text(change: dict[str, Any]) -> str:
    """One vehicle's or crew's change in a sentence."""
    if change["state"] in STATES:
        what = STATES[change["state"]]
    else:
        keys = ("added", "dropped", "reordered", "turned")
        what = ", ".join(f"{change[key]} {key}" for key in keys if change[key]) + " stops"
    since = f", from stop {change['from_stop']} on" if change["state"] == "changed" else ""
    names = f": {', '.join(name for name in change['names'] if name)}" if any(change["names"]) else ""
    stops = f"{change['stops_before']} -> {change['stops_after']} stops"
    return f"{change['who']}: {what}{since}; {stops}, {_more(change['added_s'], change['added_m'])}{names}"


def _more(seconds: int, metres: int) -> str:
    return f"{round(seconds / 60):+d} min, {metres / 1000:+.1f} km"


def _stop_text(stop: dict[str, Any]) -> str:
    run = f" (run {stop['run']})" if stop["run"] > 1 else ""
    ways = [
        f"{stop[who]} stop {stop[number]}" for who, number in (("from_", "from_stop"), ("to", "to_stop")) if stop[who]
    ]
    return f"  {stop['name'] or stop['work_item']}{run}: {WHAT[stop['what']]}: {' -> '.join(ways)}"
