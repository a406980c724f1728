"""The page of a gate tells what became of what was found: not judged yet, open, mended, or let pass by somebody; the last is never told as the third."""

from __future__ import annotations

import re

import pendulum
import pytest
from support.auditing import completed
from support.cycles import Cycle, failing, findings_of, given
from support.pages import Server
from support.runs import HonestRun

TESTER = "validation/test-engineer"
FOUND = f"check-failed:{TESTER}/check"


def row(server: Server, at: str) -> str:
    """What the newest fix cycle says of the finding, without markup."""
    page = server.get(f"{at}/gates/validation").text.partition('<h2 id="cycles">')[2].partition("</section>")[0]
    [found] = [part for part in page.split("<tr>") if FOUND in part][-1:]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", found)).strip()


@pytest.fixture
def cycle(run: HonestRun) -> Cycle:
    """A fix cycle that begins with a finding of the test-engineer."""
    return Cycle(failing(run), "validation")


def again(cycle: Cycle) -> Cycle:
    """The cycle with everything done, and the finding still there."""
    cycle.mended()
    cycle.run.codes[TESTER, "check"] = 1
    cycle.judged()
    cycle.run.codes.clear()
    assert [finding.id for finding in cycle.answer().findings] == [FOUND]
    return cycle


def test_before_the_gate_has_answered(server: Server, cycle: Cycle, at: str) -> None:
    cycle.mended()
    assert row(server, at).endswith("… not judged yet")


def test_mended(server: Server, cycle: Cycle, at: str) -> None:
    cycle.mended().judged().answer()
    assert row(server, at).endswith("✓ mended")


def test_still_open(server: Server, cycle: Cycle, at: str) -> None:
    again(cycle)
    assert row(server, at).endswith("✗ open")


def test_waived_in_the_same_words_and_colour_as_the_checklist(server: Server, cycle: Cycle, at: str) -> None:
    again(cycle)
    given(cycle.run, "validation", *findings_of(cycle.run, "validation"), cycle=1)
    assert cycle.answer().word == "PASSED_WITH_WAIVER"
    assert row(server, at).endswith("⚠ waived")
    page = server.get(f"{at}/gates/validation").text
    pill = '<span class="word wait"><span aria-hidden="true">⚠</span> waived</span>'
    assert f'<td class="k">{pill}</td>' in page
    assert f"<li>{pill}" in page


def test_waived_before_any_cycle_it_is_told_and_there_is_no_cycle(server: Server, run: HonestRun, at: str) -> None:
    failing(run)
    given(run, "validation")
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"
    page = server.get(f"{at}/gates/validation").text
    assert '<h2 id="cycles">' not in page
    assert FOUND in page.partition('<h2 id="waived">')[2].partition("</section>")[0]


def test_the_red_gate_s_own_verdict_is_shown_and_says_that_it_was_mended_since(server: Server, cycle: Cycle, at: str) -> None:
    red = cycle.run.record.verdict("validation")
    assert red
    own = f"{at}/gates/validation?verdict={red.digest}"
    assert "Mended since" not in server.get(own).text, "it is the newest still"
    cycle.mended().judged().answer()
    page = server.get(own).text
    assert FOUND.partition(":")[2] in page.partition('<h2 id="findings">')[2].partition("</section>")[0]
    assert f'Mended since: <a href="{at}/gates/validation">see the newest verdict</a>' in page
    newest = server.get(f"{at}/gates/validation").text
    assert f'gates/validation?verdict={red.digest}"' in newest.partition('<h2 id="older">')[2], "an earlier verdict is a link"
    assert '<h2 id="findings">' not in newest
    assert server.get(f"{at}/gates/validation?verdict={'0' * 64}").status_code == 404


def test_a_task_that_a_signed_failed_judged_is_not_called_unjudged(server: Server, cycle: Cycle, at: str) -> None:
    red = cycle.run.record.verdict("validation")
    assert red
    cycle.mended().judged().answer()
    page = server.get(f"{at}/tasks/{TESTER}").text
    assert "not judged yet" not in page.partition("<dl")[0]
    assert "1 finding" in page
    assert f'gates/validation?verdict={red.digest}"' in page
    assert "The phase was judged again since" in page


def told(server: Server, at: str) -> str:
    """What the page of the run says, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", server.get(at).text.partition("<main")[2]))


def test_the_page_of_the_run_tells_that_a_gate_failed_before_it_passed(server: Server, cycle: Cycle, at: str) -> None:
    red = cycle.run.record.verdict("validation")
    assert red
    assert "FAILED at" not in told(server, at)
    cycle.mended().judged().answer()
    page = told(server, at)
    assert "✓ PASSED after 1 fix cycle" in page
    assert re.search(r"Before that the gate said (PASSED at [-:\d ]+ UTC ?, )?FAILED at", page)
    assert f"/gates/validation?verdict={red.digest}" in server.get(at).text
    assert "performance-engineer performance-engineer 2 times" in page
    assert "architect architect once" in page
    assert "Nobody has had the last word on this run yet" in page


def test_the_last_word_is_the_first_that_is_told(server: Server, run: HonestRun, at: str) -> None:
    run.work("integration")
    run.answer("integration")
    completed(run)
    assert re.search(r"✓ PASSED is the last word on this run, of \d{4}-", told(server, at))
    run.answer("integration")
    assert "Nobody has had the last word on this run yet" in told(server, at), "it was about older verdicts"


def test_a_verdict_that_another_one_before_it_overtook_counts_no_more(server: Server, run: HonestRun, at: str) -> None:
    run.work("integration")
    run.answer("integration")
    assert "INVALID" not in told(server, at)
    run.answer("validation")
    assert "Phase Validation and documentation has a newer verdict than the one that phase" in told(server, at)


def test_a_verdict_whose_waiver_ran_out_counts_no_more(server: Server, run: HonestRun, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(run)
    given(run, "validation")
    assert run.answer("validation").word == "PASSED_WITH_WAIVER"
    assert "INVALID" not in told(server, at)
    later = pendulum.now("UTC").add(days=2)
    monkeypatch.setattr("phasegate_plugin.pages.reading.pendulum.now", lambda _: later)
    assert "A waiver of phase Validation and documentation ran out" in told(server, at)


def test_the_commit_of_a_red_gate_is_not_called_approved(server: Server, cycle: Cycle, at: str) -> None:
    page = server.get(f"{at}/gates/validation").text
    assert "Commit that was judged" in page
    assert "Approved commit" not in page
    cycle.mended().judged().answer()
    assert "Approved commit" in server.get(f"{at}/gates/validation").text
