"""`phasegate demo --agent claude` and `codex`: the sample on a real Airflow, with the real command line as its engineers and the model it has by default; that
model is scripted, and lets it do what the sample's own script does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from agents.conftest import KEY
from support.models import Asked, Call, Say, Turn, scripted

from dag_factory.evidence.record import read_record
from dag_factory.evidence.store import Store

ENGINEER = 'python "$PHASEGATE_SPEC_DIR/personas/software_engineer.py"'


SHELLS = {
    "claude": lambda command: Call("Bash", {"command": command, "description": "Build it"}),
    "codex": lambda command: Call("exec_command", {"cmd": command}),
}


@pytest.mark.airflow
@pytest.mark.parametrize(
    ("agent", "names", "path", "spends"),
    [
        ("claude", ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"), "", "5 USD"),
        ("codex", ("CODEX_API_KEY", "OPENAI_BASE_URL"), "/v1", "tokens: 5000000"),
    ],
    ids=["claude", "codex"],
)
def test_the_visitors_own_agent_works_as_the_engineers(tmp_path, agent, names, path, spends):
    home = tmp_path / "visitor"
    home.mkdir()

    def engineer(asked: Asked) -> Turn:
        return Say("The feature is built.") if asked.results else SHELLS[agent](ENGINEER)

    with scripted(engineer) as model:
        others = ("AIRFLOW", "ANTHROPIC", "CLAUDE", "CODEX", "OPENAI", "PYTEST")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("phasegate")), "demo", "--agent", agent, "--home", str(tmp_path / "demo")],
            env={**kept, "HOME": str(home), names[0]: KEY, names[1]: f"{model.url}{path}"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("MISSION SUCCESS")
    assert f"@software-engineer is {agent}, with your login ({', '.join(names)}); it may spend {spends} in all" in done.stdout
    record = read_record(Store(tmp_path / "demo/airflow/phasegate/evidence").run("orders_mart", "demo"))
    assert record is not None
    engineers = [task for task in record.contract.tasks.values() if task.runner == "agent"]
    assert [task.task for task in engineers] == ["ingest.software-engineer", "daily_mart.software-engineer"]
    figures = [record.newest(task.id).says.figures for task in engineers]
    assert len({one.conversation for one in figures}) == 2
    assert all(one.input_tokens and one.output_tokens for one in figures)
    assert all(float(one.cost) > 0 if agent == "claude" else one.cost is None for one in figures)
    assert "Your feature is ingest. Others work on: daily_mart." in "".join(asked.text for asked in model.work)
    made = b"".join(path.read_bytes() for path in (tmp_path / "demo").rglob("*") if path.is_file() and not path.is_symlink())
    assert KEY.encode() not in made, "the key is nowhere"
