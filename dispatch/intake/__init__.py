"""Files and bodies into events. Kind by content: CAP XML, event JSON lines, CSV with a known header.

A file as a whole is refused (`Refused`) when it is of no known kind, too large, or a bad alert. A line of a file is
never a reason to stop: it becomes a `BadLine`, and the others go on.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from dispatch.intake.cap import MAX_CAP_BYTES, parse_cap
from dispatch.intake.lines import json_line, line_of
from dispatch.intake.outcome import BadLine, check_event
from dispatch.intake.tables import csv_rows, find_table
from models.errors import Permanent, Refused
from models.events.base import Event

__all__ = ["BadLine", "check_event", "parse_body", "parse_cap", "parse_file"]

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_LINE_BYTES = 64 * 1024
MAX_BODY_BYTES = 1024 * 1024
"""Largest HTTP body; a gateway with more sends more than one."""
BOM = b"\xef\xbb\xbf"


def parse_file(path: Path, received_at: datetime) -> Iterator[Event | BadLine]:
    """Events and bad lines of a file, line by line. Raises Refused (no file, too large, unknown kind, bad alert)."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise Refused(
                "too_large", f"{path.name}: {size} bytes, the limit is {MAX_FILE_BYTES // 2**20} MB; split it"
            )
        with path.open("rb") as stream:
            yield from _parse_stream(stream, received_at, path.name)
    except OSError as error:
        raise Refused("no_file", f"{path}: {error.strerror or error}") from error


def parse_body(raw: bytes, content_type: str, received_at: datetime) -> list[Event | BadLine]:
    """Events and bad lines of an HTTP body. Raises Refused. A JSON object or array may span lines.

    `content_type` only decides between kinds that look alike (one pretty-printed JSON object, or JSON lines).
    """
    if len(raw) > MAX_BODY_BYTES:
        raise Refused("too_large", f"body of {len(raw)} bytes: the limit is {MAX_BODY_BYTES // 1024} kB")
    whole = raw.removeprefix(BOM).strip()
    if whole[:1] in (b"{", b"[") and "lines" not in content_type and "ndjson" not in content_type:
        try:
            body = json.loads(whole)
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, dict):
            return [json_line(whole, 1, received_at)]
        if isinstance(body, list):
            return [
                line_of(item, json.dumps(item).encode(), number, received_at)
                for number, item in enumerate(body, start=1)
            ]
    return list(_parse_stream(io.BytesIO(raw), received_at, "body"))


def _parse_stream(stream: BinaryIO, received_at: datetime, name: str) -> Iterator[Event | BadLine]:
    head = stream.read(MAX_LINE_BYTES).removeprefix(BOM)
    sign = head.lstrip()[:1]
    stream.seek(0)
    if _looks_like_xml(head):
        event = parse_cap(stream.read(MAX_CAP_BYTES + 1), received_at)
        try:
            check_event(event)
        except Permanent as error:
            stream.seek(0)
            raw = stream.read(MAX_CAP_BYTES)
            yield BadLine(0, raw, error.reason, error.text, "weather", event.source, event.id)
            return
        yield event
        return
    lines = _lines(stream)
    if sign == b"{":
        for number, raw in lines:
            if len(raw) > MAX_LINE_BYTES:
                yield _too_long(number, raw)
            elif raw.strip():
                yield json_line(raw.removeprefix(BOM).strip(), number, received_at)
        return
    table = find_table(next(lines, (0, b""))[1].removeprefix(BOM).decode("utf-8", "replace").rstrip("\r\n"))
    if table is None:
        raise Refused("unknown_kind", f"{name}: neither CAP XML, event JSON lines nor CSV with a header we know")
    for number, raw in lines:
        if len(raw) > MAX_LINE_BYTES:
            yield _too_long(number, raw)
        else:
            yield from csv_rows(*table, [(number, raw)], received_at)


def _looks_like_xml(head: bytes) -> bool:
    """UTF-8 XML begins with <; UTF-16 XML with its byte-order mark."""
    return head.lstrip()[:1] == b"<" or head[:2] in (b"\xff\xfe", b"\xfe\xff")


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number, bytes) of each line; of a line over the limit one byte more than the limit, the rest is skipped."""
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = raw
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE_BYTES + 1)
        yield number, raw


def _too_long(number: int, raw: bytes) -> BadLine:
    return BadLine(number, raw[:1024], "too_long", f"line {number}: longer than {MAX_LINE_BYTES // 1024} kB")
