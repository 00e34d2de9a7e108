"""The content hash that names a street network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from models.tables.city import Segment, TurnRestriction


def network_hash(segments: Iterable[Segment], restrictions: Iterable[TurnRestriction]) -> str:
    """SHA-256 over all columns of all segments and turn restrictions, by id: any change gives another hash."""
    digest = hashlib.sha256()
    for rows in (segments, restrictions):
        for row in sorted(rows, key=lambda item: item.id):
            line = json.dumps(row.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            digest.update(line.encode() + b"\n")
        digest.update(b"\x00")
    return digest.hexdigest()
