"""`sweepline schema`."""

from __future__ import annotations

import json

from models.events.registry import PAYLOADS


def schema_command() -> int:
    """JSON Schemas of every event type and version."""
    schemas = {f"{type_}/{version}": model.model_json_schema() for (type_, version), model in sorted(PAYLOADS.items())}
    print(json.dumps(schemas, ensure_ascii=False, indent=1))
    return 0
