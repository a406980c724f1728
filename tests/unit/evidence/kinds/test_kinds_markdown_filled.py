"""Which sections say something, in few words or another script, and which only fill the place."""

from __future__ import annotations

import pytest

from dag_factory.evidence.kinds import Material
from dag_factory.evidence.kinds.markdown import MarkdownExpect, MarkdownKind


def one_section(body, **expect):
    text = f"# UX\n\n## User flows\n\n{body}\n"
    return MarkdownKind().examine(Material("UX.md", text.encode()), MarkdownExpect(sections=["User flows"], **expect)).faults


@pytest.mark.parametrize(
    "body",
    [
        "Work in progress.",
        "🚧 Under construction 🚧",
        "Details to follow.",
        "This section will be written later.",
        "This section is intentionally left blank.",
        "| step | what happens |\n|---|---|\n| TODO | TODO |\n| TBD | - |",
    ],
)
def test_what_only_fills_a_section(body):
    (fault,) = one_section(body)
    assert (fault.rule, fault.subject) == ("evidence-malformed", "User flows")


@pytest.mark.parametrize(
    "body",
    [
        "Work in progress is shown in grey, finished work in black.",
        "Details to follow up on are kept in a list.",
        "What is added will be added at the end of the list.",
        "| step | what |\n|---|---|\n| 1 | they open it |",
        "| Firefox | Chrome | Safari |\n|---|---|---|\n| ✓ | ✓ | - |",
        "| step | what |\n|---|---|\n| 1 | TODO |\n| 2 | they save it |",
        "```\n+----+\n+----+\n+----+\n```",
        "អ្នកប្រើបើកកម្មវិធីម្តង",
        "အသုံးပြုသူသည်ပရိုဂရမ်ကိုဖွင့်သည်",
        "豈更車賈滑",
    ],
)
def test_what_says_something_in_few_words_or_another_script(body):
    assert one_section(body) == ()


def test_a_section_of_one_word_where_that_will_do():
    assert one_section("None.", min_words_per_section=1) == ()


@pytest.mark.parametrize(
    ("title", "found"), [("User flows {#flows}", True), ("User flows {#a b}", False), ("User flows {x}", False), ("{#flows}", False)]
)
def test_a_heading_with_an_anchor_behind_it(title, found):
    text = f"# UX\n\n## {title}\n\nThey open the page.\n"
    faults = MarkdownKind().examine(Material("UX.md", text.encode()), MarkdownExpect(sections=["User flows"])).faults
    assert (faults == ()) is found
