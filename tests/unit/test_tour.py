"""The tour's five commands, run in their order on a finished run; and what they say of one that was changed on the way."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.auditing import finished, flip
from support.runs import HonestRun

from dag_factory.evidence.keys import AUTHORITY

ROOT = Path(__file__).parents[2]
TOUR = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", TOUR, re.DOTALL)
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "jq", "openssl"))), reason="the tour needs bash, jq and openssl: apt-get install jq openssl"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> HonestRun:
    return finished(tmp_path_factory.mktemp("finished"))


@pytest.fixture
def go(made: HonestRun, tmp_path: Path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "phasegate").write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from dag_factory.cli import main; main()" "$@"\n', encoding="utf-8"
    )
    (tools / "phasegate").chmod(0o755)
    shutil.copyfile(ROOT / "scripts" / "verify-run.sh", tmp_path / "verify-run.sh")
    keyid = made.keys.signer(AUTHORITY).public.keyid
    environment = os.environ | {"RUN": str(made.store.path), "KEYID": keyid, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}

    def run(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    return run


def test_five_commands_from_a_run_to_a_stranger(go, made: HonestRun, tmp_path: Path) -> None:
    assert len(COMMANDS) == 5
    said = []
    for command in COMMANDS:
        answer = go(command)
        assert answer.returncode == 0, f"{command}\n{answer.stdout}{answer.stderr}"
        said.append(answer.stdout)
    first, _, third, fourth, fifth = said
    assert f"Charter signed by key {made.record.charter.keyid}" in first
    assert third.endswith("GOOD: everything fits together\n")
    for task in made.contract.tasks.values():
        assert f"{task.phase}/{task.task} by @{task.persona} (" in fourth
    assert "foundation/architect by @architect (script:sha256:architect-foundation): ARCHITECTURE.md" in fourth
    for phase in made.contract.phases:
        assert f"  gate of {phase.id}: PASSED, approved commit" in fourth
    assert "The run: PASSED" in fifth
    assert "✗" not in fifth

    flip(next((tmp_path / "orders_mart" / "blobs").glob("*/*")))  # on the way
    assert go(COMMANDS[2].replace("tar -xzf orders_mart.tar.gz && ", "")).returncode == 1
