"""Where a broken operator is told, that it harms nobody else, and that operators mend."""

from __future__ import annotations

import pytest
from support.mending import mendable
from typer.testing import CliRunner

from dag_factory import load_workflows
from dag_factory.cli import app

BASH = "airflow.providers.standard.operators.bash.BashOperator"
SPEC = """\
workflow: {name}
mission: A workflow with an operator
workspace: {{git: orders_repo}}
features: {{ingest: Load partner CSVs}}
personas:
  default: {{command: make all, verify: make all}}
  devops:
    {binding}
"""
GOOD = "operator: " + BASH + "\n    arguments: {bash_command: make}"
BROKEN = {
    "path": ("operator: nowhere.at.All", 8, 5, "there is no module nowhere"),
    "arguments": (
        "operator: " + BASH + "\n    arguments: {bush: 1}",
        9,
        5,
        "BashOperator refuses its arguments: missing keyword argument 'bash_command'.",
    ),
}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "workflows").mkdir()
    for name, (binding, *_) in {"good": (GOOD,), **BROKEN}.items():
        (tmp_path / "workflows" / f"{name}.yaml").write_text(SPEC.format(name=name, binding=binding), encoding="utf-8")
    return tmp_path / "workflows"


def test_the_loader_tells_it_at_its_place_and_its_siblings_stay(folder, tmp_path):
    namespace = {"__file__": str(tmp_path / "phasegate.py")}
    broken = load_workflows(namespace, "workflows")
    assert type(namespace["good"].get_task("integration.devops")).__name__ == "BashOperator"
    assert namespace["good"].get_task("integration.devops").bash_command == "make"
    assert {path.rpartition("/")[2] for path in broken} == {f"{name}.yaml" for name in BROKEN}
    for name, (_, line, column, says) in BROKEN.items():
        [told] = broken[str(folder / f"{name}.yaml")].diagnostics
        assert (told.rule, told.where.line, told.where.column) == ("operator-unusable", line, column)
        assert says in told.reason


@pytest.mark.parametrize("here", [True, False])
def test_lint_tells_it_too_where_an_airflow_is_set_up(folder, tmp_path, monkeypatch, here):
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    if here:
        (tmp_path / "home" / "airflow.cfg").write_text("[core]\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["lint", str(folder)])
    assert result.stdout.count("operator-unusable") == (len(BROKEN) if here else 0)
    assert result.exit_code == int(here), result.output


def test_an_operator_mends_one_order_a_task(tmp_path, monkeypatch):
    house = mendable(tmp_path / "house", monkeypatch)
    path = house.specs / "workflow.yaml"
    old = """maker: {command: 'sh "$PHASEGATE_SPEC_DIR/make.sh"'}"""
    text = path.read_text(encoding="utf-8")
    assert old in text
    command = "'sh {{ phasegate.spec_dir }}/make.sh {feature}'"
    house.write(
        text.replace(old, f"maker: {{operator: {BASH}, arguments: {{bash_command: {command}, cwd: '{{{{ phasegate.workspace }}}}'}}}}")
    )
    house.run("kickoff")
    for phase in ("plan", "build", "check"):
        house.phase(phase)
    assert house.word("check") == "FAILED"
    house.run("check.fix_1.triage")
    [name] = [task for task in house.dag().task_ids if task.startswith("check.fix_1.fix-maker")]
    for index, order in enumerate(house.xcoms["check.fix_1.triage", "return_value"]):
        house._one(house.dag().get_task(name).unmap({"order": order}), name, map_index=index)
    house.run("check.fix_1.converge", "check.fix_1.judge", "check.fix_1.writer", "check.fix_1.join", "check.fix_1.gate")
    assert (house.word("check"), house.failures.keys() - {"check.gate"}) == ("PASSED", set()), house.failures
    mended = house.record.rounds["check"][0].statements["build/one.maker"][-1].says
    assert (mended.runner, mended.outcome) == ("operator", "completed")
