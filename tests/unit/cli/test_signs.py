"""What passed with a waiver, and what no gate has judged, never look like what passed."""

from __future__ import annotations

import pytest

from dag_factory.cli.signs import lasted, sign, style
from dag_factory.cli.wording import ended, waiver_word
from dag_factory.evidence.account import WaiverAccount
from dag_factory.evidence.story import FindingStory, OrderStory
from dag_factory.evidence.verdict import Finding

FINDING = Finding(rule="check-failed", subject="a/b", text="It failed.")


@pytest.mark.parametrize(
    "word", ["PASSED_WITH_WAIVER", "waived", "FAILED", "fails", "open", "OPEN", "", "delivered", "missing", "INVENTED"]
)
def test_nothing_looks_like_passed_but_passed(word):
    assert sign(word) != sign("PASSED")
    assert style(word) != style("PASSED")


def test_a_waiver_has_a_sign_and_a_colour_of_its_own():
    words = ["PASSED", "PASSED_WITH_WAIVER", "FAILED", "OPEN"]
    assert len({sign(word) for word in words}) == len({style(word) for word in words}) == 4


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (None, "–"), (0, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"), (60, "1 min"), (200, "3 min 20 s"),
        (3599.6, "1 h"), (7500, "2 h 5 min"), (86400, "1 d"), (273600, "3 d 4 h"),
    ],
)  # fmt: skip
def test_times_as_people_say_them(seconds, says):
    assert lasted(seconds) == says


@pytest.mark.parametrize(
    ("story", "says"),
    [
        ({"now": "open", "since": 0}, "open"),
        ({"now": "open", "since": 2}, "open since cycle 2"),
        ({"now": "waived", "waived_by": "erin", "until": "2026-12-24", "waiver": "W-1"}, "waived by erin until 2026-12-24 (W-1)"),
        ({"now": "waived", "waived_by": "erin", "until": "2026-12-24"}, "waived by erin until 2026-12-24 (its waiver is gone)"),
        ({"now": "mended", "cycle": 0}, "mended when the work was done again"),
        ({"now": "mended", "cycle": 1}, "mended, found no more in cycle 1"),
        (
            {
                "now": "mended",
                "cycle": 1,
                "by": (OrderStory("a/b", "maker", (), "c" * 40, True), OrderStory("a/c", "maker", (), None, True)),
            },
            "mended in cycle 1 by a/b (cccccccccccc), a/c (no commit)",
        ),
    ],
)
def test_how_a_finding_ended(story, says):
    assert ended(FindingStory(**{"phase": "a", "finding": FINDING, "since": 0, **story})) == says


def test_what_a_waiver_is_worth():
    words = [
        waiver_word(WaiverAccount("W-1", (), "", "", "", "", state)) for state in ("counts", "ran out", "not asked yet", "does not count")
    ]
    assert words == ["counts", "ran out", "is counted by no gate yet", "does not count"]
