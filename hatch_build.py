"""Build hook: the console's browser libraries are fetched when the package is built and go into it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before a wheel is made; editable installs fetch nothing (`python -m console.vendor` does)."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch unless there, and name the folder as an artifact, since git ignores it."""
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root)))
        try:
            from console.vendor import ensure
        finally:
            sys.path.pop(0)
        ensure()
        build_data["artifacts"].append("/console/static/vendor/")
