"""Policy 10 at its edges: how many tests are named, who is asked, and who measures branches without a report of tests."""

from __future__ import annotations

import re

import pendulum
import pytest
from support.contents import coverage, junit
from support.cycles import Cycle, failing
from support.runs import as_json, honest, under

from dag_factory.evidence.statement import Entry, Undone
from dag_factory.evidence.verify import verify

TESTER, SDET = "validation/test-engineer", "implementation/ingest.sdet"
FULL, UNIT = (TESTER, "full-suite"), (SDET, "unit-tests")
THEIRS = [f"test_{feature}_{rest}" for feature in ("ingest", "daily_mart") for rest in ("1_works", "2_says_why")] + [
    "test_missingcolumn_is_told"
]


@pytest.mark.parametrize(("dropped", "more"), [(5, ""), (6, "1 more"), (7, "2 more")])
def test_five_tests_are_named_and_how_many_more_there_are(tmp_path, dropped, more):
    run = honest(tmp_path, through="foundation")
    run.contents[UNIT] = junit(*(f"test_{number}_works" for number in range(dropped)), *THEIRS)
    run.work("implementation")
    assert run.answer("implementation").word == "PASSED"
    run.contents[FULL] = junit(*THEIRS)
    run.work("validation")
    [text] = [finding.text for finding in run.judge("validation").findings if finding.rule == "tests-dropped"]
    assert [f"test_{number}_works" in text for number in range(dropped)] == [number < 5 for number in range(dropped)]
    assert re.findall(r"[0-9]+ more", text) == ([more] if more else [])


@pytest.mark.parametrize(("task", "named"), [(SDET, "@sdet"), ("implementation/nobody", "@implementation/nobody")])
def test_whoever_brought_it_is_asked_to_decide(tmp_path, task, named):
    run = honest(tmp_path, worked="implementation")
    run.converge("implementation", altered=(Undone(task=task, path="tests/ingest/test_a.py"),))
    [finding] = run.judge("implementation").findings
    assert finding.text.endswith(f"Have {named} decide about it.")


def test_branches_are_measured_again_by_who_brings_no_report_of_tests(tmp_path):
    run = honest(tmp_path, through="implementation")
    with_branches = coverage().replace(b'"format": 3', b'"format": 3, "branch_coverage": true')
    run.contents[TESTER, "coverage"] = with_branches
    run.work("validation")
    failing(run)
    run.contents[TESTER, "coverage"] = coverage()
    Cycle(run, "validation").mended().judged()

    def alone(contract):
        task = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER)
        task["items"] = [item for item in task["items"] if item["kind"] != "junit"]

    judgement = verify(under(run, alone), "validation", run.store.blob, pendulum.now("UTC"), cycle=1)
    assert f"coverage-omitted:{TESTER}/coverage:branches" in [finding.id for finding in judgement.findings]


@pytest.mark.parametrize(("who", "named", "found"), [(TESTER, THEIRS[0], True), (SDET, "test_more", False)])
def test_what_is_no_report_of_tests_says_of_none_that_it_ran(tmp_path, who, named, found):
    """A document may publish what it likes under any name: it neither stands for a test that was left out, nor is it one that must be run."""
    run = honest(tmp_path, through="foundation")
    notes = as_json({"ran": [f"tests::{named}"]})
    written = Entry(task=who, item="notes", name="notes.json", digest=run.store.put_bytes(notes), size=len(notes), grade="re-executed")
    run.contents[FULL] = junit(*(THEIRS[1:] if found else THEIRS))
    for phase in ("implementation", "validation"):
        run.work(phase)
        if who.startswith(phase):
            run.deliver(who, evidence=(*run.entries(run.contract.tasks[who], "seal"), written))
            run.converge(phase)
        run.answer(phase)

    def noted(contract):
        task = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == who)
        item = {"id": "notes", "kind": "json", "path": "notes.json", "expect": {"publish": {"ran": "ran[*]"}}}
        task["items"] = [*task["items"], item]

    judgement = verify(under(run, noted), "validation", run.store.blob, pendulum.now("UTC"), cycle=0)
    dropped = [finding.id for finding in judgement.findings if finding.rule == "tests-dropped"]
    assert dropped == ([f"tests-dropped:{TESTER}/full-suite:{SDET}"] if found else [])


def test_of_a_task_that_failed_that_alone_is_told(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[FULL] = junit(*THEIRS[1:])
    run.work("validation", without=(TESTER,))
    run.deliver(TESTER, outcome="failed", exit_code=1, sealed=None)
    run.converge("validation")
    assert [finding.id for finding in run.judge("validation").findings] == [f"task-failed:{TESTER}"]


@pytest.mark.parametrize(("now", "rule"), [(None, "evidence-missing"), (b"no", "evidence-malformed")])
def test_coverage_that_is_missing_or_broken_is_told_as_that_alone(tmp_path, now, rule):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "coverage"] = coverage().replace(b'"format": 3', b'"format": 3, "branch_coverage": true')
    run.work("validation")
    failing(run)
    run.contents[TESTER, "coverage"] = now
    told = Cycle(run, "validation").mended().judged().told()
    assert [name.partition(":")[0] for name in told if f":{TESTER}/coverage" in name] == [rule]


def test_what_a_check_reports_of_sealed_work_is_held_against_what_it_reported_before(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.contents[TESTER, "end-to-end"] = junit("test_a", "test_b")
    run.work("validation")
    failing(run)
    run.contents[TESTER, "end-to-end"] = junit("test_a")
    Cycle(run, "validation").mended().judged()

    def checked(contract):
        task = next(task for phase in contract["phases"] for task in phase["tasks"] if task["id"] == TESTER)
        next(item for item in task["items"] if item["id"] == "end-to-end").update(check="check", at="seal")

    judgement = verify(under(run, checked), "validation", run.store.blob, pendulum.now("UTC"), cycle=1)
    assert f"tests-dropped:{TESTER}/end-to-end:before" in [finding.id for finding in judgement.findings]
