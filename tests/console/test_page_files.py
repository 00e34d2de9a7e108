"""The page's own files: catalogues alike and complete, no markup from text, nothing from elsewhere, small modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "console" / "static"
MODULES = sorted((STATIC / "js").glob("*.js"))
KEY = re.compile(r'"([\w./?]+)":\s*"((?:[^"\\]|\\.)*)"')
LINE_LIMIT = 300
SVG_NAME = "http://www.w3.org/2000/svg"
"""A name, never asked for."""


def catalogue(language: str) -> dict[str, str]:
    found = KEY.findall((STATIC / "i18n" / f"{language}.js").read_text())
    assert len(found) == len({key for key, _ in found}), "a key stands twice"
    return dict(found)


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    zh, en = catalogue("zh"), catalogue("en")
    assert zh.keys() == en.keys()
    for key, text in zh.items():
        assert text.strip(), key
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", en[key])), key


def test_every_key_the_page_uses_is_in_the_catalogue() -> None:
    known = catalogue("zh").keys()
    sources = [path.read_text() for path in MODULES] + [(STATIC / "index.html").read_text()]
    used = {key for text in sources for key in re.findall(r'\bt\("([^"]+)"', text)}
    used |= {key for text in sources for key in re.findall(r'data-t(?:-label|-title|-placeholder)?="([^"]+)"', text)}
    assert used - known == set()
    families = {prefix for text in sources for prefix in re.findall(r"\bt\(`([\w.]+)\.\$", text)}
    families |= {prefix for text in sources for prefix in re.findall(r'\bword\("(\w+)"', text)}
    assert {family for family in families if not any(key.startswith(family + ".") for key in known)} == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_modules_are_small_and_never_turn_text_into_markup(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= LINE_LIMIT
    for banned in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "setHTML("):
        assert banned not in text


def test_the_page_asks_nothing_of_another_host() -> None:
    for path in [*MODULES, STATIC / "index.html", *(STATIC / "css").glob("*.css")]:
        assert re.findall(r"(?:https?:)?//[a-z]+\.[a-z]", path.read_text().replace(SVG_NAME, "")) == [], path.name


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


PAIRS = [
    ("text", "ground"), ("text", "surface"), ("text", "raised"), ("dim", "ground"), ("dim", "surface"),
    ("dim", "raised"),
    ("dim", "info-ground"), ("accent-text", "accent"), ("good", "good-ground"), ("warn", "warn-ground"),
    ("bad", "bad-ground"), ("info", "info-ground"), ("good", "surface"), ("bad", "surface"), ("text", "info-ground"),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["day", "night"])
@pytest.mark.parametrize(("front", "back"), PAIRS)
def test_text_has_wcag_aa_contrast(theme: str, front: str, back: str) -> None:
    css = (STATIC / "css" / "base.css").read_text()
    block = css[css.index(":root {" if theme == "day" else ':root[data-theme="night"]') :].split("}")[0]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_every_key_of_the_page_is_in_its_help() -> None:
    text = (STATIC / "js" / "keys.js").read_text()
    actions = text[text.index("const actions = {") : text.index("addEventListener")]
    keys = set(re.findall(r'(?:^|[\s,{])"?([a-z0-9/?\[\]]|Escape)"?: ', actions))
    listed = re.findall(r'"([^"]+)"', text[text.index("const HELP = [") :].split("]; ")[0].split(";\n")[0])
    shown = {"Escape" if key == "Esc" else key for entry in listed for key in entry.split(" ")}
    assert len(keys) > 10
    assert keys == shown
