"""Every fault fits the sample, changes the copies alone, and is caught where the issue says it must be."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.runs import honest

import dag_factory
from dag_factory.cli.demo.faults import FAULTS, find_fault
from dag_factory.cli.demo.home import RUN, WORKFLOW, fresh_home, sample
from dag_factory.errors import PhasegateError, SpecError
from dag_factory.evidence.store import Store
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec

AT_LINT = {
    "combined-persona": ({"persona-combined"}, "      full-stack: {persona: software-engineer and sdet"),
    "missing-foundation": ({"foundation-missing", "persona-removed"}, "      ux-designer: null"),
    "implementation-first": ({"implementation-first"}, "      prototype:"),
}
AT_A_GATE = ("missing-evidence", "failed-validation", "unfixable", "self-validation")


@pytest.fixture
def home(tmp_path):
    with fresh_home(tmp_path / "demo") as made:
        yield made


def bytes_below(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"):
        whole.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return whole.hexdigest()


def ran(home, persona, workspace, *, task=None, **more):
    """Run a copied persona as Phasegate would."""
    told, task = task or {}, workspace / "task.json"
    spec = compile_plan(read_spec(home.spec))
    task.write_text(json.dumps({"workflow": spec.workflow, "mission": spec.mission, "features": dict(spec.features), **told}))
    environment = {**os.environ, "PHASEGATE_TASK": str(task), **more}
    return subprocess.run(
        [sys.executable, home.personas / persona], cwd=workspace, env=environment, capture_output=True, text=True, check=False
    )


def test_there_are_these():
    assert set(FAULTS) == {*AT_LINT, *AT_A_GATE, "tampered"}


def test_a_byte_is_changed_behind_the_gate_that_passed_it_and_nothing_before(home):
    before = bytes_below(home.root)
    fault = find_fault("tampered")
    fault.apply(home)
    assert bytes_below(home.root) == before
    made = honest(home.root / "honest", through="foundation")
    run = home.evidence / WORKFLOW / RUN
    shutil.copytree(made.store.path, run)
    assert fault.later is not None
    assert fault.later.after == "foundation.gate"
    assert "ARCHITECTURE.md" in fault.later.strike(home)
    changed = [
        path for path in run.rglob("*") if path.is_file() and path.read_bytes() != (made.store.path / path.relative_to(run)).read_bytes()
    ]
    assert [path.name for path in changed] == [made.record.newest("foundation/architect").says.evidence[0].digest]
    assert Store(home.evidence).run(WORKFLOW, RUN).blob(changed[0].name) is None


def test_an_unknown_fault_is_told_which_there_are():
    with pytest.raises(PhasegateError, match=r"no fault 'gravity'\. The faults are missing-evidence, .*implementation-first"):
        find_fault("gravity")


@pytest.mark.parametrize("name", FAULTS)
def test_the_sample_itself_is_never_touched(home, name):
    before = bytes_below(sample())
    FAULTS[name].apply(home)
    assert bytes_below(sample()) == before


@pytest.mark.parametrize("name", FAULTS)
def test_only_the_spec_and_its_personas_change(home, name):
    before = bytes_below(home.product)
    loader = (home.dags / "phasegate.py").read_bytes()
    FAULTS[name].apply(home)
    assert bytes_below(home.product) == before
    assert (home.dags / "phasegate.py").read_bytes() == loader


@pytest.mark.parametrize("name", AT_LINT)
def test_the_linter_catches_it_where_it_was_written(home, name):
    rules, line = AT_LINT[name]
    FAULTS[name].apply(home)
    with pytest.raises(SpecError) as caught:
        compile_plan(read_spec(home.spec))
    found = caught.value.diagnostics
    assert {item.rule for item in found} == rules
    written = home.spec.read_text().splitlines()
    assert all(written[item.where.line - 1].startswith(line) for item in found)
    assert all(item.reason and item.remedy for item in found)


@pytest.mark.parametrize("name", AT_A_GATE)
def test_the_linter_has_nothing_to_say(home, name):
    FAULTS[name].apply(home)
    assert compile_plan(read_spec(home.spec)).workflow == "orders_mart"


def test_missing_evidence_is_a_designer_who_reports_success_and_leaves_nothing(home):
    FAULTS["missing-evidence"].apply(home)
    done = ran(home, "ux_designer.py", home.product)
    assert done.returncode == 0, done.stderr
    assert "UX.md is done" in done.stdout
    assert not (home.product / "UX.md").exists()


def test_a_designer_told_of_it_leaves_it_without_knowing_why_it_was_missing(home):
    FAULTS["missing-evidence"].apply(home)
    finding = {"rule": "evidence-missing", "subject": "foundation/ux-designer/ux", "text": "UX.md is missing.", "checks": []}
    owed = [
        {"id": "ux", "path": "UX.md", "expect": {"sections": ["User flows", "Wireframes"]}},
        {"id": "wireframe", "path": "ux/wireframe.png"},
    ]
    done = ran(home, "ux_designer.py", home.product, task={"cycle": 1, "findings": [finding], "evidence": owed})
    assert done.returncode == 0, done.stderr
    assert "UX.md: is not there" in done.stdout
    assert (home.product / "UX.md").read_text().startswith("# ")


def test_unfixable_is_an_engineer_who_gives_up_and_a_question_nobody_answers(home):
    FAULTS["unfixable"].apply(home)
    fix = compile_plan(read_spec(home.spec)).contract.fix
    assert (fix.decide, fix.timeout, fix.max_cycles) == (("lea",), 20, 1)
    engineer = home.personas / "software_engineer.py"
    compile(engineer.read_text(), str(engineer), "exec")
    assert "repair.mend(" not in engineer.read_text()


def test_failed_validation_is_code_that_counts_wrong(home):
    mart = home.personas / "work/software-engineer/daily_mart/src/mart.py"
    before = mart.read_text()
    FAULTS["failed-validation"].apply(home)
    assert mart.read_text() == before.replace("FROM orders GROUP BY", "FROM orders WHERE amount_cents < 10000 GROUP BY")
    compile(mart.read_text(), str(mart), "exec")


def test_self_validation_is_one_script_under_two_names(home):
    FAULTS["self-validation"].apply(home)
    assert (home.personas / "software_engineer.py").read_bytes() == (home.personas / "security_audit.py").read_bytes()
    plan = compile_plan(read_spec(home.spec))
    assert "security_audit.py" in plan.executions["validation/security-engineer"].work
    assert plan.executions["validation/security-engineer"].verify == "make audit"


def test_the_one_script_audits_where_there_is_no_feature(home, tmp_path):
    FAULTS["self-validation"].apply(home)
    (tmp_path / "Makefile").write_text("audit:\n\t@echo audited\n")
    done = ran(home, "security_audit.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "audited" in done.stdout.splitlines()  # make itself may say where it is


def test_the_one_script_implements_where_there_is_one(home, tmp_path):
    FAULTS["self-validation"].apply(home)
    done = ran(home, "software_engineer.py", tmp_path, PHASEGATE_FEATURE="teleport")
    assert done.returncode == 1
    assert "I do not know how to build 'teleport'" in done.stderr


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.later is None])
def test_a_sample_that_has_changed_is_not_broken_by_halves(home, name):
    for path in (home.spec, *home.personas.rglob("*.py")):
        path.write_text("phases: {}\n")
    with pytest.raises(PhasegateError, match="does not fit the sample"):
        FAULTS[name].apply(home)


def test_the_factory_knows_nothing_of_faults():
    factory = Path(dag_factory.__file__).parent
    elsewhere = [path for path in factory.rglob("*.py") if "demo" not in path.parts]
    assert len(elsewhere) > 40
    dynamic = ("missing-evidence", "failed-validation", "unfixable", "self-validation", "combined-persona", "missing-foundation")
    knowing = [path.name for path in elsewhere if any(name in path.read_text() for name in dynamic)]
    assert knowing == []
