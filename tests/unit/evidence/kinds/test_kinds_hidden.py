"""What a document keeps from its reader counts for nothing, neither as text nor as a place to cite an id in."""

from __future__ import annotations

import time

import pytest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.hidden import hides, shown
from dag_factory.evidence.kinds.markdown import MarkdownExpect, MarkdownKind
from dag_factory.evidence.kinds.prose import unfilled


def examine(body):
    data = f"# Boundaries\n\n{body}\n".encode()
    return MarkdownKind().examine(Material("A.md", data), MarkdownExpect(sections=("Boundaries",)))


@pytest.mark.parametrize(
    "body",
    [
        "\u3164 \u3164 \u3164",
        "\u115f\u1160 \uffa0 \u2800 \u200b",
        "&nbsp; &nbsp; &nbsp; &zwnj;",
        "&#x3164; &#12644; &#8203; &#xFFA0;",
        "```\n. . . .\n```",
        "    - - - - -",
        "```\n\u3164 \u3164 \u3164\n```",
        "[](x 'words that nobody sees ever')",
        '[](<three more words> "and a title")',
        "<a title='three words here'></a>",
        '<b title="a > three words here"></b>',
        "TODO write this up soon",
        "TBD by the next team",
        "to be filled in before release",
        "N/A, not yet, later",
        "n/a - see above please",
        "Not applicable for now.",
    ],
)
def test_what_shows_nothing_or_tells_nothing_is_no_text(body):
    assert [fault.subject for fault in examine(body).faults] == ["Boundaries"]


@pytest.mark.parametrize(
    "body",
    [
        "N/A: this product has no screen, so there are no wireframes.",
        "TBD fields are shown in grey, and a reader fills them in.",
        "To be done, a load needs every partner's file.",
        "&lt;partner&gt; sends &amp; <https://example.org/orders>",
        "i < j and k > l",
        "Größe требование 要件",
        "Read `Result<Order>` and `<dialog>` with care.",
        "<details><summary>More of it</summary>\n\nWhat is folded away can be unfolded.\n\n</details>",
        "<p style='width: 50%; opacity: 0.5'>half of it can be seen</p>",
        "<video src='demo.mp4'></video> shows how it goes",
        "<img alt='a' src='b' width='0.5em'> a picture of it",
        'The span <span style="color: #000">in black on white</span>.',
        "![a drawing of it](a.png 'title')",
        "[See the other page](other.md (the other)) [and that][1]\n\n[1]: x",
    ],
)
def test_what_a_reader_sees_is_text(body):
    assert examine(body).faults == ()


@pytest.mark.parametrize(
    "html",
    [
        "words <span hidden>all flows are complete</span>",
        "- <b style='display:none'>all flows are complete</b>",
        "<dialog>all flows are complete</dialog>",
        "<div><datalist>all flows are complete</datalist></div>",
        "<noframes>all flows are complete</noframes>",
        "<canvas>all flows are complete</canvas>",
        "<video controls>all flows are complete</video>",
        "<div style='display&#58;none'>all flows are complete</div>",
        "<div style='dis\\70lay: none'>all flows are complete</div>",
        "<div style='display/**/:none'>all flows are complete</div>",
        "words <i style='opacity:0.00'>all flows are complete</i>",
        "words <i style='font-size: 0px'>all flows are complete</i>",
        "words <i style='position:absolute;left:-9999px'>all flows are complete</i>",
        "words <i style='color: transparent'>all flows are complete</i>",
        "words <i style='clip-path: inset(100%)'>all flows are complete</i>",
        "<div hidden\n\nclass='x'>",
    ],
)
def test_html_that_hides_is_refused_wherever_it_stands(html):
    texts = [fault.text for fault in examine(f"Some words to see.\n\n{html}").faults]
    assert any("hides text from the reader" in text for text in texts)


@pytest.mark.parametrize(
    "text",
    [
        "[see](HID-1)",
        "[see](<HID-1> 'HID-2')",
        "[see][HID-1]\n\n[HID-1]: x",
        "![see](HID-1.png)",
        "see <a href='HID-1'>here</a>",
        "see <a\ntitle='a > HID-1'>here</a>",
        "> see <a\n> title='HID-1'>here</a>",
        "<div class='HID-1'>\nsee\n</div>",
        "```HID-1\nsee\n```",
        "~~~ text HID-1\nsee\n~~~",
        "see H\u200bID-1",
    ],
)
def test_what_no_reader_sees_cites_nothing(text):
    (cites,) = examine(text).facts["cites"]
    assert "see" in cites
    assert ("HID" in cites) is ("\u200b" in text)


def test_what_a_reader_sees_cites():
    text = "<https://example.org/SEEN-1> [SEEN-2](x) `SEEN-3` **SEEN-4** &#83;EEN-5 [SEEN-6][none]\n\n> - SEEN-7\n\n### SEEN-8\n\n> ## SEEN-9\n"
    (cites,) = examine(text).facts["cites"]
    assert all(f"SEEN-{number}" in cites for number in range(1, 10))


@pytest.mark.parametrize(
    "sign", ["[", "](", "<a ", '<a "', "<", "&", "`", "[a](", "[a](b '", "<!--", "<a hidden", "<a '\"", "][a", "\\", "<a \\/*"]
)
def test_no_text_takes_long(sign):
    text = sign * (400_000 // len(sign))
    began = time.monotonic()
    shown(text, frozenset({"A"}))
    hides(text)
    assert time.monotonic() - began < 5


def test_a_target_or_a_length_without_end_is_read_at_once():
    far = f"see [it]({' ' * 400_000}, there"
    assert shown(far) == far
    assert shown(f'[it]({" " * 400_000}"a title")') == "[it]()"
    assert not hides(f"<p style='opacity: {'0' * 400_000}1'>")
    assert hides(f"<p style='opacity: {'0' * 400_000}'>")


@pytest.mark.parametrize("target", ["( 'a title')", '(\n"a title" )', "( x 'a title')", "(<x> (a title))"])
def test_a_title_is_none_of_what_a_reader_sees(target):
    assert shown(f"[it]{target}") == "[it]()"


@pytest.mark.parametrize(
    ("text", "says_nothing"),
    [
        (f"TODO later{' ' * 400_000}x", False),
        (f"TODO later{'-' * 400_000}", True),
        ("TODO later on " + "a" * 56, True),
        ("TODO later on " + "a" * 57, False),
        (f"{'-' * 400_000} TODO", True),
        (f"{'-' * 400_000} x", False),
    ],
    ids=range(6),
)
def test_signs_without_end_beside_what_says_nothing(text, says_nothing):
    assert unfilled(text) is says_nothing
