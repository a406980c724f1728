"""What a gate found stands where somebody looks for it: on the page of the work it is about, which does not look well then."""

from __future__ import annotations

import re

import pytest
from support.pages import Server
from support.runs import HonestRun

TESTER = "validation/test-engineer"


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", re.sub(r"<style>.*?</style>", "", answer.text, flags=re.DOTALL)))


def banner(answer) -> str:
    return re.sub(r"\s+", " ", answer.text.partition('<div class="banner')[2].partition("</div>")[0])


@pytest.fixture
def red(run: HonestRun) -> HonestRun:
    """The validation is done again; its tester's check fails, and leaves a report of a test that failed."""
    report = run.content(run.contract.tasks[TESTER], next(item for item in run.contract.tasks[TESTER].items if item.id == "end-to-end"))
    assert report
    run.contents[(TESTER, "end-to-end")] = broken(report)
    run.codes[(TESTER, "check")] = 2
    run.deliver(TESTER)
    return run


def broken(report: bytes) -> bytes:
    """A report in which one test failed."""
    said = report.replace(b'failures="0"', b'failures="1"')
    return re.sub(rb"(<testcase [^>]*?)/>", rb'\1><failure message="got 2"/></testcase>', said, count=1)


def test_work_that_no_gate_has_judged_yet_does_not_look_well(server: Server, red: HonestRun, at: str) -> None:
    assert "delivered, not judged yet" in banner(server.get(f"{at}/tasks/{TESTER}"))


def test_the_page_of_the_work_tells_what_the_gate_found_and_leads_to_the_file(server: Server, red: HonestRun, at: str) -> None:
    assert red.answer("validation").word == "FAILED"
    answer = server.get(f"{at}/tasks/{TESTER}")
    assert "bad" in banner(answer).partition(">")[0]
    assert "completed" not in banner(answer)
    assert re.search(r"✗</span> \d findings</span>", answer.text)
    said = text_of(answer)
    assert "check-failed" in said
    assert "tests-failed" in said
    [href] = set(re.findall(rf'href="({at}/tasks/{TESTER}/files/end-to-end/[^"]*)"><bdi>{TESTER}/end-to-end', answer.text))
    assert "got 2" in server.get(href).text


def test_what_was_found_elsewhere_is_not_told_here(server: Server, red: HonestRun, at: str) -> None:
    red.answer("validation")
    answer = server.get(f"{at}/tasks/validation/security-engineer")
    assert "✓</span> completed" in banner(answer)
    assert "What the gate found" not in answer.text


def test_work_that_was_done_again_waits_for_its_gate(server: Server, red: HonestRun, at: str) -> None:
    red.answer("validation")
    red.contents.clear()
    red.codes.clear()
    red.deliver(TESTER)
    answer = server.get(f"{at}/tasks/{TESTER}")
    assert "not judged yet" in banner(answer)
    assert "What the gate found" not in answer.text, "that was of the attempt before"


def test_nothing_delivered_and_a_gate_that_missed_it(server: Server, run: HonestRun, at: str) -> None:
    run.answer("integration")
    answer = server.get(f"{at}/tasks/integration/devops")
    assert "statement-missing" in text_of(answer)
    assert "bad" in banner(answer).partition(">")[0]
    assert "merge-missing" in text_of(server.get(f"{at}/tasks/integration/converge"))


def test_the_page_of_the_run_counts_them_task_by_task(server: Server, red: HonestRun, at: str) -> None:
    assert '<th scope="col">Findings</th>' not in server.get(at).text
    judgement = red.answer("validation")
    count = len([one for one in judgement.findings if one.task == TESTER])
    row = server.get(at).text.partition(f'href="{at}/tasks/{TESTER}"')[2].partition("</tr>")[0]
    assert f"✗</span> {count}</span>" in row


def test_what_a_gate_asks_does_not_read_as_if_it_held(server: Server, red: HonestRun, at: str) -> None:
    red.answer("validation")
    for page in (at, f"{at}/gates/validation"):
        assert "The gate asks: Every validation PASSED." in text_of(server.get(page))
