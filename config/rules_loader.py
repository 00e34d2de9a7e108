"""Reads the rules: the packaged defaults, then a city's own TOML on top. All faults are listed at once."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from config.settings import fault_text
from dispatch.params import Rules
from models.errors import Refused


def load_rules(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Rules:
    """Rules from the defaults, a TOML file and overrides (nested dicts). Raises Refused listing every fault."""
    text = resources.files("config").joinpath("rules/default.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    if path is not None and path.exists():
        try:
            own = tomllib.loads(path.read_text(encoding="utf-8")).get("rules", {})
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused("bad_config", f"{path}: not TOML: {error}") from error
        if not isinstance(own, dict):
            raise Refused("bad_config", f"{path}: rules is a table, write [rules.snow] and the like")
        data = _merge(data, own)
    try:
        return Rules.model_validate(_merge(data, overrides or {}))
    except ValidationError as error:
        faults = "; ".join(fault_text(e, "rule", {}) for e in error.errors())
        raise Refused("bad_config", f"rules: {faults}; config/rules/default.toml has them all") from error


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged
