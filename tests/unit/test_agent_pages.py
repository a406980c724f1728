"""The pages on agents and budgets: their examples are sound, and what they say of runners is what the runners say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from dag_factory.cli.explain import read_rules
from dag_factory.plan import Plan, compile_plan
from dag_factory.runners import RUNNERS
from dag_factory.runners.agents import AGENTS
from dag_factory.runners.prompt import INSTRUCTION_FILES
from dag_factory.spec import read_spec

ROOT = Path(__file__).parents[2]
AGENT = (ROOT / "docs" / "runners" / "agent.md").read_text(encoding="utf-8")
BUDGETS = (ROOT / "docs" / "budgets.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "examples" / "orders" / "workflow.yaml"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def planned(tmp_path: Path, text: str) -> Plan:
    (tmp_path / "workflow.yaml").write_text(text, encoding="utf-8")
    return compile_plan(read_spec(tmp_path / "workflow.yaml", patterns=("standard", "none")))


def test_the_complete_example_is_sound(tmp_path: Path) -> None:
    [text] = [block for block in blocks(AGENT) if block.startswith("workflow:")]
    plan = planned(tmp_path, text)
    assert {task.runner for task in plan.contract.tasks.values()} == {"agent"}


@pytest.mark.parametrize("text", [block for block in (*blocks(AGENT), *blocks(BUDGETS)) if not block.startswith("workflow:")])
def test_a_part_fits_the_sample(text: str, tmp_path: Path) -> None:
    spec, more = yaml.safe_load(SAMPLE.read_text(encoding="utf-8")), yaml.safe_load(text)
    spec["personas"] |= more.pop("personas", {})
    for phase, written in more.pop("phases", {}).items():
        spec.setdefault("phases", {}).setdefault(phase, {}).setdefault("tasks", {}).update(written["tasks"])
    plan = planned(tmp_path, yaml.safe_dump(spec | more, sort_keys=False))
    assert any(execution.accounts for execution in plan.executions.values())


def test_what_can_be_held_to_a_budget() -> None:
    kinds = ("money", "tokens", "requests", "time")
    for names, *cells in re.findall(r"^\| (`[^|]+) \| (yes|no) \| (yes|no) \| (yes|no) \| (yes|no) \|$", BUDGETS, re.MULTILINE):
        said = {kind for kind, cell in zip(kinds, cells, strict=True) if cell == "yes"}
        for name in re.findall(r"`([^`]+)`", names):
            runner, _, value = name.partition(": ")
            if runner in RUNNERS:  # a page may be ahead of a runner
                assert RUNNERS[runner].reports(value or True) == said, name
    assert all(f"`agent: {name}`" in BUDGETS for name in AGENTS)


def test_every_instruction_file_that_is_named_is_known() -> None:
    [named] = re.findall(r"^Files that agents take for their instructions \(([^)]+)\)", AGENT, re.MULTILINE)
    assert {name.strip("/") for name in re.findall(r"`([^`]+)`", named)} <= set(INSTRUCTION_FILES)


def test_every_way_to_fail_is_told() -> None:
    rules = {rule for rule in read_rules() if rule.startswith("agent-") and read_rules()[rule]["at"] == "the seal"}
    assert {f"../rules/{rule}.md" for rule in rules} <= set(re.findall(r"\]\(([^)]+)\)", AGENT))


@pytest.mark.parametrize(("text", "folder"), [(AGENT, "docs/runners"), (BUDGETS, "docs")])
def test_every_link_leads_somewhere(text: str, folder: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        if "://" not in target:
            path = (ROOT / folder / name).resolve()
            assert path.exists(), target
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert not anchor or anchor in {heading.lower().replace("`", "").replace(" ", "-") for heading in headings}, target
