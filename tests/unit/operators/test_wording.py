"""What others wrote, in a question to people, as markdown shows it."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from dag_factory.operators.wording import exact, plain


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
