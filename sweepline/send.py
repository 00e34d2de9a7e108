"""Functions behind `send` and `replay`."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from dispatch.intake import BadLine, parse_file
from models.errors import Refused, Unavailable
from models.events.base import Event, Receipt, dump_event
from models.times import iso
from streams.quarantine import list_held
from sweepline.clock import SimulatedClock
from sweepline.compose import Options, System, require_city
from sweepline.running import open_system, run_until_idle, runner_lease, stored_already

CHUNK = 500
WAIT_S = 60.0
HTTP_LIMIT_S = 30.0
SHOWN = 50
"""Receipts printed one by one; a longer list is counted."""


def send_command(files: Sequence[Path], data: Path | None, url: str, clock: str, no_wait: bool, as_json: bool) -> int:
    """Send files; 0 when all is stored (quarantined ones are counted), 2 when a file is refused."""
    if (data is None) == (not url):
        raise Refused("usage", "send: give either --data DIR or --url URL")
    receipts, refused = _over_http(files, url) if data is None else _into(files, data, clock, no_wait)
    _report(receipts, as_json)
    for receipt in receipts:
        if receipt.status == "refused":
            print(f"sweepline: {_refusal(receipt)}", file=sys.stderr)
    return 2 if refused else 0


def _refusal(receipt: Receipt) -> str:
    text = " ".join(receipt.text.split())
    return text if text.startswith(receipt.source) else f"{receipt.source}: {text}"


def _into(files: Sequence[Path], data: Path, clock: str, no_wait: bool) -> tuple[list[Receipt], int]:
    system = open_system(data, clock or None)
    receipts: list[Receipt] = []
    refused = 0
    try:
        require_city(system)
        for file in files:
            try:
                receipts += _take(system, file)
            except Refused as error:
                refused += 1
                receipts.append(Receipt(status="refused", source=str(file), reason=error.code, text=error.text))
        if not no_wait:
            with stored_already():
                if not run_until_idle(system):
                    _wait_for_other(system)
            receipts = _after(system, receipts)
    finally:
        system.close()
    return receipts, refused


def _after(system: System, receipts: list[Receipt]) -> list[Receipt]:
    """Receipts as they stand once everything has been read: what its recorder held back is quarantined."""
    with system.database.read() as session:
        held = {(row.source, row.event_id): row for row in list_held(session) if row.event_id}
    return [
        receipt.model_copy(update={"status": "quarantined", "reason": row.reason, "text": row.text})
        if receipt.status == "accepted" and (row := held.get((receipt.source, receipt.id))) is not None
        else receipt
        for receipt in receipts
    ]


def _take(system: System, file: Path) -> list[Receipt]:
    receipts: list[Receipt] = []
    chunk: list[Event | BadLine] = []
    for entry in parse_file(file, system.clock()):
        chunk.append(entry)
        if len(chunk) == CHUNK:
            receipts += system.take(chunk)
            chunk = []
    return receipts + (system.take(chunk) if chunk else [])


def _wait_for_other(system: System) -> None:
    """Another process runs the roles: wait until it has sent the outbox and read everything."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        if all(system.driver.lag(r.group, r.topics) == 0 for r in system.recorders()):
            return
        time.sleep(0.2)
    print("sweepline: stored; the running system has not taken it in yet and will", file=sys.stderr)


def _over_http(files: Sequence[Path], url: str) -> tuple[list[Receipt], int]:
    receipts: list[Receipt] = []
    refused = 0
    for file in files:
        if not file.is_file():
            raise Refused("no_file", f"{file}: no such file")
        body = file.read_bytes()
        xml = body.lstrip()[:1] == b"<"
        path, kind = ("/api/alerts", "application/xml") if xml else ("/api/events", "application/x-ndjson")
        try:
            answer = httpx.post(
                url.rstrip("/") + path, content=body, headers={"content-type": kind}, timeout=HTTP_LIMIT_S
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"{url}: {error}") from error
        if answer.status_code in (202, 200, 422):
            rows = answer.json()
            rows = rows.get("receipts", rows) if isinstance(rows, dict) else rows
            receipts += [Receipt.model_validate(row) for row in rows]
        elif answer.status_code == 503:
            raise Unavailable(f"{url}: the system cannot take telemetry now")
        else:
            refused += 1
            text = str(answer.json().get("detail", answer.status_code))
            receipts.append(Receipt(status="refused", source=str(file), reason=str(answer.status_code), text=text))
    return receipts, refused


def _report(receipts: Sequence[Receipt], as_json: bool) -> None:
    counts = Counter(receipt.status for receipt in receipts)
    if as_json:
        body = {"counts": dict(counts), "receipts": [r.model_dump(mode="json", exclude_none=True) for r in receipts]}
        print(json.dumps(body, ensure_ascii=False))
        return
    told = [receipt for receipt in receipts if receipt.status != "refused"]
    for receipt in told[:SHOWN]:
        what = [f"{receipt.source} {receipt.id}".strip()]
        if receipt.reason:
            what.append(f"{receipt.reason}: {receipt.text}")
        if receipt.status == "duplicate" and receipt.received_at is not None:
            what.append(f"first received {iso(receipt.received_at)}")
        print(f"{receipt.status:<12}{'  '.join(part for part in what if part)}")
    if len(told) > SHOWN:
        print(f"... and {len(told) - SHOWN} more")
    print("  ".join(f"{status}: {count}" for status, count in sorted(counts.items())) or "nothing in the files")
    if counts["quarantined"]:
        print("look at what is held with `sweepline quarantine list`")


def replay_command(events: Path, data: Path, speed: float, as_json: bool) -> int:
    """Play events at their own `received_at`; plans are made, nothing starts by itself."""
    entries = _timed(events)
    parsed = sorted((e for e in entries if isinstance(e, Event)), key=lambda entry: entry.received_at)
    bad = [entry for entry in entries if not isinstance(entry, Event)]
    if not parsed:
        raise Refused("no_events", f"{events}: no event in it that can be read")
    clock = SimulatedClock(parsed[0].received_at)
    system = System(data, Options(clock=clock, replay=True, latency=False, iterations=None))
    receipts: list[Receipt] = []
    try:
        require_city(system)
        with runner_lease(system) as generation, Progress(console=Console(file=sys.stderr), transient=True) as bar:
            if generation is None:
                raise Unavailable(f"{data}: another process runs here; stop it first")
            task = bar.add_task("replay", total=len(parsed))
            for event in parsed:
                if speed > 0:
                    time.sleep(max(0.0, (event.received_at - clock()).total_seconds() / speed))
                clock.move_to(max(clock(), event.received_at))
                receipts += system.take([event])
                system.settle(clock())
                bar.advance(task)
            receipts = _after(system, receipts + system.take(bad))
    finally:
        system.close()
    _report(receipts, as_json)
    return 0


def _timed(path: Path) -> list[Event | BadLine]:
    """The lines of a file, each event received when it occurred."""
    far = datetime(9000, 1, 1, tzinfo=UTC)
    return [_at_its_time(entry, far) for entry in parse_file(path, far)]


def _at_its_time(entry: Event | BadLine, far: datetime) -> Event | BadLine:
    if not isinstance(entry, Event):
        return entry
    if entry.occurred_at >= far:
        return BadLine(0, dump_event(entry), "no_time", "a recorded event needs occurred_at, it has no time of its own")
    return entry.model_copy(update={"received_at": entry.occurred_at})
