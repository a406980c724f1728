"""What others wrote, in a question to people, as markdown shows it."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from dag_factory.operators.wording import exact, plain, quoted


@pytest.mark.parametrize("name", ["check-failed:build/writer:note_check", "a\\b*c*[d](e)", "x|y"])
def test_between_backticks_it_stands_as_it_is(name):
    assert MarkdownIt().render(f"- `{exact(name)}`: text") == f"<ul>\n<li><code>{name}</code>: text</li>\n</ul>\n"


def test_between_backticks_nothing_gets_out():
    html = MarkdownIt("js-default").render(f"- `{exact('a` *b*' + chr(10) + '# c <b>')}`: text")
    assert html == "<ul>\n<li><code>a  *b* # c &lt;b&gt;</code>: text</li>\n</ul>\n"
    assert exact("x" * 9, 4) == "xxxx"


def test_elsewhere_it_is_no_markup():
    html = MarkdownIt("commonmark").render(f"- {plain('*a* [b](c) `d` note_check')}")
    assert html == "<ul>\n<li>*a* [b](c)  d  note_check</li>\n</ul>\n"


@pytest.mark.parametrize("address", ["https://evil.example/login", "www.evil.example", "eve@evil.example"])
def test_what_is_quoted_leads_nowhere(address):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"- {quoted(f'Approve at {address} ~~now~~')}: text")
    assert html == f"<ul>\n<li><code>Approve at {address} ~~now~~</code>: text</li>\n</ul>\n"


@pytest.mark.parametrize("show", [exact, plain, quoted])
def test_what_turns_the_direction_of_writing_is_spelled_out(show):
    assert show("a\u202eb\x1b").strip("`") == "a⟨U+202E⟩b⟨U+001B⟩"


def test_what_says_nothing_is_a_dash():
    assert quoted(" `\n") == quoted("") == "–"


def test_what_is_struck_out_elsewhere_is_no_markup_in_a_question():
    assert MarkdownIt("gfm-like", {"linkify": False}).render(plain("a ~~b~~")) == "<p>a ~~b~~</p>\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("it \u202edeliaf", "it ⟨U+202E⟩deliaf"),
        ("it &#x202e;deliaf", "it &amp;#x202e;deliaf"),
        ("a\x1b[2J\0b\ud800", "a⟨U+001B⟩[2J⟨U+0000⟩b⟨U+D800⟩"),
        ("not ~~one~~ broken", "not ~~one~~ broken"),
    ],
    ids=["a turn of direction", "as an entity", "control characters", "struck out"],
)
def test_nothing_in_it_turns_or_hides_what_people_read(text, shown):
    markdown = MarkdownIt("js-default").enable("strikethrough")
    assert markdown.render(plain(text)) == f"<p>{shown}</p>\n"
    assert markdown.render(f"`{exact(text)}`") == f"<p><code>{shown}</code></p>\n"
