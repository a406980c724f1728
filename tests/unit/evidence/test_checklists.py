"""The questions of the enforcement checklists, each answered from what was found."""

from __future__ import annotations

import pytest
from support.runs import honest

from dag_factory.evidence.checklists import answer
from dag_factory.evidence.contract import Question, RunContract
from dag_factory.evidence.verdict import Finding


@pytest.fixture(scope="module")
def contract(tmp_path_factory):
    return honest(tmp_path_factory.mktemp("run")).contract


def ask(contract, holds, *findings, tasks=()):
    question = Question(checklist="list", id="item", says="It holds", holds=holds, tasks=tasks)
    made = answer(question, contract, findings)
    assert (made.checklist, made.id, made.says) == ("list", "item", "It holds")
    return made.holds


def found(rule, task=""):
    return Finding(rule=rule, subject="x", text="x", task=task)


def test_complete_is_what_nothing_was_found_against(contract):
    tasks = ("foundation/architect", "foundation/ux-designer")
    assert ask(contract, "complete", tasks=tasks)
    assert ask(contract, "complete", found("check-failed", "foundation/product-manager"), tasks=tasks)
    assert not ask(contract, "complete", found("check-failed", "foundation/ux-designer"), tasks=tasks)


@pytest.mark.parametrize("rule", ["persona-mismatch"])
def test_one_persona(contract, rule):
    assert ask(contract, "one-persona", found("check-failed"))
    assert not ask(contract, "one-persona", found(rule))


@pytest.mark.parametrize("rule", ["key-shared", "principal-shared", "validator-implements"])
def test_independent(contract, rule):
    assert ask(contract, "independent", found("check-failed"))
    assert not ask(contract, "independent", found(rule))
    assert ask(contract, "evidence", found(rule)), "all evidence may be there, though by the wrong people"


@pytest.mark.parametrize("rule", ["statement-missing", "check-failed", "merge-conflict", "phase-not-open", "evidence-altered"])
def test_evidence(contract, rule):
    assert ask(contract, "evidence")
    assert not ask(contract, "evidence", found(rule))


def test_planned_independence_is_asked_of_the_plan_alone(contract):
    assert ask(contract, "planned-independent", found("validator-implements"))
    tasks = {
        task.id: task.model_copy(update={"principals": ("script:sha256:1",)})
        if task.task in ("ingest.sdet", "ingest.software-engineer")
        else task
        for task in contract.tasks.values()
    }
    phases = tuple(phase.model_copy(update={"tasks": tuple(tasks[task.id] for task in phase.tasks)}) for phase in contract.phases)
    assert not ask(RunContract(workflow="mixed", phases=phases), "planned-independent")


def test_the_standard_workflow_has_nine_questions(contract):
    assert len(contract.questions) == 9
    assert all(answer(question, contract, ()).holds for question in contract.questions)
    assert {phase for question in contract.questions for phase in question.due} == {phase.id for phase in contract.phases}
