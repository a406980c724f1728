from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.markdown import MarkdownExpect, MarkdownKind

GOOD = "# Orders\n\n## System design\n\nOne loader, one store.\n\n## Data flow\n\nFiles become rows there.\n"
SECTIONS = ("System design", "Data flow")


def examine(text, sections=SECTIONS, **expect):
    data = text if isinstance(text, bytes) else text.encode()
    return MarkdownKind().examine(Material("A.md", data), MarkdownExpect(sections=sections, **expect))


def missing(text, sections=("Boundaries",), **expect):
    return [fault.subject for fault in examine(text, sections, **expect).faults]


def test_sections_with_text_will_do():
    found = examine(GOOD)
    assert found.faults == ()
    assert found.facts == {"cites": (re.sub("(#.*\n)\n", r"\1", GOOD),), "headings": ("Orders", "System design", "Data flow")}


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        "\ufeff" + GOOD,
        GOOD.upper(),
        GOOD.replace("## System design", "System   design ##\n-----").replace(" ##\n", "\n"),
        GOOD.replace("## System design", "## **System** `design` ##"),
        GOOD.replace("## System design", "## [System design](http://example.org) <!-- why -->"),
    ],
)
def test_headings_are_read_as_a_reader_sees_them(text):
    assert examine(text).faults == ()


def test_each_missing_section_is_named():
    assert missing("# Boundary\n\nwords words words", ("Boundaries", "Data flow")) == ["Boundaries", "Data flow"]
    (fault,) = examine(GOOD.replace("Data flow", "Data flows")).faults
    assert "“Data flow”" in fault.text
    assert fault.rule == "evidence-malformed"


@pytest.mark.parametrize(
    "text",
    [
        "intro\n\n```\n# Boundaries\n\nwords words words\n```\n",
        "intro\n\n~~~md\n## Boundaries\nwords words words\n~~~",
        "intro\n\n```\n# Boundaries\nwords words words\n",
        "intro\n\n    # Boundaries\n    words words words\n",
        "intro\n\n<!--\n# Boundaries\n\nwords words words\n-->\n",
        "intro\n\n<!-- # Boundaries\n\nwords words words",
        "intro\n\n<div>\n<!--\n\n# Boundaries\n\nwords words words\n\n<p>-->\n",
        "intro\n\n- <!--\n\n# Boundaries\n\nwords words words\n",
        "intro\n\n> # Boundaries\n> words words words\n",
        "intro\n\n- # Boundaries\n\n  words words words\n",
        "intro\n\n<h1>Boundaries</h1>\n\nwords words words\n",
        "intro\n\n**Boundaries**\n\nwords words words\n",
        "intro\n\n# Boundaries and more\n\nwords words words\n",
        "intro\n\n# Bound\u0430ries\n\nwords words words\n",
        "intro\n\n# <!-- Boundaries -->\n\nwords words words\n",
        "intro\n\n# ![Boundaries](x.png)\n\nwords words words\n",
        "intro\n\n\\# Boundaries\n\nwords words words\n",
        "intro\n\n[Boundaries]: # (words words words)\n",
        "intro\n\n# Boundaries\n",
        "intro\n\n# Boundaries\n\n# Other\n\nwords words words\n",
        "intro\n\n# Boundaries\n\n<!-- words words words -->\n",
        "intro\n\n# Boundaries\n\n<!-- words\n\nwords words -->\n",
        "intro\n\n# Boundaries\n\n## Words words words\n\n### More words here\n",
        "intro\n\n# Boundaries\n\n> ## Words words words\n",
        "intro\n\n# Boundaries\n\n[a]: http://example.org/words/words/words\n",
        "intro\n\n# Boundaries\n\n![](http://example.org/words/words/words)\n",
        "intro\n\n# Boundaries\n\n---\n***\n",
        "intro\n\n# Boundaries\n\n&nbsp;\n",
        "intro\n\n# Boundaries\n\n```\n\n```\n",
        "intro\n\n# Boundaries\n\none two\n",
        "intro\n\n# Boundaries\n\nx <!-- two three --> y\n",
        "intro\n\n# Boundaries\n\n<describe the boundaries here>\n",
    ],
)
def test_a_heading_must_be_there_and_have_text(text):
    assert missing(text) == ["Boundaries"]


@pytest.mark.parametrize(
    "body",
    [
        "TODO",
        "tbd",
        "TBD.",
        "...",
        "…",
        "_TODO_",
        "- TODO\n- TBD",
        "TODO: describe the boundaries of it",
        "TODO(maria): describe the boundaries of it",
        "To be determined.",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
        "[Describe the boundaries of the system here]",
        "{{ describe the boundaries }}",
        "```\nTODO\n```",
        "> TODO",
        "TODO\n\n### Sub\n\nTBD",
        "Describe the boundaries of the system here.",
        "Please fill in the owner of each component here…",
        "Replace this text.",
    ],
)
def test_an_unfilled_template_is_told_apart(body):
    (fault,) = examine(f"# Boundaries\n\n{body}\n", ("Boundaries",)).faults
    assert fault.subject == "Boundaries"
    assert "placeholder" in fault.text


@pytest.mark.parametrize(
    "body",
    [
        "TODO\n\nThe loader owns the inbox.",
        "Add a row per partner. What is refused stays here, with its reason.",
        "Write access belongs to the loader alone.",
        "TODO list storage belongs to us.",
        "- one item\n- another item",
        "> quoted words count too",
        "| a | b |\n|---|---|\n| one | two |",
        "```\n+------+\n| Save |\n+------+\n```",
        "```mermaid\ngraph TD; A-->B\nB-->C\n```",
        "    +--+\n    |  |\n    +--+",
        "### Sub\n\nwords in the sub-section",
        "<p>words in html</p>",
        "[See the other page](other.md)",
        "系统由三个部分组成",
        "x `a` **b**",
        "<!-- hint --> words after a comment",
        "<!--\nhint\n-->\nwords after a comment",
    ],
)
def test_what_counts_as_text(body):
    assert missing(f"# Boundaries\n\n{body}\n") == []


def test_text_of_a_section_asked_for_counts_there_only():
    nested = "# System design\n\n## Data flow\n\nFiles become rows.\n\n### Detail\n\nmore words here\n"
    assert missing(nested, SECTIONS) == ["System design"]
    assert missing(nested + "\n## Other\n\nSome words here.\n", SECTIONS) == []


def test_of_two_sections_with_one_title_one_good_one_will_do():
    assert missing("# Boundaries\n\n# Boundaries\n\nwords words words") == []


def test_the_least_number_of_words_can_be_raised():
    (fault,) = examine("# Boundaries\n\none two three four", ("Boundaries",), min_words_per_section=5).faults
    assert "4 words" in fault.text
    assert "line 1" in fault.text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"# A\n\nx\xff", "line 3 is not UTF-8"),
        ("# A".encode("utf-16"), "not UTF-8"),
        (b"a" * 2_000_001, "bytes"),
        (b"\n" * 50_000, "lines"),
        (b"# A\n" * 2_001, "headings"),
    ],
)
def test_what_cannot_be_read_is_malformed(data, says):
    (fault,) = examine(data).faults
    assert says in fault.text
    assert fault.rule == "evidence-malformed"


@pytest.mark.parametrize("text", ["", "\n\n", "<!-- all\n\nhidden -->", "\ufeff"])
def test_a_document_without_text_is_missing(text):
    (fault,) = examine(text, ()).faults
    assert fault.rule == "evidence-missing"


@pytest.mark.parametrize(
    "html",
    ["<template>", "<script>", '<div style="display: none">', "<div hidden>", "<style>p{}</style>", "<?x a b c ?>"],
)
def test_html_that_hides_is_refused(html):
    fault = examine(f"{html}\n\n# Boundaries\n\nwords words words\n", ("Boundaries",)).faults[0]
    assert "line 1" in fault.text
    assert "hides" in fault.text


def test_html_in_code_hides_nothing():
    assert missing("# Boundaries\n\nUse `<template>` and\n\n```html\n<div hidden>\n```\n") == []


def test_what_is_hidden_cites_nothing():
    text = (
        "# A\n\nSEEN-1 <!-- HID-1 --> SEEN-2 <!-- a\nHID-2 --> SEEN-3\n\n<!-- HID-3\n\nHID-4 -->\n\n"
        "[HID-5]: # (HID-6)\n\n```\nSEEN-4\n```\n\n> SEEN-5\n\n<p>SEEN-6 <!-- HID-7 --></p>\n\n`<!-- SEEN-7?\n"
    )
    (cites,) = examine(text, ()).facts["cites"]
    assert "HID" not in cites
    assert all(f"SEEN-{number}" in cites for number in range(1, 8))


def test_sections_may_be_a_list_as_yaml_gives_it():
    assert MarkdownExpect.model_validate({"sections": ["A"]}).sections == ("A",)
    for wrong in ("A", [1], {"A": 1}):
        with pytest.raises(ValidationError):
            MarkdownExpect.model_validate({"sections": wrong})


MARKUP = st.lists(
    st.sampled_from(
        [
            "# A",
            "\n",
            "\n\n",
            "```",
            "<!--",
            "-->",
            "- ",
            "> ",
            "    ",
            "words",
            "[",
            "](x)",
            "<div>",
            "`",
            "***",
            "\r",
            "\0",
            "&",
        ]
    ),
    max_size=30,
).map("".join)


@given(MARKUP | st.text(max_size=60))
@settings(max_examples=150, deadline=None)
def test_no_text_makes_it_raise_and_a_fault_names_the_section(text):
    found = examine(text, ("A",))
    assert all(fault.subject in ("A", "") or fault.subject.startswith("line ") for fault in found.faults)


FILLER = "This part describes the system in all the detail that is needed."


@pytest.mark.parametrize(
    ("bodies", "named"),
    [
        ((FILLER, FILLER), ["Data flow"]),
        ((FILLER, f"{FILLER.upper()}"), ["Data flow"]),
        ((FILLER, FILLER.replace(" ", "\n").replace("system", "**system**")), ["Data flow"]),
        ((FILLER, f"TODO\n\n{FILLER}"), ["Data flow"]),
        ((FILLER, "One loader, one store.", FILLER), ["Boundaries"]),
        (("All is well.",) * 3, ["Data flow", "Boundaries"]),
        (("There are none yet.",) * 2, []),
        (("There are none yet.", "There are none yet.", "One loader, one store."), []),
        ((FILLER, f"{FILLER} It is so."), []),
        (("```\n+--+ --> +--+ | | <-- # # # #\n```", "```\n+==+ --> +==+ | | <-- # # # #\n```"), []),
        (("```\na - b - c - d - e - f - g - h\n```", "```\na + b + c + d + e + f + g + h\n```"), []),
        (("```\n+--+ --> +--+ | | <-- # # # #\n```",) * 2, ["Data flow"]),
    ],
)
def test_one_filler_under_several_headings_tells_nothing_of_any(bodies, named):
    titles = ("System design", "Data flow", "Boundaries")[: len(bodies)]
    text = "# Orders\n\n" + "".join(f"## {title}\n\n{body}\n\n" for title, body in zip(titles, bodies, strict=True))
    assert missing(text, titles) == named
    assert missing(text, (*titles, titles[0].upper())) == named, "a heading that is asked for twice is one"


def test_sections_that_nobody_asked_for_may_say_the_same():
    assert missing(f"# A\n\n## Boundaries\n\n{FILLER}\n\n## Other\n\n{FILLER}\n") == []
