"""Functions behind `quarantine ...`."""

from __future__ import annotations

import json
from pathlib import Path

from models.times import iso
from streams import quarantine
from sweepline.running import open_system, run_until_idle, stored_already


def list_command(data: Path, as_json: bool) -> int:
    """What is held, oldest first."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            rows = [
                {"id": r.id, "at": iso(r.at), "group": r.group, "event": f"{r.source} {r.event_id}".strip()}
                | {"reason": r.reason, "text": r.text, "attempts": r.attempts}
                for r in quarantine.list_held(session)
            ]
    finally:
        system.close()
    if as_json:
        print(json.dumps({"quarantine": rows}, ensure_ascii=False))
        return 0
    if not rows:
        print("nothing is held")
        return 0
    for row in rows:
        print("  ".join(str(row[key]) for key in ("id", "at", "group", "event") if row[key]))
        print(f"    {row['reason']}: {row['text']}")
    return 0


def show_command(data: Path, id_: str) -> int:
    """One held message with its raw bytes."""
    system = open_system(data)
    try:
        with system.database.read() as session:
            row = quarantine.get_held(session, id_)
    finally:
        system.close()
    print("  ".join(part for part in (row.id, iso(row.at), row.group, row.topic, row.state) if part))
    print(f"{row.reason}: {row.text} (attempts: {row.attempts})")
    print(row.raw.decode("utf-8", "backslashreplace")[:4000])
    return 0


def replay_command(data: Path, id_: str, actor: str) -> int:
    """Send a held message through again."""
    system = open_system(data)
    try:
        topic = quarantine.replay(system.database, id_, system.clock(), actor)
        with stored_already():
            run_until_idle(system)
    finally:
        system.close()
    print(f"{id_} sent through {topic} again; `sweepline quarantine list` shows whether it is held once more")
    return 0


def drop_command(data: Path, id_: str, actor: str) -> int:
    """Give a held message up."""
    system = open_system(data)
    try:
        quarantine.drop(system.database, id_, system.clock(), actor)
    finally:
        system.close()
    print(f"{id_} given up")
    return 0
