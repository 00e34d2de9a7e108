"""What machine a figure was measured on."""

from __future__ import annotations

import os
import platform
import sys
from typing import Any


def machine() -> dict[str, Any]:
    """Cores, Python, kernel and the load before the run: a busy machine's figures are upper bounds."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "load_1m": round(os.getloadavg()[0], 2),
        "command": " ".join(["python", "-m", *sys.orig_argv[2:]]),
    }
