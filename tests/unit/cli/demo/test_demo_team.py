"""The visitor's own agent at the engineers' desks: bound in the copied spec, with the visitor's login, and no key written anywhere."""

from __future__ import annotations

import pytest

from dag_factory.cli.demo import mission
from dag_factory.cli.demo.home import fresh_home, sample
from dag_factory.cli.demo.team import seat
from dag_factory.errors import PhasegateError
from dag_factory.plan import compile_plan
from dag_factory.spec import read_spec


@pytest.fixture
def programs(tmp_path):
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("claude", "codex"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.mark.parametrize(("agent", "accounts"), [("claude", {"money": "5"}), ("codex", {"tokens": 5_000_000})])
def test_the_engineers_are_bound_to_it(tmp_path, programs, agent, accounts):
    given = {"PATH": programs, "HOME": "/home/maria", "ANTHROPIC_API_KEY": "sk-secret", "OPENAI_API_KEY": "sk-secret", "EDITOR": "vi"}
    with fresh_home(tmp_path / "demo") as home:
        says = seat(home, agent, given)
        plan = compile_plan(read_spec(home.spec))
        assert "sk-secret" not in home.spec.read_text()
    assert says.startswith(f"@software-engineer is {agent}, with your login (")
    bound = {name: execution for name, execution in plan.executions.items() if plan.contract.tasks[name].runner == "agent"}
    assert set(bound) == {"implementation/ingest.software-engineer", "implementation/daily_mart.software-engineer"}
    key = "ANTHROPIC_API_KEY" if agent == "claude" else "OPENAI_API_KEY"
    for execution in bound.values():
        assert execution.work == agent
        assert execution.env == {key: {"env": key}, "HOME": "/home/maria"}
        assert execution.accounts == ("persona/software-engineer",)
    assert plan.budgets["persona/software-engineer"].model_dump(exclude_none=True) == accounts


def test_one_that_is_not_installed(tmp_path, programs):
    with fresh_home(tmp_path / "demo") as home:
        with pytest.raises(
            PhasegateError, match=r"`claude` is not on PATH\. Install it with `npm install -g @anthropic-ai/claude-code`, log in"
        ):
            seat(home, "claude", {"PATH": str(tmp_path)})
        with pytest.raises(PhasegateError, match=r"There is no agent 'cloude'\. The agents are claude, codex\."):
            seat(home, "cloude", {"PATH": programs})
        assert home.spec.read_bytes() == (sample() / "workflow.yaml").read_bytes()


def test_the_demo_tells_who_works(world, console, tmp_path, programs, monkeypatch):
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    code = mission.run_demo(home=tmp_path / "demo", console=console, pace=world.pace, airflow=world.airflow, agent="claude")
    assert code == 0
    assert "@software-engineer is claude, with your login" in console.file.getvalue()
    assert "software-engineer: {agent: claude, budget: 5 USD" in world.home.spec.read_text()
