"""One table of settings: name, default, help. Read from DIR/sweepline.toml and SWEEPLINE_* variables, the latter first.

Unknown keys and bad values refuse to start, all faults listed in one line.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import Refused

ENV_PREFIX = "SWEEPLINE_"
FOREIGN = ("SWEEPLINE_SHARED", "SWEEPLINE_TEST_", "SWEEPLINE_KAFKA_", "SWEEPLINE_PG_")
"""Variables of that prefix that are not settings: test inputs, and the local services of docker/local."""


class Settings(BaseModel):
    """What an installation sets. Rules (spread rates, deadlines, thresholds) are the `[rules]` table of the TOML."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = Field("", description="database; empty: SQLite file sweepline.db in DIR")
    database_owner_url: str = Field(
        "", description="the same database as the role that owns its tables, for `db upgrade`; empty: database_url"
    )
    position_days: int = Field(35, description="days positions are kept; what they proved is kept for good", ge=8)
    ballast_mb: int = Field(
        64, description="size of the file given up when DIR's disk is full, so that commands go on; 0: none", ge=0
    )
    broker: str = Field("sqlite", description="sqlite, or kafka://host:port", pattern=r"^(sqlite|kafka://[^/]+)$")
    topic_prefix: str = Field("", description="put before every topic and group name, for several cities on one broker")
    host: str = Field("127.0.0.1", description="address the console listens on")
    port: int = Field(8020, description="port the console listens on", ge=0, le=65535)
    metrics_host: str = Field("127.0.0.1", description="address a worker's metrics are served on")
    metrics_port: int = Field(
        0,
        description="port a worker's metrics are served on; 0: none (the console serves /metrics itself)",
        ge=0,
        le=65535,
    )
    otlp_endpoint: str = Field(
        "", description="where spans go, OTLP over HTTP, as http://collector:4318/v1/traces; empty: nowhere"
    )
    seed: int = Field(1, description="seed of the solvers")
    solver_processes: int = Field(2, description="solver children at a time; 0: solve in this process", ge=0, le=64)
    solver_iterations: int = Field(
        0, description="iterations of a solve, so that results do not depend on the machine; 0: by time", ge=0
    )
    log_level: str = Field(
        "warning", description="debug, info, warning or error", pattern="^(debug|info|warning|error)$"
    )


def load_settings(data_dir: Path | None, environ: dict[str, str] | None = None) -> Settings:
    """Settings of a data directory. Raises Refused naming every fault."""
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    if data_dir is not None and (data_dir / "sweepline.toml").exists():
        path = data_dir / "sweepline.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Refused("bad_config", f"{path}: not TOML: {error}") from error
        values.pop("rules", None)
    for key, value in (os.environ if environ is None else environ).items():
        if key.startswith(ENV_PREFIX) and not key.startswith(FOREIGN):
            name = key.removeprefix(ENV_PREFIX).lower()
            values[name], names[name] = value, key
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(fault_text(e, "setting", names) for e in error.errors())
        raise Refused("bad_config", f"settings: {faults}; docs/REFERENCE.md lists them") from error


def fault_text(fault: Any, noun: str, names: Mapping[str, str]) -> str:
    """One fault of a validation in words; `names` says where a top-level key was read."""
    path = ".".join(map(str, fault["loc"]))
    where = names.get(path, path)
    if fault["type"] == "extra_forbidden":
        return f"{where}: no such {noun}"
    if fault["type"] == "missing":
        return f"{where}: is missing"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}, got {str(fault['input'])[:40]!r}"


def database_url(settings: Settings, data_dir: Path) -> str:
    """The database to open."""
    return settings.database_url or f"sqlite:///{data_dir / 'sweepline.db'}"
