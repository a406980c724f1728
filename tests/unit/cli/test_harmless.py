"""Foreign text in a terminal and in Markdown is seen, and obeyed by nobody."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt
from support.harmless import faults, text_of

from dag_factory.cli.harmless import block, code, heading, row, visible

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
NASTY = [
    "plain", "`", "``", "a`b``c", " leads", "trails ", "\\", "a\\", "\\`", "a|b", "a\\|b", "\\|", "<script>alert(1)</script>", "<!-- ", "](http://x)",
    "![x](http://x/y.png)", "[a](javascript:x)", "# title", "- item", "| cell |", "@everyone", "fixes #1", "https://example.org", "&lt;b&gt;", "&#124;",
    "\x1b[2J", "\u202e", "a\u200bb", "\ud800", "~~~", "```\nout\n```", "*b* _i_", "1. one", "> quote", "a\rb", "a\u2028b", "\x00", "$x$", "[^1]: note",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY)
def test_code_in_a_cell_is_one_cell_of_code(text):
    html = MARKDOWN.render("\n".join([row("a", "b"), row("---", "---"), row(code(text), code("next"))]))
    assert faults(html) == []
    assert (html.count("<td>"), html.count("<code>"), html.count("</tr>")) == (2, 2, 2), html
    assert visible(text).replace("|", "⟨U+007C⟩").strip() in text_of(html)


@pytest.mark.parametrize("text", NASTY)
def test_code_in_a_line(text):
    html = MARKDOWN.render(f"It says {code(text)}, no more.")
    assert faults(html) == []
    assert html.count("<code>") == 1, html
    assert html.endswith(", no more.</p>\n")


@pytest.mark.parametrize("text", NASTY)
def test_a_block_holds_every_line_word_for_word(text):
    html = MARKDOWN.render("\n".join([*block(text), "", "after"]))
    assert faults(html) == []
    assert html.endswith("</code></pre>\n<p>after</p>\n"), html
    assert visible(text.strip("\n"), lines=True).strip() in text_of(html)


@pytest.mark.parametrize("text", NASTY)
def test_a_heading_is_a_heading_and_nothing_else(text):
    html = MARKDOWN.render(f"## {heading(text)}: PASSED")
    assert faults(html.replace("h2", "h3")) == []
    assert html.count("<h2>") == 1
    assert "<a" not in html
    assert "<img" not in html


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_what_is_empty_is_a_dash(text):
    assert code(text) == "–"
    assert row("", "b") == "| – | b |"


def test_words_stand_in_a_heading_as_they_are():
    assert heading("Validation, and documentation 3") == "Validation, and documentation 3"
    assert heading("a_b_c") == "`a_b_c`"


def test_lines_stay_where_they_are_wanted():
    assert visible("a\r\n\tb") == "a b"
    assert visible("a\r\n\tb\x1b", lines=True) == "a\n\tb⟨U+001B⟩"
