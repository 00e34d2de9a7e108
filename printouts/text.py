"""Text that strangers wrote, made fit for paper: capped, one line, no control signs, no missing glyph."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from printouts.fonts import covered_code_points

TEXT_LIMIT = 2_000
"""Characters of any one text that reach the typesetter: a megabyte of it hangs the compiler."""
NAME_LIMIT = 60
"""Characters of a name (street, station, person): more does not fit a row."""
REMARK_LIMIT = 240
"""Characters of a report's text on a row."""
_RUN_LIMIT = 24
_RUN = re.compile(rf"[!-~]{{{_RUN_LIMIT}}}(?=[!-~])")


def printable(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text as one line of at most `limit` characters that all have a glyph.

    Control, format (bidirectional marks among them) and private signs become spaces; a sign the fonts lack, such as
    an emoji, is written out by its name: [GRINNING FACE]. Long unbroken runs may be broken (zero-width space).
    """
    limit = min(limit, TEXT_LIMIT)
    covered = covered_code_points()
    clean = unicodedata.normalize("NFC", text[: limit * 2])
    signs: list[str] = []
    for sign in clean:
        category = unicodedata.category(sign)
        if category.startswith(("C", "Z")):
            signs.append(" ")
        elif ord(sign) in covered:
            signs.append(sign)
        elif not (category.startswith("M") or 0xFE00 <= ord(sign) <= 0xFE0F):
            signs.append(_spelled(sign))
    line = " ".join("".join(signs).split())
    if len(line) > limit or len(text) > limit * 2:
        line = line[: limit - 1].rstrip() + "…"
    return _RUN.sub(lambda match: match.group() + "\u200b", line)


def _spelled(sign: str) -> str:
    name = unicodedata.name(sign, "")
    if not name or name.startswith("CJK"):
        return f"[U+{ord(sign):04X}]"
    return f"[{name}]"


def name_of(text: str) -> str:
    """A name, capped at NAME_LIMIT."""
    return _short_name(text[: NAME_LIMIT * 2 + 1])


@lru_cache(maxsize=20_000)
def _short_name(text: str) -> str:
    """The same streets stand on every sheet of a district."""
    return printable(text, NAME_LIMIT)
