"""Policy 8, what is told of work that was not completed in a cycle: once, by the rule that fits, and never by one that fitted before."""

from __future__ import annotations

import pendulum
import pytest
from support.architect import about
from support.contents import coverage
from support.cycles import Cycle, failing, findings_of
from support.runs import HonestRun, honest

from dag_factory.evidence.decisions import Order
from dag_factory.evidence.policies.merges import work_base
from dag_factory.evidence.statement import Sealed

TESTER = "validation/test-engineer"
INGEST, MART = (f"implementation/{name}.software-engineer" for name in ("ingest", "daily_mart"))
FOUND = f"check-failed:{TESTER}/check"


@pytest.fixture
def run(tmp_path) -> HonestRun:
    """Worked up to its validation, whose gate was not asked yet."""
    return honest(tmp_path, worked="validation")


def given(cycle: Cycle, *tasks: str) -> None:
    """Everything of a cycle up to the merge; of what was found it is said that nobody owns it, and these tasks deliver something else."""
    cycle.triage(
        orders=tuple(Order(task=task, findings=()) for task in tasks), unowned=tuple(one.id for one in findings_of(cycle.run, cycle.phase))
    )
    for task in tasks:
        cycle.mend(task)
    cycle.merge()


@pytest.mark.parametrize(("strangers", "more"), [(4, ""), (5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_five_names_are_told_and_how_many_more_there_are(run, strangers, more):
    cycle = Cycle(failing(run), "validation")
    cycle.triage(orders=tuple(Order(task=f"stranger/{number}", findings=(FOUND,)) for number in range(strangers)))
    cycle.merge()
    [text] = [finding.text for finding in cycle.judged().ask().findings if finding.rule == "triage-missing"]
    names = ", ".join(f"stranger/{number}" for number in range(min(strangers, 5)))
    assert text == f"The triage of fix cycle 1 gives work to {names}{more}, who may not have any."


def test_a_task_that_was_missing_before_and_fails_now_is_told_to_fail(tmp_path):
    run = honest(tmp_path, through="implementation")
    run.work("validation", without=(TESTER,))
    assert f"statement-missing:{TESTER}" in [finding.id for finding in run.answer("validation").findings]
    cycle = Cycle(run, "validation")
    given(cycle, INGEST)
    cycle.judged(without=(TESTER,))
    cycle.mend(TESTER, outcome="failed", exit_code=1)
    assert cycle.told() == [f"task-failed:{TESTER}"]


@pytest.mark.parametrize("silent", [False, True])
def test_a_validator_that_was_silent_before_and_fails_now_is_told_to_fail(run, silent):
    cycle = Cycle(failing(run), "validation")
    given(cycle, INGEST)
    assert {finding.id for finding in cycle.judged(without=(TESTER,)).answer().findings} >= {f"validation-stale:{TESTER}"}
    second = Cycle(run, "validation", 2)
    given(second, MART)
    second.judged(without=(TESTER,))
    if not silent:
        second.mend(TESTER, outcome="failed", exit_code=1)
    assert set(second.told()) == {FOUND, f"validation-stale:{TESTER}" if silent else f"task-failed:{TESTER}"}


def test_what_a_failed_fix_left_mends_nothing(run):
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    cycle.mend(INGEST, outcome="failed", exit_code=1)
    cycle.mend(MART, outcome="failed", exit_code=1)
    cycle.merge()
    assert {f"task-failed:{INGEST}", f"validator-flipped:{TESTER}:{FOUND}"} <= set(cycle.judged().told())


def test_what_was_not_merged_mends_nothing(run):
    cycle = Cycle(failing(run), "validation")
    cycle.mended(merged=())
    assert set(cycle.judged().told()) == {
        f"merge-missing:{INGEST}", f"merge-missing:{MART}", f"validator-flipped:{TESTER}:{FOUND}",
    }  # fmt: skip


FAILED = b'<testsuite name="s" tests="1" failures="1"><testcase classname="tests" name="one" time="0.01"><failure>no</failure></testcase></testsuite>'


@pytest.mark.parametrize(("item", "content", "rule"), [("full-suite", FAILED, "tests-failed"), ("coverage", coverage(10), "coverage-low")])
def test_every_judgement_can_flip(run, item, content, rule):
    run.contents[TESTER, item] = content
    run.deliver(TESTER)
    found = [finding.id for finding in run.answer("validation").findings if finding.rule == rule]
    assert found
    run.contents.clear()
    cycle = Cycle(run, "validation")
    given(cycle)
    assert {f"validator-flipped:{TESTER}:{one}" for one in found} <= set(cycle.judged().told())


def test_a_validator_that_says_nothing_has_not_changed_its_mind(run):
    cycle = Cycle(failing(run), "validation")
    given(cycle)
    assert set(cycle.judged(without=(TESTER,)).told()) == {FOUND, f"validation-stale:{TESTER}"}


def test_who_is_no_validator_may_succeed_the_second_time(tmp_path):
    run = honest(tmp_path, worked="integration")
    run.codes["integration/devops", "deployment"] = 1
    run.deliver("integration/devops")
    assert "check-failed" in {finding.rule for finding in run.answer("integration").findings}
    run.codes.clear()
    cycle = Cycle(run, "integration")
    cycle.triage()
    assert [order.task for order in cycle.case().rounds[-1].triage.says.orders] == ["integration/devops"]
    cycle.mend("integration/devops", sealed=Sealed(commit=work_base(cycle.case()), tree="e" * 40, bundle=None))
    cycle.merge(merged=())
    assert cycle.judged().told() == []


def test_who_changed_the_verdict_by_failing_has_not_changed_its_mind(run):
    cycle = Cycle(failing(run), "validation")
    given(cycle)
    cycle.judged(without=(TESTER,))
    cycle.mend(TESTER, outcome="failed", exit_code=1)
    assert set(cycle.told()) == {FOUND, f"task-failed:{TESTER}"}


def test_a_fix_of_which_nothing_was_sealed_mends_nothing(run):
    cycle = Cycle(failing(run), "validation")
    cycle.triage()
    for task in (INGEST, MART):
        cycle.mend(task, sealed=None)
    cycle.merge()
    assert f"validator-flipped:{TESTER}:{FOUND}" in cycle.judged().told()


SMALL = """\
workflow: small
pattern: false
mission: A note and who reads it
catalogue:
  author: {title: Author, instructions: Write., contracts: {writing: {does: Write., evidence: {note: {report: note.txt, kind: file}}}}}
  reader: {title: Reader, instructions: Read., contracts: {validation: {does: Read., evidence: {read: {report: read.txt, kind: file}}}}}
  tester: {title: Tester, instructions: Try., contracts: {validation: {does: Try., evidence: {tried: {report: tried.txt, kind: file}}}}}
personas:
  author: {command: write}
  reader: {external: true, timeout: 2h}
  tester: {check: try}
phases:
  drafting:
    tasks:
      author: {persona: author, duty: writing}
      reader: {persona: reader, duty: validation, validates: [drafting]}
      tester: {persona: tester, duty: validation}
    gate: {}
"""


@pytest.fixture
def small(tmp_path) -> HonestRun:
    """Without a repository: nothing is sealed and nothing is merged."""
    run = HonestRun(tmp_path, text=SMALL)
    run.kickoff(base=None)
    for task in run.contract.tasks.values():
        run.deliver(task.id, base=None, sealed=None)
    run.codes["drafting/tester", "check"] = 1
    run.deliver("drafting/tester", base=None, sealed=None)
    assert [finding.id for finding in run.answer("drafting").findings] == ["check-failed:drafting/tester/check"]
    run.codes.clear()
    return run


@pytest.mark.parametrize("mended", [True, False])
def test_without_a_repository_other_evidence_is_what_mends(small, mended):
    cycle = Cycle(small, "drafting")
    cycle.triage(orders=(Order(task="drafting/author", findings=("check-failed:drafting/tester/check",)),))
    if mended:
        small.contents["drafting/author", "note"] = b"Another note, which is long enough to be taken for a real one.\n"
    for task in small.contract.tasks.values():
        cycle.mend(task.id, base=None, sealed=None)
    assert cycle.told() == ([] if mended else ["validator-flipped:drafting/tester:check-failed:drafting/tester/check"])


def test_a_validator_from_outside_that_brings_nothing_again_owes_a_statement(small):
    cycle = Cycle(small, "drafting")
    cycle.triage(orders=(Order(task="drafting/author", findings=("check-failed:drafting/tester/check",)),))
    small.contents["drafting/author", "note"] = b"Another note, which is long enough to be taken for a real one.\n"
    for name in ("author", "tester"):
        cycle.mend(f"drafting/{name}", base=None, sealed=None)
    judgement = cycle.ask(now=pendulum.now("UTC").add(days=1))
    assert [finding.id for finding in judgement.findings] == ["statement-missing:drafting/reader"]


def test_evidence_is_compared_with_that_of_the_cycle_before(small):
    found = "check-failed:drafting/tester/check"
    small.contents["drafting/author", "note"] = b"Another note, which is long enough to be taken for a real one.\n"
    small.codes["drafting/tester", "check"] = 1
    for number in (1, 2):
        cycle = Cycle(small, "drafting", number)
        cycle.triage(orders=(Order(task="drafting/author", findings=(found,)),))
        for task in small.contract.tasks.values():
            cycle.mend(task.id, base=None, sealed=None)
        told = [finding.id for finding in cycle.answer().findings]
        assert told == [found if number == 1 else f"validator-flipped:drafting/tester:{found}"]
        small.codes.clear()


def test_without_a_repository_nobody_stands_on_a_commit(small):
    small.deliver("drafting/author", base="f" * 40, sealed=None)
    assert f"The work stands on {'f' * 40}, and not on the one that was approved." in about(small.judge("drafting"), "statement-misbound")
