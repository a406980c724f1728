"""`phasegate demo --agent claude`: the sample on a real Airflow, with the real `claude` as its engineers; its model is scripted, and lets it do what the
sample's own script does."""

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


def engineer(asked: Asked) -> Turn:
    return Say("The feature is built.") if asked.results else Call("Bash", {"command": ENGINEER, "description": "Build it"})


@pytest.mark.airflow
def test_the_visitors_own_agent_works_as_the_engineers(tmp_path):
    home = tmp_path / "visitor"
    home.mkdir()
    with scripted(engineer) as model:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "ANTHROPIC", "CLAUDE", "PYTEST"))}
        done = subprocess.run(
            [str(Path(sys.executable).with_name("phasegate")), "demo", "--agent", "claude", "--home", str(tmp_path / "demo")],
            env={**kept, "HOME": str(home), "ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": KEY}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("MISSION SUCCESS")
    assert "@software-engineer is claude, with your login (ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL); it may spend 5 USD in all" in done.stdout
    record = read_record(Store(tmp_path / "demo/airflow/phasegate/evidence").run("orders_mart", "demo"))
    assert record is not None
    engineers = [task for task in record.contract.tasks.values() if task.runner == "agent"]
    assert [task.task for task in engineers] == ["ingest.software-engineer", "daily_mart.software-engineer"]
    talks = {record.newest(task.id).says.figures.conversation for task in engineers}
    assert len(talks) == 2
    assert all(float(record.newest(task.id).says.figures.cost) > 0 for task in engineers)
    assert "Your feature is ingest. Others work on: daily_mart." in "".join(asked.text for asked in model.work)
    made = b"".join(path.read_bytes() for path in (tmp_path / "demo").rglob("*") if path.is_file() and not path.is_symlink())
    assert KEY.encode() not in made, "the key is nowhere"
