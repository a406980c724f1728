"""Policy 3: every item is there, once, under its name, and has the grade that counts."""

from __future__ import annotations

import pendulum
import pytest
from support.runs import honest, rules, under

from dag_factory.evidence.verify import verify

ARCHITECT = "foundation/architect"
TESTER = "validation/test-engineer"
ENGINEER = "implementation/ingest.software-engineer"


@pytest.fixture
def run(tmp_path):
    return honest(tmp_path, worked="foundation")


def judged(run, *evidence, task=ARCHITECT):
    run.deliver(task, evidence=evidence)
    phase = run.contract.tasks[task].phase
    run.converge(phase)
    return run.judge(phase)


def entry(run, task=ARCHITECT, at=0, **changes):
    return run.record.newest(task).says.evidence[at].model_copy(update=changes)


def told(judgement):
    return [(finding.rule, finding.subject) for finding in judgement.findings]


def test_what_is_asked_for_is_no_finding(run):
    assert judged(run, entry(run)).word == "PASSED"


def test_what_is_not_asked_for_is_undeclared(run):
    assert told(judged(run, entry(run), entry(run, item="more", name="MORE.md"))) == [("evidence-undeclared", f"{ARCHITECT}/more")]


def test_the_evidence_of_another_task_is_undeclared(run):
    judgement = judged(run, entry(run), entry(run, task="foundation/ux-designer", item="ux", name="UX.md", size=1))
    assert ("evidence-undeclared", f"{ARCHITECT}/ux") in told(judgement)


@pytest.mark.parametrize(
    "name", ["README.md", "../ARCHITECTURE.md", "/ARCHITECTURE.md", "./ARCHITECTURE.md", "architecture.md", "ARCHITECTURE.md ", ""]
)
def test_a_file_of_another_name_is_undeclared(run, name):
    assert ("evidence-undeclared", f"{ARCHITECT}/architecture") in told(judged(run, entry(run, name=name)))


def test_two_files_for_one_place_are_one_too_many(run):
    other = run.store.put_bytes(b"another architecture")
    judgement = judged(run, entry(run), entry(run, digest=other, size=20))
    assert ("evidence-undeclared", f"{ARCHITECT}/architecture") in told(judgement)


def test_many_files_may_have_changed(tmp_path):
    run = honest(tmp_path, worked="implementation")
    evidence = run.record.newest(ENGINEER).says.evidence
    code = next(item for item in evidence if item.item == "code")
    assert judged(run, *evidence, code.model_copy(update={"name": "src/orders/more.py"}), task=ENGINEER).word == "PASSED"
    assert ("evidence-undeclared", f"{ENGINEER}/code") in told(judged(run, *evidence, code, task=ENGINEER))


@pytest.mark.parametrize("name", ["README.md", "docs/api.py", "src", "src/../README.md", "/src/a.py", "SRC/a.py", "srcs/a.py"])
def test_what_changed_elsewhere_is_no_evidence_of_it(tmp_path, name):
    run = honest(tmp_path, worked="implementation")
    evidence = run.record.newest(ENGINEER).says.evidence
    code = next(item for item in evidence if item.item == "code")
    moved = tuple(item.model_copy(update={"name": name}) if item == code else item for item in evidence)
    assert told(judged(run, *moved, task=ENGINEER)) == [("evidence-undeclared", f"{ENGINEER}/code")]


@pytest.mark.parametrize("grade", ["observed", "attested"])
def test_what_was_only_seen_does_not_count_where_it_must_be_run(tmp_path, grade):
    run = honest(tmp_path, worked="validation")
    evidence = tuple(item.model_copy(update={"grade": grade}) for item in run.record.newest(TESTER).says.evidence)
    judgement = judged(run, *evidence, task=TESTER)
    assert rules(judgement) == {"grade-too-low"}
    assert len(judgement.findings) == len(evidence)
    assert f"is only {grade}; it counts when it is re-executed" in judgement.findings[0].text


def test_a_higher_grade_counts_as_well(run):
    assert judged(run, entry(run, grade="re-executed")).word == "PASSED"


def test_a_fault_names_its_place(run):
    run.contents[ARCHITECT, "architecture"] = b"# Nothing\n"
    run.work("foundation")
    found = run.judge("foundation").findings
    assert found
    assert all("ARCHITECTURE.md" in finding.text for finding in found)
    asked = ("System design", "Boundaries", "Data flow", "Data architecture")
    assert [finding.subject for finding in found] == [f"{ARCHITECT}/architecture:{section}" for section in asked]


def test_the_same_bytes_under_two_names_are_two_pieces_of_evidence(run):
    # One file for two personas: each is held against what it must be, and a UX document is no architecture; that it is one file is told too.
    design = run.record.newest("foundation/ux-designer").says.evidence[0]
    judgement = judged(run, entry(run, digest=design.digest, size=design.size))
    assert rules(judgement) == {"evidence-malformed", "evidence-shared"}


def test_a_file_that_is_too_large_to_count_is_not_even_read(run):
    large, read = entry(run, digest="0" * 64, size=5_000_000_000), []
    run.deliver(ARCHITECT, evidence=(large,))
    run.converge("foundation")
    judgement = verify(run.record, "foundation", lambda digest: read.append(digest) or run.store.blob(digest), pendulum.now("UTC"))
    assert any("5000000000 bytes, and at most 268435456 count" in finding.text for finding in judgement.findings)
    assert large.digest not in read


def test_evidence_of_half_characters_is_refused_by_a_verdict_that_can_be_signed(tmp_path):
    """What a report holds is quoted in findings; half of a surrogate pair has no bytes, and the gate would end without a word."""
    run = honest(tmp_path, through="implementation")
    run.contents["validation/security-engineer", "vulnerabilities"] = b'{"\\ud800": 1, "a": 1, "a": 2}'
    run.work("validation")
    assert run.answer("validation").word == "FAILED"
    assert run.record.verdict("validation").says.phasegate.word == "FAILED"


def test_every_reason_names_its_place_once(tmp_path):
    run = honest(tmp_path)
    run.contents |= {(ARCHITECT, "architecture"): None, ("foundation/ux-designer", "ux"): b"# Nothing\n\nWords.\n"}
    run.work("foundation")
    findings = run.judge("foundation").findings
    assert {finding.task for finding in findings} >= {ARCHITECT, "foundation/ux-designer"}
    for finding in findings:
        assert finding.text.count("ARCHITECTURE.md" if finding.task == ARCHITECT else "UX.md") == 1, finding.text


def test_a_file_that_is_said_to_be_of_another_task_is_undeclared(run):
    moved = entry(run).model_copy(update={"task": "foundation/ux-designer"})
    assert ("evidence-undeclared", f"{ARCHITECT}/architecture") in told(judged(run, moved))


def test_the_best_that_a_task_can_do_may_be_too_little(run):
    def stricter(contract):
        task = next(task for task in contract["phases"][0]["tasks"] if task["id"] == ARCHITECT)
        task["items"] = [item | {"needs": "attested"} for item in task["items"]]

    judgement = verify(under(run, stricter), "foundation", run.store.blob, pendulum.now("UTC"))
    assert [finding.text for finding in judgement.findings] == ["ARCHITECTURE.md is only observed; it counts when it is attested."]


def test_what_names_its_place_itself_has_nothing_before_it(run):
    run.contents[ARCHITECT, "architecture"] = None
    run.work("foundation")
    assert [finding.text for finding in run.judge("foundation").findings] == ["ARCHITECTURE.md is missing."]
    assert [finding.subject for finding in run.judge("foundation").findings] == [f"{ARCHITECT}/architecture"]


def test_of_work_that_failed_no_evidence_is_looked_for(run):
    run.deliver(ARCHITECT, outcome="failed", exit_code=1, evidence=(), sealed=None)
    run.converge("foundation")
    assert told(run.judge("foundation")) == [("task-failed", ARCHITECT)]
