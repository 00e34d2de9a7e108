from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from printouts.fonts import covered_code_points
from printouts.text import TEXT_LIMIT, name_of, printable


@settings(deadline=None)
@given(st.text(max_size=400))
def test_every_sign_left_has_a_glyph_and_none_controls(text: str) -> None:
    line = printable(text)
    for sign in line.replace("\u200b", ""):
        assert ord(sign) in covered_code_points()
        assert not unicodedata.category(sign).startswith("C")


@settings(deadline=None)
@given(st.text(max_size=5_000), st.integers(2, 3_000))
def test_never_longer_than_the_limit(text: str, limit: int) -> None:
    assert len(printable(text, limit).replace("\u200b", "")) <= min(limit, TEXT_LIMIT)


def test_markup_stays_as_it_is() -> None:
    assert printable('#read("/etc") *b* $x$ <a>') == '#read("/etc") *b* $x$ <a>'


def test_what_has_no_glyph_is_spelled_out() -> None:
    assert printable("好😀") == "好[GRINNING FACE]"
    assert printable("\U000e0001a\u202e\x00b") == "a b"


def test_rare_names_are_kept() -> None:
    assert name_of("䶮堃㛃𠮷骉彧") == "䶮堃㛃𠮷骉彧"


def test_a_megabyte_is_cut_before_anything_looks_at_it() -> None:
    line = printable("x" * 1_000_000)
    assert line.endswith("…") and len(line.replace("\u200b", "")) == TEXT_LIMIT


def test_long_runs_may_be_broken() -> None:
    assert "\u200b" in printable("A" * 60)
