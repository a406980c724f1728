"""The six red flags of the mission: refused before a run wherever the spec can tell, and mended in a fix phase where work can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.airflow import RealAirflow, Run
from support.levers import bring
from support.people import Person

SOUND = """\
workflow: {name}
mission: A sound workflow
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas: {{default: {{check: make all}}}}
"""
SHARED = "personas: {{default: {{check: make all}}, software-engineer: {{command: python work.py}}, sdet: {{command: python work.py}}}}"
AGAIN = "{{again: {{persona: sdet, duty: testing, validates: [implementation/sdet]}}}}"
EARLY = "{{before: foundation, gate: {{says: It runs.}}, tasks: {{sdet: {{persona: sdet, duty: testing}}}}}}"
REFUSED = {
    "self-validated": (SOUND + f"phases: {{{{validation: {{{{tasks: {AGAIN}}}}}}}}}\n", "validator-implements"),
    "one-for-two": (SOUND.replace("personas: {{default: {{check: make all}}}}", SHARED), "principal-shared"),
    "no-architect": (SOUND + "phases: {{foundation: {{tasks: {{architect: null}}}}}}\n", "foundation-missing"),
    "no-ux-designer": (SOUND + "phases: {{foundation: {{tasks: {{ux-designer: null}}}}}}\n", "foundation-missing"),
    "both-at-once": (
        SOUND + "phases: {{validation: {{tasks: {{both: {{persona: sdet and architect}}}}}}}}\n",
        "persona-combined",
    ),
    "built-first": (SOUND + f"phases: {{{{prototype: {EARLY}}}}}\n", "implementation-first"),
    "owes-nothing": (
        SOUND + "phases: {{foundation: {{tasks: {{architect: {{evidence: {{architecture: null}}}}}}}}}}\n",
        "evidence-removed",
    ),
    "no-gate": (SOUND + "phases: {{validation: {{gate: null}}}}\n", "gate-missing"),
    "no-validator": (SOUND + "phases: {{validation: {{tasks: {{test-engineer: null}}}}}}\n", "persona-removed"),
}
ARISING = ("no-architect", "no-evidence", "bad-work", "never-good", "never-founded")
BUILDER = "implementation.builder"


@pytest.fixture(scope="module")
def begun(airflow: RealAirflow) -> RealAirflow:
    """All runs of this module, started together so that they share the waiting."""
    for flag in ARISING:
        Person(airflow, "tom").start(airflow.run(f"flags/{flag}"), flag=flag)
    Person(airflow, "tom").start(airflow.run("badges/run"))
    return airflow


@pytest.fixture(scope="module")
def errors(begun: RealAirflow) -> Iterator[dict[str, str]]:
    """The import errors that Airflow shows, by the spec's name; the specs are taken away at the end."""
    paths = {name: begun.home.spec.with_name(f"y-{name}.yaml") for name in REFUSED}

    def shown() -> dict[str, str]:
        said: list[dict[str, Any]] = begun.api._ask("GET", "/api/v2/importErrors?limit=100")["import_errors"]
        return {one["filename"].removeprefix("workflows/y-").removesuffix(".yaml"): one["stack_trace"] for one in said}

    for name, (text, _) in REFUSED.items():
        paths[name].write_text(text.format(name=name), encoding="utf-8")
    try:
        yield begun.until(lambda: (found := shown()).keys() >= REFUSED.keys() and found, 120, lambda: f"refused: {list(shown())}")
    finally:
        for path in paths.values():
            path.unlink()


def found(run: Run, phase: str, cycle: int = 0) -> set[str]:
    """The rules that the gate of one cycle found broken."""
    verdict = run.record.verdict_in(phase, cycle)
    assert verdict is not None
    return {finding.rule for finding in verdict.says.phasegate.findings}


def mended(run: Run, phase: str, *rules: str) -> bool:
    """Whether a gate found these rules broken, its fix phase opened, and the gate behind that passed."""
    states = run.states
    steps = [states[f"{phase}.{name}"] for name in ("gate", "fix_1.triage", "fix_1.gate")]
    return found(run, phase) == set(rules) and steps == ["failed", "success", "success"] and found(run, phase, 1) == set()


@pytest.mark.parametrize("name", REFUSED)
def test_a_red_flag_in_the_spec_is_refused_and_cannot_be_run(name: str, errors: dict[str, str], begun: RealAirflow):
    assert f": {REFUSED[name][1]}: " in errors[name]
    assert errors[name].startswith(f"workflows/y-{name}.yaml:")
    assert not begun.dag_exists(name)
    code, said = Person(begun, "tom").ask("POST", f"/api/v2/dags/{name}/dagRuns", {"dag_run_id": "by-hand", "logical_date": None})
    assert code == 404, said


def test_a_foundation_that_was_not_laid_is_laid_in_a_fix_phase_before_anybody_implements(begun: RealAirflow):
    run = begun.run("flags/no-architect")
    assert run.end(300) == "success"
    assert mended(run, "foundation", "task-failed")
    laid, [built] = run.record.verdict("foundation"), run.record.statements["implementation/builder"]
    assert built.says.started_at >= laid.says.time_verified
    assert built.says.binding.previous_verdict == laid.digest


def test_missing_evidence_is_delivered_in_a_fix_phase(begun: RealAirflow):
    run = begun.run("flags/no-evidence")
    assert run.end(300) == "success"
    assert mended(run, "foundation", "evidence-missing")


def test_a_failed_validation_is_mended_in_a_fix_phase_and_judged_again(begun: RealAirflow):
    run = begun.run("flags/bad-work")
    assert run.end(300) == "success"
    assert mended(run, "validation", "check-failed")
    [order] = run.record.rounds["validation"][0].triage.says.orders
    assert order.task == "implementation/builder", "never who validated"


def test_who_would_implement_before_the_architecture_is_refused_whatever_is_marked(begun: RealAirflow):
    run = begun.run("flags/never-founded")
    assert run.end(300) == "failed"
    assert (found(run, "foundation", 1), run.states[BUILDER]) == ({"task-failed"}, "upstream_failed")
    run.mark("foundation.fix_1.gate", "success")
    assert run.end() == "failed"
    assert run.states[BUILDER] == "failed"
    assert "Phase implementation is not open: The newest verdict on phase Foundation is FAILED." in run.log(BUILDER)
    assert run.record.statements["implementation/builder"] == []
    assert found(run, "implementation") >= {"phase-not-open", "statement-missing"}


def test_a_failed_validation_cannot_be_ignored(begun: RealAirflow):
    run = begun.run("flags/never-good")
    assert run.end(300) == "failed"
    assert (found(run, "validation"), found(run, "validation", 1)) == ({"check-failed"}, {"check-failed"})
    for name in ("validation.gate", "validation.fix_1.gate"):
        run.mark(name, "success")
        assert run.end() == "failed"
    assert run.word("validation") == "FAILED"
    assert "MISSION FAILED" in run.log("complete")


def test_one_who_worked_under_two_names_and_one_who_judged_their_own_work_are_replaced_in_a_fix_phase(begun: RealAirflow):
    run = begun.run("badges/run")
    run.task_is("drafting.gate", "deferred")
    bring(run, "drafting/author", text="A text.\n", by="maria")
    bring(run, "drafting/painter", picture="A picture.\n", by="maria")
    run.task_is("drafting.fix_1.brought", "deferred")
    assert found(run, "drafting") == {"principal-shared"}
    bring(run, "drafting/author", text="Another text.\n", by="lea")
    bring(run, "drafting/painter", picture="Another picture.\n", by="kim")

    run.task_is("reviewing.gate", "deferred")
    bring(run, "reviewing/reviewer", review="It is fine.\n", by="lea")
    run.task_is("reviewing.fix_1.gate", "deferred")
    verdict = run.record.verdict("reviewing")
    [finding] = verdict.says.phasegate.findings
    assert (finding.rule, finding.subject) == ("principal-shared", "reviewing/reviewer:drafting/author")
    assert "validated its own work" in finding.text
    bring(run, "reviewing/reviewer", review="It is fine indeed.\n", by="max")
    assert run.end(120) == "success"
    assert mended(run, "drafting", "principal-shared")
    assert mended(run, "reviewing", "principal-shared")
