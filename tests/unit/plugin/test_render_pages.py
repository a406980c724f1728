"""The templates: what they say, that nothing foreign gets out of its place in them, and how long a long one takes."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from browser.samples import NASTY, SHA, filled, pages, verdict_page
from jinja2 import UndefinedError
from phasegate_plugin.pages import views
from phasegate_plugin.pages.render import STYLE, environment
from support.harmless import faults, text_of

PAGES = pages()


def made(template: str, view: object) -> str:
    return environment().get_template(template).render(page=view, style=STYLE)


@pytest.mark.parametrize("name", PAGES)
def test_no_page_holds_anything_that_runs_loads_or_breaks_out(name):
    assert faults(made(*PAGES[name]), page=True) == []


@pytest.mark.parametrize("name", PAGES)
def test_headings_go_down_one_level_at_a_time_from_one_title(name):
    levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", made(*PAGES[name]))]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)) or name.startswith("file-")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith(("run", "verdict", "task", "file"))])
def test_the_title_says_whose_page_it_is(name):
    title = made(*PAGES[name]).partition("<title>")[2].partition("</title>")[0]
    assert "orders_mart · manual__1 · Phasegate" in title


def test_ids_are_unique_and_labels_lead_to_them():
    for name, page in PAGES.items():
        html = made(*page)
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), name
        assert set(re.findall(r'aria-labelledby="([^"]+)"', html)) <= set(ids), name


@pytest.mark.parametrize(
    ("word", "says"), [("PASSED", "✓ PASSED"), ("FAILED", "✗ FAILED"), ("INVALID", "✗ INVALID"), ("NONE", "… not answered")]
)
def test_a_verdict_is_told_by_word_and_sign(word, says):
    html = made("verdict.html", verdict_page(word=word))
    assert says in text_of(html.partition('<div class="banner')[2])


def test_both_checklists_stand_in_the_order_they_were_given():
    html = made("verdict.html", verdict_page())
    assert [text_of(part.partition("</h3>")[0]) for part in html.partition('id="checklists"')[2].split("<h3>")[1:]] == [
        "Mission control",
        "Phase enforcement",
    ]
    assert text_of(html).count("holds") == 4
    assert text_of(html).count("✗ fails") == 2


def test_the_stylesheet_is_small_loads_nothing_and_stands_in_the_page_as_it_is():
    assert len(STYLE.encode()) < 8_000
    assert not re.search(r"url\(|@import|@font-face|</|expression|http", STYLE)
    assert f"<style>{STYLE}</style>" in made(*PAGES["run"])


def test_a_name_that_is_not_given_is_a_mistake():
    with pytest.raises(UndefinedError):
        environment().from_string("{{ page.nothing.at_all }}").render(page=PAGES["run"][1])


def test_what_is_printed_is_visible_and_escaped():
    html = environment().from_string('<p title="{{ a }}">{{ a }} {{ 5000 | size }}</p>').render(a=NASTY)
    assert faults(html.replace(' title="', ' id="', 1)) == []
    assert "⟨U+202E⟩" in html
    assert "5.0 kB" in html


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3."""

    def light(colour: str) -> float:
        whole = colour.lstrip("#") if len(colour) == 7 else "".join(digit * 2 for digit in colour.lstrip("#"))
        parts = [int(whole[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((light(one), light(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1])
def test_all_colours_can_be_read_on_all_grounds(theme):
    sheet = re.findall(r":root\{(.*?)\}", STYLE)[theme]
    colours = dict(re.findall(r"--([a-z-]+):(#[0-9a-f]+)", sheet))
    for ink in ("ink", "soft", "link", "good", "bad", "wait"):
        for ground in ("ground", "card", "code"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    for mood in ("good", "bad", "wait"):
        assert contrast(colours[mood], colours[f"{mood}-g"]) >= 4.5, mood


def test_a_verdict_on_a_thousand_tasks_is_made_in_a_moment():
    one = filled(views.StatementView, task_id="validation/t", persona="@p", name="0001", digest=SHA, state="there", href="/x")
    view = replace(verdict_page(word="PASSED"), statements=(one,) * 1000)
    made("verdict.html", view)
    begun = time.process_time()
    made("verdict.html", view)
    assert time.process_time() - begun < 0.15
