"""Every page, in light and dark, wide and narrow: what axe says of it, what it loads, what it runs, how it is walked through by keyboard."""

from __future__ import annotations

import pytest

from browser.chromium import Page
from browser.samples import pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_nothing_serious_is_found_nothing_is_loaded_or_run_and_nothing_is_wider_than_a_telephone(page: Page, site: str, name: str) -> None:
    page.look(theme="light")
    page.visit(f"{site}/{name}.html")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.violations() == []
    page.look(theme="dark")
    assert page.violations() == []
    page.look(width=360, height=740)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert [url for url in page.requested() if not url.startswith(("data:image/", f"{site}/{name}.html", f"{site}/favicon.ico"))] == []
    assert [text for text in page.complaints() if "404" not in text] == []  # the browser asks for an icon
    assert page.evaluate("document.scripts.length + document.querySelectorAll('iframe,object,embed,form,svg,[style]').length") == 0


def test_axe_sees_what_is_wrong(page: Page, site: str) -> None:
    page.look()
    page.visit(f"{site}/run.html")
    page.evaluate(
        "document.querySelector('h1').style.color = '#ddd'; document.querySelector('main').append(document.createElement('button'))"
    )
    assert [one.split(": ")[1] for one in page.violations()] == ["button-name", "color-contrast"]


def test_the_keyboard_skips_to_the_content_first(page: Page, site: str) -> None:
    page.look()
    page.visit(f"{site}/verdict.html")
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_every_link_is_reached_by_tab_and_its_focus_is_seen(page: Page, site: str) -> None:
    page.look()
    page.visit(f"{site}/task.html")
    reached = []
    for _ in range(page.evaluate("document.querySelectorAll('a[href]').length") + 40):
        page.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        reached.append(page.evaluate("document.activeElement.tagName + ' ' + getComputedStyle(document.activeElement).outlineStyle"))
    assert reached.count("A solid") == page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(one => one.checkVisibility()).length"
    )
    assert all(one.endswith(" solid") for one in reached)


def test_light_and_dark_differ_and_print_is_black_on_white(page: Page, site: str) -> None:
    grounds = []
    for theme, media in (("light", ""), ("dark", ""), ("dark", "print")):
        page.look(theme=theme, media=media)
        page.visit(f"{site}/run.html")
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    page.look()
    assert grounds == ["rgb(251, 251, 250)", "rgb(20, 23, 26)", "rgb(255, 255, 255)"]
