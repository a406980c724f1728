"""The sample product, all of it, with everything real but Airflow's scheduler; and each of its personas in turn replaced.

One who does nothing is stopped for want of evidence. One who reports success over broken work is stopped by re-execution where something
runs, and by examination where nothing does; the validators' lies are in `test_lying_validators`. One file, so that the house is made once.
"""

from __future__ import annotations

import json

import pytest
from support.house import git
from support.liars import LIES, PASSED, idle, replace_text

IDLE = {
    "foundation/architect": "personas/architect.py",
    "foundation/ux-designer": "personas/ux_designer.py",
    "foundation/product-manager": "personas/product_manager.py",
    "implementation/software-engineer": "personas/software_engineer.py",
    "implementation/sdet": "personas/sdet.py",
    "validation/test-engineer": "checks/test-engineer.sh",
    "validation/product-manager": "checks/product-manager.sh",
    "validation/performance-engineer": "checks/performance-engineer.sh",
    "validation/security-engineer": "checks/security-engineer.sh",
    "validation/documentation-writer": "personas/documentation_writer.py",
    "integration/integration-engineer": "checks/integration-engineer.sh",
    "integration/architect": "personas/architecture_update.py",
    "integration/devops": "personas/devops.py",
}
AFTER = {
    "foundation": "implementation.ingest.sdet",
    "implementation": "validation.test-engineer",
    "validation": "integration.devops",
    "integration": "complete",
}


def test_the_sample_is_a_mission_success(honest):
    house = honest.finish()
    assert house.failures == {}
    assert {task: len(found) for task, found in house.record.statements.items()} == dict.fromkeys(house.record.contract.tasks, 1)
    assert [house.word(phase.id) for phase in house.record.contract.phases] == ["PASSED"] * 4


def test_it_leaves_the_approved_commit_as_a_branch_and_main_as_it_was(honest):
    house = honest.finish()
    repository = house.root / "orders_repo"
    assert git("branch", "--format=%(refname:short)", cwd=repository).splitlines() == ["main", "phasegate/orders_mart/manual__1"]
    approved = house.record.verdict("integration").says.phasegate.approved
    assert git("rev-parse", "phasegate/orders_mart/manual__1", cwd=repository) == approved
    assert git("rev-parse", "main", cwd=repository) == house.record.charter.says.base
    assert git("status", "--porcelain", cwd=repository) == ""
    assert {"ARCHITECTURE.md", "src/orders/ingest/rules.py", "deploy/DEPLOY.md"} <= set(
        git("ls-tree", "-r", "--name-only", approved, cwd=repository).split()
    )


def test_it_answers_both_checklists_and_keeps_every_envelope(honest):
    house = honest.finish()
    folder = house.record.charter.digest[:16]
    [summary] = [json.loads(house.store.read(f"{folder}/summaries/{name}")) for name in house.store.names(f"{folder}/summaries")]
    answered = [line for line in summary["lines"] if line.strip().startswith(("✓", "✗"))]
    assert summary["verdict"] == "PASSED"
    assert [line.strip()[0] for line in answered] == ["✓"] * 9
    [bundle] = [house.store.read(f"{folder}/bundles/{name}") for name in house.store.names(f"{folder}/bundles")]
    assert len([json.loads(line)["payload"] for line in bundle.splitlines()]) == 1 + 15 + 4 + 4 + 1, (
        "charter, statements, merges, verdicts, completion"
    )


def test_nothing_is_left_in_the_workspaces(honest):
    work = honest.finish().root / "work_root"
    assert [path for path in work.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("who", IDLE)
def test_a_persona_that_does_nothing_is_stopped_by_its_gate(who, honest, tmp_path, monkeypatch):
    phase, _, role = who.partition("/")
    house = honest.to(phase).copy(tmp_path / "house", monkeypatch)
    idle(house.specs / IDLE[who])
    again = [name for name in house.tasks(phase) if name.rpartition(".")[2] == role]
    house.run(*again)
    assert house.failures == {}, "what it left is for the gate to judge"
    house.close(phase)
    assert house.word(phase) == "FAILED"
    assert house.failures[f"{phase}.gate"].split(": ")[1].startswith("FAILED")
    findings = house.findings(phase)
    own = {name.replace(".", "/", 1) for name in again}
    for task in own:
        owed = {item.id for item in house.record.contract.tasks[task].items}
        about = [finding for finding in findings if finding.task == task]
        assert {finding.subject.removeprefix(f"{task}/").partition(":")[0] for finding in about} >= owed, "each item it owes is named"
    others = {finding.task for finding in findings} - own
    assert others <= ({"implementation/ingest.sdet", "implementation/daily_mart.sdet"} if role == "software-engineer" else set())
    house.run(AFTER[phase])
    assert "FAILED" in house.failures[AFTER[phase]], "and what comes after does not begin"


def test_tests_that_cannot_fail_are_stopped_by_a_product_that_does_nothing(honest, tmp_path, monkeypatch):
    house = honest.to("implementation").copy(tmp_path / "house", monkeypatch)
    replace_text(house.specs / "personas" / "sdet.py", (r"\n{rest}'", r"\n    assert True'"))
    house.run(*(name for name in house.tasks("implementation") if name.endswith("sdet")))
    house.close("implementation")
    assert house.word("implementation") == "FAILED"
    assert {(finding.rule, finding.subject.rpartition("/")[2]) for finding in house.findings("implementation")} == {
        ("check-failed", "hollow"),
        ("check-failed", "able-to-fail"),
    }


def test_all_fifteen_tasks_were_taken(honest):
    roles = {f"{task.phase}/{task.task.rpartition('.')[2]}" for task in honest.to("foundation").record.contract.tasks.values()}
    assert roles == set(IDLE)
    assert len(honest.to("foundation").record.contract.tasks) == 15


@pytest.mark.parametrize("who", LIES)
def test_a_liar_is_stopped_by_its_gate(who, honest, tmp_path, monkeypatch):
    lies, rules, word = LIES[who]
    phase, _, role = who.partition("/")
    house = honest.to(phase).copy(tmp_path / "house", monkeypatch)
    lies(house.specs / "personas")
    again = [name for name in house.tasks(phase) if name.rpartition(".")[2] == role]
    house.run(*again)
    assert house.failures == {}
    for name in again:
        said = house.record.newest(name.replace(".", "/", 1)).says
        assert (said.binding.attempt, said.outcome, said.exit_code) == (2, "completed", 0)
        assert PASSED in house.log(name.replace(".", "/", 1))
    house.close(phase)
    findings = house.findings(phase)
    assert house.word(phase) == "FAILED"
    assert {finding.rule for finding in findings} >= rules
    checked = [result.excerpt for name in again for result in house.record.newest(name.replace(".", "/", 1)).says.checks]
    assert any(word in text for text in (*(f"{finding.subject} {finding.text}" for finding in findings), *checked))
    blamed = "sdet" if role == "software-engineer" else role
    assert {finding.task.rpartition("/")[2].rpartition(".")[2] for finding in findings} == {blamed}
