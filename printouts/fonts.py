"""The fonts of all paper: Noto Sans SC (variable weight), with TC and JP behind it for characters it lacks.

They come with the dependency justmytype-intl-cjk (OFL); Typst reads the variable files as they are.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

FAMILIES = ("Noto Sans SC", "Noto Sans TC", "Noto Sans JP")
_FOLDERS = ("notosanssc", "notosanstc", "notosansjp")


def font_folders() -> list[Path]:
    """The folders Typst is given. Raises FileNotFoundError when the font package is incomplete."""
    base = Path(str(files("justmytype_intl_cjk"))) / "fonts" / "ofl"
    folders = [base / name for name in _FOLDERS]
    for folder in folders:
        if not any(folder.glob("*.ttf")):
            raise FileNotFoundError(f"no font in {folder}: reinstall justmytype-intl-cjk")
    return folders


@lru_cache(maxsize=1)
def covered_code_points() -> frozenset[int]:
    """Every code point one of the fonts has a glyph for."""
    from fontTools.ttLib import TTFont

    covered: set[int] = set()
    for folder in font_folders():
        for path in sorted(folder.glob("*.ttf")):
            with TTFont(path, lazy=True) as font:
                covered.update(font.getBestCmap())
    return frozenset(covered)
