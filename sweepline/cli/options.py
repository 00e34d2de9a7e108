"""Options that many commands share."""

from __future__ import annotations

import getpass
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path, typer.Option("--data", help="data directory")]
Out = Annotated[Path, typer.Option("--out", help="folder the PDF files go to")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON document")]
ClockAt = Annotated[str, typer.Option("--clock", help="set the directory's clock, as 2013-01-24T21:30Z")]
Actor = Annotated[str, typer.Option("--as", help="who gives this command; default: the system user")]


class PaperSize(Enum):
    """Papers a sheet is printed on."""

    a4 = "a4"
    a3 = "a3"


def actor_or_user(actor: str) -> str:
    """The actor named, else the operating system's user."""
    return actor or f"os:{getpass.getuser()}"
