"""Diffs: what came and what went is told by sign and element, and no line of a file passes for the head of another."""

from __future__ import annotations

import time

import pytest
from phasegate_plugin.pages.render import diff, rendered
from support.harmless import faults, text_of

PATCH = """\
diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,3 +1,3 @@ def run():
 kept
-went
+came <b>
 kept
\\ No newline at end of file
diff --git a/old.py b/old.py
deleted file mode 100644
--- a/old.py
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git a/logo.png b/logo.png
new file mode 100644
Binary files /dev/null and b/logo.png differ
"""


def heads(html: str) -> list[str]:
    return [text_of(part.partition("</summary>")[0]) for part in html.split("<summary>")[1:]]


def test_every_file_has_its_heading_and_its_counts():
    html = diff(PATCH, truncated=False)
    assert faults(html) == []
    assert heads(html) == ["src/a.py 1 added, 1 removed", "old.py 0 added, 1 removed", "a/logo.png b/logo.png 0 added, 0 removed"]


def test_lines_are_marked_by_their_sign_and_by_their_element():
    html = diff(PATCH, truncated=False)
    assert "<del>-went</del>" in html
    assert "<ins>+came &lt;b&gt;</ins>" in html
    assert "\n kept\n" in html
    assert "\\ No newline at end of file" in html


def test_a_removed_line_that_looks_like_a_head_is_a_removed_line():
    text = "--- a/real\n+++ b/real\n@@ -1,3 +1,2 @@\n--- a/forged\n-diff --git a/forged b/forged\n+++ b/forged\n kept\n"
    html = diff(text, truncated=False)
    assert heads(html) == ["real 1 added, 2 removed"]
    assert "<del>--- a/forged</del>" in html


def test_what_was_cut_is_said():
    assert text_of(diff(PATCH, truncated=True)).startswith("Only the beginning of the diff is shown: ")
    assert "Only the beginning" not in diff(PATCH, truncated=False)
    assert "Only the beginning" in diff("@@ -0,0 +1,20000 @@\n" + "+a\n" * 20_000, truncated=False)


def test_an_empty_diff_says_so():
    assert text_of(diff("", truncated=False)) == "Nothing was changed."


def test_names_that_deceive_are_spelled_out():
    html = diff("--- a/x\u202egpj.py\n+++ b/x\u202egpj.py\n@@ -1 +1 @@\n-a\n+b\u200b\n", truncated=False)
    assert heads(html)[0].startswith("x⟨U+202E⟩gpj.py")
    assert "+b⟨U+200B⟩" in html


@pytest.mark.parametrize(
    "text",
    ["@@ -1 +1 @@\n" * 200_000, "diff --git a b\n" * 200_000, "@@ -1,999999999 +1,999999999 @@\n" + "+<\n-&\n" * 300_000, "a" * 5_000_000],
)
def test_whatever_the_diff_is_time_and_size_are_bounded(text):
    begun = time.process_time()
    html = diff(text, truncated=False)
    assert time.process_time() - begun < 5
    assert len(html) < 4_000_000
    assert faults(html) == []


def test_a_file_that_is_a_diff_is_shown_as_one_and_one_that_only_says_so_as_text():
    assert "<ins>+came" in rendered("a.patch", PATCH.encode())
    assert "Shown as text, not as a diff: no hunk begins in it" in text_of(rendered("a.diff", b"hello"))
