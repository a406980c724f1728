"""The shape of a phase: what follows what, under which trigger rule, with and without cycles, deciders, approvals and pools of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.sdk import DAG, TriggerRule
from airflow.serialization.serialized_objects import DagSerialization
from support.orders import SPEC

from dag_factory.build import build_dag
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

DONE = TriggerRule.ALL_DONE_MIN_ONE_SUCCESS
JUDGES = ("test-engineer", "product-manager", "performance-engineer", "security-engineer", "documentation-writer")
APPROVED = "phases: {validation: {gate: {approval: {people: [maria, erin, ann], need: 2, timeout: 5h}}}}\n"
BARE = """\
workflow: notes
pattern: false
mission: Notes
catalogue:
  w: {title: W, instructions: W., contracts: {d: {does: D., evidence: {e: {report: e.txt, kind: file}}}}}
phases: {only: {tasks: {write: {persona: w, duty: d}}, gate: {}}}
"""


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., DAG]:
    """Builds the DAG of a spec, with more written below it."""

    def built(more: str = "", text: str = SPEC) -> DAG:
        path = tmp_path / "workflow.yaml"
        path.write_text(text + more, encoding="utf-8")
        return build_dag(compile_plan(read_spec(path, patterns=("standard", "none"))), tmp_path)

    return built


def below(dag: DAG, group: str) -> set[str]:
    return {name.removeprefix(f"{group}.") for name in dag.task_ids if name.startswith(f"{group}.")}


def ups(dag: DAG, name: str) -> set[str]:
    """What a task follows; within its phase, by the names they have there."""
    return {other.removeprefix(f"{name.split('.', maxsplit=1)[0]}.") for other in dag.get_task(name).upstream_task_ids}


def rule(dag: DAG, name: str) -> TriggerRule:
    return TriggerRule(dag.get_task(name).trigger_rule)


# How many cycles.


@pytest.mark.parametrize("cycles", [0, 1, 2, 5])
def test_a_fix_phase_for_each_cycle_behind_each_gate(build, cycles):
    dag = build(f"fix: {{max_cycles: {cycles}}}\n")
    for phase in ("foundation", "implementation", "validation", "integration"):
        found = {name.split(".")[0] for name in below(dag, phase) if name.startswith("fix_")}
        assert found == {f"fix_{number}" for number in range(1, cycles + 1)}
    gates = {
        f"{phase}.{name}" for phase in ("foundation",) for name in ("gate", *(f"fix_{number}.gate" for number in range(1, cycles + 1)))
    }
    assert dag.get_task("implementation.open").upstream_task_ids == gates, "any of them opens the next phase"
    assert rule(dag, "implementation.open") == TriggerRule.ONE_SUCCESS
    assert dag.get_task("complete").upstream_task_ids >= gates


def test_without_cycles_a_phase_is_what_it_was(build):
    dag = build("fix: {max_cycles: 0}\n")
    assert below(dag, "foundation") == {"open", "architect", "ux-designer", "product-manager", "converge", "gate"}


def test_further_cycles_need_somebody_who_allows_them(build):
    dag = build("fix: {max_cycles: 1}\n")
    assert not [name for name in dag.task_ids if "decide" in name or "fix_2" in name or "waived" in name]


# A fix phase.


def test_the_shape_of_a_fix_phase(build):
    dag = build()
    fix = "validation.fix_1"
    assert below(dag, fix) == {"triage", "fix", "settled", "converge", *JUDGES, "join", "gate"}
    assert ups(dag, f"{fix}.triage") == {"gate"}
    assert ups(dag, f"{fix}.fix") == {"fix_1.triage"}
    assert ups(dag, f"{fix}.settled") == {"fix_1.triage", "fix_1.fix"}
    assert ups(dag, f"{fix}.converge") == {"fix_1.triage", "fix_1.settled"}
    for name in JUDGES:
        assert ups(dag, f"{fix}.{name}") == {"fix_1.triage", "fix_1.converge"}
    assert ups(dag, f"{fix}.join") == {"fix_1.triage", "fix_1.converge", *(f"fix_1.{name}" for name in JUDGES)}
    assert ups(dag, f"{fix}.gate") == {"fix_1.triage", "fix_1.converge", *(f"fix_1.{name}" for name in JUDGES), "fix_1.join"}
    assert ups(dag, "validation.fix_2.triage") == {"gate", "fix_1.gate"}, "it is skipped where any of them passed, and at once"


def test_its_trigger_rules(build):
    dag = build()
    rules = {name: rule(dag, f"validation.fix_1.{name}") for name in below(dag, "validation.fix_1")}
    assert rules == {
        "triage": TriggerRule.ALL_FAILED,
        "fix": TriggerRule.ALL_SUCCESS,
        "settled": TriggerRule.ALL_DONE,
        "converge": TriggerRule.ALL_SUCCESS,
        "join": DONE,
        "gate": DONE,
        **dict.fromkeys(JUDGES, DONE),
    }


def test_where_nobody_validates_only_what_was_mended_is_merged(build):
    dag = build()
    assert below(dag, "foundation.fix_1") == {"triage", "fix", "settled", "converge", "gate"}
    assert ups(dag, "foundation.fix_1.gate") == {"fix_1.triage", "fix_1.converge"}


def test_after_the_validation_its_validators_judge_again_and_what_they_write_is_merged(build):
    dag = build()
    again = {f"validation.{name}" for name in JUDGES}
    assert below(dag, "integration.fix_1") == {"triage", "fix", "settled", "converge", "integration-engineer", *again, "join", "gate"}
    assert ups(dag, "integration.fix_1.join") >= {f"fix_1.{name}" for name in again}
    writer = dag.get_task("integration.fix_1.validation.documentation-writer")
    assert (writer.contract_id, writer.cycle, TriggerRule(writer.trigger_rule)) == ("validation/documentation-writer", 1, DONE)


def test_without_a_repository_validators_follow_what_was_mended(build):
    dag = build("personas: {default: {command: write}}\n", text=BARE)
    assert below(dag, "only.fix_1") == {"triage", "fix", "settled", "mended", "gate"}
    assert ups(dag, "only.fix_1.mended") == {"fix_1.triage", "fix_1.settled"}
    assert ups(dag, "only.fix_1.gate") == {"fix_1.triage", "fix_1.mended"}


def test_what_is_mended_outside_is_waited_for_before_it_is_looked_at(build):
    dag = build("personas: {default: {external: true}}\n", text=BARE)
    assert ups(dag, "only.fix_1.brought") == {"fix_1.triage", "fix_1.settled"}
    assert TriggerRule(dag.get_task("only.fix_1.brought").trigger_rule) == TriggerRule.ALL_SUCCESS, "nobody waits where nothing is mended"
    assert ups(dag, "only.fix_1.mended") == {"fix_1.triage", "fix_1.settled", "fix_1.brought"}


def test_where_nobody_can_mend_nobody_is_mapped(build):
    dag = build("personas: {default: {check: make}}\n", text=BARE)
    assert below(dag, "only.fix_1") == {"triage", "settled", "mended", "write", "gate"}, "what merely looks is asked again"


def test_gates_and_triages_know_their_cycle(build):
    dag = build("fix: {max_cycles: 3}\n")
    assert [dag.get_task(f"validation.{name}").cycle for name in ("gate", "fix_1.gate", "fix_2.gate", "fix_3.gate")] == [0, 1, 2, 3]
    assert [dag.get_task(f"validation.fix_{number}.{name}").cycle for number in (1, 2, 3) for name in ("triage", "converge", "test-engineer")] == [
        1, 1, 1, 2, 2, 2, 3, 3, 3,
    ]  # fmt: skip
    assert {dag.get_task(name).retries for name in dag.task_ids if name.endswith(".gate")} == {0}


def test_what_is_mapped_changes_neither_pool_nor_retries_by_item(build):
    bound = {
        "software-engineer: {command: python engineer.py}": "software-engineer: {command: python engineer.py, pool: agents, retries: 2}"
    }
    dag = build(text=SPEC.replace(*next(iter(bound.items()))))
    fix = "validation.fix_1"
    names = {name for name in below(dag, fix) if name.startswith(("fix", "share"))}
    assert names == {"fix-software-engineer-1", "fix-sdet-2", "share-fix-software-engineer-1", "share-fix-sdet-2"}
    for name in ("fix-software-engineer-1", "fix-sdet-2"):
        assert ups(dag, f"{fix}.share-{name}") == {"fix_1.triage"}
        assert ups(dag, f"{fix}.{name}") == {"fix_1.triage", f"fix_1.share-{name}"}
    assert ups(dag, f"{fix}.settled") == {"fix_1.triage", "fix_1.fix-software-engineer-1", "fix_1.fix-sdet-2"}
    engineer, sdet = dag.get_task(f"{fix}.fix-software-engineer-1"), dag.get_task(f"{fix}.fix-sdet-2")
    assert (engineer.pool, engineer.retries, sdet.pool, sdet.retries) == ("agents", 2, "default_pool", 0)
    shared = [dag.get_task(f"{fix}.share-{name}").tasks for name in ("fix-software-engineer-1", "fix-sdet-2")]
    makers = {"implementation/ingest.software-engineer", "implementation/daily_mart.software-engineer"}
    assert set(shared[0]) == makers
    assert set(shared[0]) & set(shared[1]) == set()
    assert set(shared[1]) == {"implementation/ingest.sdet", "implementation/daily_mart.sdet", "validation/documentation-writer"}


def test_what_is_mapped_has_as_long_as_the_longest_of_those_who_may_work_there(build):
    dag = build(text=SPEC.replace("{command: python engineer.py}", "{command: python engineer.py, timeout: 9h}"))
    assert dag.get_task("implementation.fix_1.fix").execution_timeout.total_seconds() >= 9 * 3600


# Who decides.


def test_who_decides_stands_between_the_last_cycle_and_one_more(build):
    dag = build("fix: {max_cycles: 1, extra_cycles: 1, decide: [maria], timeout: 2h}\n")
    phase = "validation"
    assert {name for name in below(dag, phase) if name.startswith(("decide", "waived"))} == {"decide_1", "waived_1", "decide_2", "waived_2"}
    assert ups(dag, f"{phase}.decide_1") == {"gate", "fix_1.gate"}
    assert ups(dag, f"{phase}.waived_1") == ups(dag, f"{phase}.fix_2.triage") == {"decide_1"}
    assert ups(dag, f"{phase}.decide_2") == {"gate", "fix_1.gate", "fix_2.gate"}
    assert ups(dag, f"{phase}.waived_2") == {"decide_2"}
    rules = [rule(dag, f"{phase}.{name}") for name in ("decide_1", "waived_1", "fix_2.triage", "decide_2")]
    assert rules == [TriggerRule.ALL_FAILED, TriggerRule.ALL_SUCCESS, TriggerRule.ALL_SUCCESS, TriggerRule.ALL_FAILED]
    assert dag.get_task(f"{phase}.decide_1").options == ["Waive", "One more cycle", "Stop"]
    assert "One more cycle" not in dag.get_task(f"{phase}.decide_2").options, "there is none"
    gates = {f"{phase}.{name}" for name in ("gate", "fix_1.gate", "waived_1", "fix_2.gate", "waived_2")}
    assert dag.get_task("integration.open").upstream_task_ids == gates
    assert dag.get_task("complete").upstream_task_ids >= gates | {f"{phase}.decide_1", f"{phase}.decide_2"}


def test_without_any_cycle_people_decide_at_once(build):
    dag = build("fix: {max_cycles: 0, extra_cycles: 0, decide: [maria]}\n")
    assert below(dag, "foundation") == {"open", "architect", "ux-designer", "product-manager", "converge", "gate", "decide_1", "waived_1"}
    assert ups(dag, "foundation.decide_1") == {"gate"}


def test_the_gate_after_a_waiver_judges_the_cycle_that_was_decided(build):
    dag = build("fix: {max_cycles: 1, extra_cycles: 2, decide: [maria]}\n")
    assert [dag.get_task(f"validation.{name}").cycle for name in ("decide_1", "waived_1", "decide_2", "waived_2", "decide_3", "waived_3")] == [
        1, 1, 2, 2, 3, 3,
    ]  # fmt: skip


# Who approves.


def test_people_are_asked_after_the_evidence_was_judged(build):
    dag = build(APPROVED)
    assert ups(dag, "validation.evidence") == {"open", "converge", *JUDGES}
    for index in (1, 2):
        approve = dag.get_task(f"validation.approve-{index}")
        assert ups(dag, f"validation.approve-{index}") == {"evidence"}
        assert TriggerRule(approve.trigger_rule) == TriggerRule.ALL_SUCCESS, "nobody is asked to approve what is not there"
    assert "approve-3" not in below(dag, "validation")
    assert ups(dag, "validation.gate") == {"open", "converge", *JUDGES, "evidence", "approve-1", "approve-2"}
    assert not dag.get_task("validation.evidence").consent
    assert dag.get_task("validation.gate").consent
    assert rule(dag, "validation.evidence") == DONE
    assert "approve-1" not in below(dag, "foundation")


def test_a_new_round_asks_anew(build):
    dag = build(APPROVED)
    assert ups(dag, "validation.fix_1.approve-2") == {"fix_1.evidence"}
    assert ups(dag, "validation.fix_1.gate") >= {"fix_1.evidence", "fix_1.approve-1", "fix_1.approve-2"}
    assert [dag.get_task(f"validation.fix_{number}.approve-1").cycle for number in (1, 2)] == [1, 2]


# The whole.


@pytest.mark.parametrize(
    ("cycles", "decide", "approve"), [*itertools.product((0, 1, 2), ("", ", decide: [maria]"), ("", APPROVED))]
)  # fmt: skip
def test_whatever_is_asked_for_it_is_one_dag_that_can_be_kept(build, cycles, decide, approve):
    dag = build(f"fix: {{max_cycles: {cycles}{decide}}}\n{approve}")
    assert [task.task_id for task in dag.roots] == ["kickoff"]
    assert [task.task_id for task in dag.leaves] == ["complete"]
    kept = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert set(kept.task_ids) == set(dag.task_ids)
    assert [task.task_id for task in dag.tasks if not task.doc_md] == []


def test_no_skip_reaches_a_gate_but_through_its_triage(build):
    """`all_done_min_one_success` skips on any skipped upstream: what may skip for want of work stands before `settled` alone."""
    dag = build("fix: {decide: [maria]}\n" + APPROVED)
    for name in dag.task_ids:
        if rule(dag, name) == DONE:
            mapped = [
                other
                for other in dag.get_task(name).upstream_task_ids
                if ".fix" in other and other.rpartition(".")[2].startswith(("fix", "share"))
            ]
            assert mapped == [], name
