"""The examples that people copy are sound: the data-platform example, and every workflow on the pages of runners."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dag_factory.plan import Plan, compile_plan
from dag_factory.runners import RUNNERS
from dag_factory.spec import read_spec

ROOT = Path(__file__).parents[3]
VALUE = ROOT / "examples" / "customer_value"
PAGES = sorted((ROOT / "docs" / "runners").glob("*.md"))
ROOM = {"check", "command", "python", "external", "human", "operator"}


def planned(path: Path, *patterns: str) -> Plan:
    return compile_plan(read_spec(path, patterns=patterns))


def test_the_data_platform_example_is_sound_and_everyone_in_it_works_another_way() -> None:
    plan = planned(VALUE / "workflow.yaml", "standard")
    ways = {task.persona: task.runner for task in plan.contract.tasks.values()}
    assert {ways[name] for name in ("architect", "software-engineer", "sdet")} == {"agent"}
    assert (ways["product-manager"], ways["devops"], ways["documentation-writer"]) == ("human", "operator", "command")
    assert {ways[name] for name in ("test-engineer", "performance-engineer", "security-engineer")} == {"check"}


def test_its_agent_is_given_what_it_works_with() -> None:
    """An agent has a HOME of its own, so nobody's login is there."""
    plan = planned(VALUE / "workflow.yaml", "standard")
    given = [plan.executions[task.id].env for task in plan.contract.tasks.values() if task.runner == "agent"]
    assert given == [{"ANTHROPIC_API_KEY": {"var": "anthropic_api_key"}}] * 8
    assert "`anthropic_api_key`" in (VALUE / "README.md").read_text(encoding="utf-8")


def test_its_operator_is_one_that_can_be_made() -> None:
    from dag_factory.operators.stock import tried

    assert tried(planned(VALUE / "workflow.yaml", "standard"), VALUE) == []


def test_its_scripts_leave_what_their_personas_owe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "value.py").write_text('def estimate(history):\n    """Estimate the value of a customer."""\n', encoding="utf-8")
    (tmp_path / "task.json").write_text(json.dumps({"features": {"value": "Estimate it."}}), encoding="utf-8")
    environment = {"PHASEGATE_TASK": str(tmp_path / "task.json"), "PATH": "/usr/bin:/bin"}
    for argv in ([sys.executable, VALUE / "personas" / "documentation_writer.py"], ["sh", VALUE / "personas" / "deployment.sh", "staging"]):
        subprocess.run(argv, cwd=tmp_path, env=environment, check=True)
    owed = [
        item
        for task in planned(VALUE / "workflow.yaml", "standard").contract.tasks.values()
        if task.persona in {"documentation-writer", "devops"}
        for item in task.items
        if item.path
    ]
    from dag_factory.evidence.kinds import KINDS, Material

    for item in owed:
        kind = KINDS[item.kind]
        found = kind.examine(Material(item.place, (tmp_path / str(item.path)).read_bytes()), kind.Expect.model_validate(item.expect))
        assert found.faults == (), item.place


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "README.md"], ids=lambda page: page.stem)
def test_a_page_has_a_complete_example_that_is_sound(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    whole = [block for block in blocks if block.startswith("workflow:")]
    assert whole, f"{page.name} has no complete example"
    for block in whole:
        (tmp_path / "workflow.yaml").write_text(block, encoding="utf-8")
        plan = planned(tmp_path / "workflow.yaml", "standard", "none")
        assert page.stem in {task.runner for task in plan.contract.tasks.values()}


def test_every_runner_stands_in_the_table_and_every_page_is_linked() -> None:
    text = (ROOT / "docs" / "runners" / "README.md").read_text(encoding="utf-8")
    assert [name for name in RUNNERS if f"| `{name}` |" not in text] == []
    assert [page.name for page in PAGES if page.name != "README.md" and page.stem in ROOM and f"]({page.name})" not in text] == []


@pytest.mark.parametrize("page", [*PAGES, VALUE / "README.md"], ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target
