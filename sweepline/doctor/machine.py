"""Probes of the machine: settings, data directory, disk, and the libraries and fonts that are loaded only when used."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.rules_loader import load_rules
from config.settings import Settings, load_settings
from models.errors import Refused
from printouts.fonts import font_folders
from sweepline.doctor.finding import Finding, fault

LOW_DISK_MB = 512
"""Less than this, and the ballast twice over, is nearly full."""
LIBRARIES = {
    "typst": "no sheets can be typeset",
    "ortools.sat.python.cp_model": "no plans can be improved",
    "pyvrp": "collection is planned without its specialist",
    "numba": "street plans cannot be made",
}
"""What is loaded only when used, and what goes wrong without it."""
LIBRARIES_S = 60.0
_LOADER = """
import importlib, sys
for name in sys.argv[1:]:
    print(name, end=" ", flush=True)
    try:
        importlib.import_module(name)
        print(flush=True)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


def settings_of(data: Path) -> tuple[Settings | None, list[Finding]]:
    """The settings, or None and what is wrong with them; the rules as well."""
    try:
        settings = load_settings(data if data.is_dir() else None)
        load_rules(data / "sweepline.toml")
    except Refused as error:
        return None, [fault("settings", error.text)]
    return settings, [Finding("settings", True, f"broker {settings.broker}")]


def directory(data: Path) -> list[Finding]:
    """Whether DIR is there and can be written."""
    if not data.is_dir():
        return [fault("directory", f"{data} is not there; `sweepline city import --data {data}` makes it")]
    try:
        with tempfile.NamedTemporaryFile(dir=data, prefix=".doctor-"):
            pass
    except OSError as error:
        return [fault("directory", f"{data} cannot be written ({error.strerror}); give it to the account this runs as")]
    return [Finding("directory", True, str(data))]


def disk(data: Path, settings: Settings | None) -> list[Finding]:
    """Whether the disk of DIR has room."""
    place = os.statvfs(data if data.exists() else data.resolve().parent)
    free_mb = place.f_bavail * place.f_frsize // (1024 * 1024)
    needed_mb = max(LOW_DISK_MB, 2 * settings.ballast_mb if settings is not None else 0)
    if free_mb < needed_mb:
        text = f"{free_mb} MB free at {data}, less than {needed_mb}: nearly full; make room, or move DIR"
        return [fault("disk", text)]
    return [Finding("disk", True, f"{free_mb} MB free")]


def fonts() -> list[Finding]:
    """Whether the fonts of all paper are there."""
    try:
        folders = font_folders()
    except (OSError, ModuleNotFoundError) as error:
        return [fault("fonts", f"{error}; install justmytype-intl-cjk again: sheets cannot be printed without")]
    return [Finding("fonts", True, f"{len(folders)} families")]


def libraries() -> list[Finding]:
    """Whether each library really loads, in a process of its own: a broken one may take its process down."""
    command = [sys.executable, "-P", "-c", _LOADER, *LIBRARIES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIBRARIES_S, check=False)
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    findings = []
    for name, without in LIBRARIES.items():
        why = said.get(name, "").strip() if done.returncode == 0 else f"its process ended with {done.returncode}"
        if name not in said:
            why = f"not reached, a process ended with {done.returncode} before"
        if why:
            text = f"{name.partition('.')[0]} does not load ({why}): {without}; install the locked requirements again"
            findings.append(fault("libraries", text))
    return findings or [Finding("libraries", True, f"{len(LIBRARIES)} load")]
