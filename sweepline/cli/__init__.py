"""The command line. Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 70 internal, 75 try again later."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Any

import typer

from models.errors import Refused, Stale, Unavailable
from sweepline.cli import city, db, plan, quarantine, report, root, sheet, user
from sweepline.logs import set_up_logging

DONE, NO, BAD, INTERNAL, LATER, INTERRUPTED = 0, 1, 2, 70, 75, 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Sanitation operations and dispatch: from a snow warning to printed, driven, proven routes.",
)
app.add_typer(root.app)
for name, group in (
    ("city", city),
    ("plan", plan),
    ("quarantine", quarantine),
    ("user", user),
    ("db", db),
    ("sheet", sheet),
    ("report", report),
):
    app.add_typer(group.app, name=name)


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; errors become one line on standard error. Returns the documented exit code."""
    try:
        return int(app(args=list(arguments), prog_name="sweepline", standalone_mode=False) or DONE)
    except Stale as error:
        return _say(error.text, NO)
    except Refused as error:
        return _say(error.text, BAD)
    except Unavailable as error:
        return _say(f"{error}; try again later", LATER)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _usage(error) if hasattr(error, "format_message") else _broken(error)


def main() -> None:
    """Entry point."""
    set_up_logging("error")
    sys.exit(run(sys.argv[1:]))


def _usage(error: Any) -> int:
    """A usage error of the command line parser: a group without a command shows its help, all else is one line."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return BAD
    path = error.ctx.command_path if getattr(error, "ctx", None) is not None else "sweepline"
    return _say(f"{error.format_message().rstrip('.')}; see `{path} --help`", BAD)


def _broken(error: Exception) -> int:
    """Nothing that was foreseen: where it happened, for those who mend it, then the one line."""
    traceback.print_exception(error)
    return _say(f"internal: {type(error).__name__}: {error}", INTERNAL)


def _say(text: str, code: int) -> int:
    print(f"sweepline: {' '.join(text.split())}", file=sys.stderr)
    return code
