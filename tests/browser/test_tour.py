"""The first look round: once a browser, in the way of nothing, in both languages, again from the help."""

from __future__ import annotations

import pytest

from tests.browser.conftest import OpenTab

pytestmark = pytest.mark.browser

CARD = ".tour"
PART = "document.querySelector('[data-toured]')?.id"


def test_it_shows_each_part_once_and_comes_back_from_the_help(open_tab: OpenTab) -> None:
    tab = open_tab(new=True)
    tab.sign_in()
    page = tab.page
    seen = []
    while page.is_visible(CARD):
        seen.append(page.evaluate(PART))
        assert tab.violations() == []
        page.click(f"{CARD} .primary")
    assert seen == ["map-box", "tabs", "degree", "self-start", "search", "help"]
    assert page.evaluate(PART) is None
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert not page.is_visible(CARD), "seen once is seen"
    page.keyboard.press("?")
    page.click("#help-dialog button:not(.primary)")
    assert page.is_visible(CARD)
    page.keyboard.press("l")
    assert page.inner_text(f"{CARD} h2") == "The map"
    assert tab.faults == []


def test_keys_work_beside_it_and_escape_ends_it(open_tab: OpenTab) -> None:
    tab = open_tab(new=True)
    tab.sign_in()
    page = tab.page
    page.keyboard.press("]")
    assert page.is_visible(CARD)
    page.focus(f"{CARD} .primary")
    page.keyboard.press("Enter")
    assert page.evaluate(PART) == "tabs"
    page.keyboard.press("Escape")
    assert not page.is_visible(CARD)
    page.reload()
    page.wait_for_selector("html[data-ready=true]")
    assert not page.is_visible(CARD)


def test_a_phone_is_not_covered_by_it(open_tab: OpenTab) -> None:
    tab = open_tab(width=390, height=844, new=True)
    tab.sign_in()
    assert not tab.page.is_visible(CARD)
