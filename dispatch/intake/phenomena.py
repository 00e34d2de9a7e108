"""Which phenomenon a warning speaks of: tables of words and event codes, in the languages of the feeds we know.

Words are looked for before codes, because they are more exact: North American feeds send freezing rain under the
SAME code of a winter storm. Order matters: the first row that fits wins. Extend the tables, not the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Phenomenon = Literal["snow", "ice", "freezing_rain", "frost", "other"]

WORDS: tuple[tuple[Phenomenon, str], ...] = (
    ("freezing_rain", r"冻雨|freezing (?:rain|drizzle)|ice storm|(?:pluie|bruine) vergla[cç]ante|gefrierender regen"),
    ("snow", r"暴雪|大雪|中雪|小雪|降雪|雨雪|冰雪|雪灾|暴风雪|snow|blizzard|winter (?:storm|weather)"),
    ("snow", r"\bneige|blizzard|temp[eê]te hivernale|schneefall|schneeverwehung"),
    ("ice", r"道路结冰|路面结冰|结冰|冰冻|\b(?:black )?ic(?:e|ing|y)\b|flash freeze|verglas|glatteis|gl[aä]tte"),
    ("frost", r"霜冻|霜|\bfrost|\bgel[eé]e"),
)
"""(phenomenon, regular expression over lower-case text). Chinese, English, French, German."""

CODES: dict[str, Phenomenon] = {
    "11B04": "snow",  # 暴雪, GB/T 35965.1 event types
    "11B21": "ice",  # 道路结冰
    "WSW": "snow",  # SAME: winter storm warning and watch, blizzard, snow squall
    "WSA": "snow",
    "BZW": "snow",
    "SQW": "snow",
    "ISW": "freezing_rain",  # SAME-style code of an ice storm
    "ZRW": "freezing_rain",
}

_COMPILED = tuple((phenomenon, re.compile(words)) for phenomenon, words in WORDS)


def phenomenon_of(texts: Iterable[str], codes: Iterable[str]) -> Phenomenon:
    """The phenomenon of an event's names (`texts`, most telling first) and its bare code values."""
    for text in texts:
        lower = text.lower()
        for phenomenon, words in _COMPILED:
            if words.search(lower):
                return phenomenon
    for code in codes:
        if code.upper() in CODES:
            return CODES[code.upper()]
    return "other"
