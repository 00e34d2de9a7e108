"""Ids. Internal ids are UUIDv7 derived from the deciding instant and a name, so the same log gives the same ids."""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from models.times import to_micros

SHEET_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs without 0, O, I, 1: read aloud and typed without doubt."""


def derive_id(now: datetime, *names: object) -> str:
    """UUIDv7 (RFC 9562) whose 74 free bits are a hash of `names` instead of random: unique by name, ordered by time."""
    digest = int.from_bytes(hashlib.sha256("\x1f".join(map(str, names)).encode()).digest()[:10], "big")
    millis = to_micros(now) // 1000
    rand_a = (digest >> 62) & 0xFFF
    rand_b = digest & ((1 << 62) - 1)
    return str(UUID(int=(millis << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b))


SHEET_PREFIX = "SL1:"
"""What a sheet's QR code says before its code: Sweepline, first version."""


def sheet_code(route_hash: str) -> str:
    """The 8-character code of a sheet, from the hash of its route."""
    value = int.from_bytes(hashlib.sha256(b"sheet" + route_hash.encode()).digest()[:5], "big")
    return "".join(SHEET_ALPHABET[(value >> (5 * i)) & 31] for i in range(8))


def stop_payload(code: str, n: int) -> str:
    """What the QR code beside a stop says: its sheet and number. Fits the smallest code there is (version 1-Q)."""
    return f"{SHEET_PREFIX}{code}/{n}"


def read_sheet_code(text: str) -> str:
    """The code in what was scanned (`SL1:` and the code) or typed: spaces, dashes and small letters are forgiven."""
    return read_scan(text)[0]


def read_scan(text: str) -> tuple[str, int]:
    """The sheet's code and the number of the stop in what was scanned or typed; 0 where it names no stop."""
    sheet, _, stop = text.strip().upper().removeprefix(SHEET_PREFIX).partition("/")
    number = int(stop) if stop.isascii() and stop.isdigit() and len(stop) < 5 else 0
    return "".join(sheet.replace("-", " ").split()), number


def case_number(city_code: str, day: date, serial: int) -> str:
    """What people call a case: city code, local day, serial of the day, as 321084-20231218-00017."""
    return f"{city_code}-{day:%Y%m%d}-{serial:05d}"


def plan_code(service: str, day: date, district: str, shift: str) -> str:
    """What people call a plan, as S-20231218-D01-N; versions are written @n behind it."""
    letter = {"salting": "S", "ploughing": "P", "beats": "B", "collection": "C"}.get(service, service[:2].upper())
    return f"{letter}-{day:%Y%m%d}-{district}-{shift}"


def content_hash(text: str | bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_hash(data: Any) -> str:
    """SHA-256 of plain JSON data, whatever the order of its keys."""
    return content_hash(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
