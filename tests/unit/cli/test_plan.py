"""`phasegate plan`: a tree for people, bytes for machines, one line for both."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dag_factory.cli import app

SAMPLE = Path(__file__).parents[3] / "examples" / "orders" / "workflow.yaml"


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, args)], env={"COLUMNS": "200"})


def test_the_tree_names_phases_tasks_evidence_and_gates() -> None:
    result = run(SAMPLE)
    assert result.exit_code == 0
    for part in (
        "orders_mart", "1 Foundation", "2 Implementation", "gate 4", "ingest.software-engineer", "daily_mart.sdet",
        "@security-engineer, validation, by check", "interface: interfaces/ingest/INTERFACE.md (interface, observed)", "All three complete with evidence.",
    ):  # fmt: skip
        assert part in result.stdout
    assert re.search(r"plan sha256 [0-9a-f]{64}\n", result.stdout)


def test_json_is_byte_for_byte_what_the_digest_is_of() -> None:
    text, digest = run(SAMPLE, "--json").stdout, run(SAMPLE, "--digest").stdout.strip()
    assert hashlib.sha256(text.removesuffix("\n").encode()).hexdigest() == digest
    assert json.loads(text)["contract"]["workflow"] == "orders_mart"
    assert digest in run(SAMPLE).stdout


def test_marks_in_texts_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(SAMPLE.read_text().replace("mission: Daily", 'mission: "[red]Daily[/red] [/]"\n# '))
    result = run(path)
    assert result.exit_code == 0
    assert "[red]Daily[/red] [/]" in result.stdout


@pytest.mark.parametrize("option", [(), ("--json",), ("--digest",)])
def test_a_broken_spec_has_no_plan(tmp_path: Path, option: tuple[str, ...]) -> None:
    path = tmp_path / "w.yaml"
    path.write_text("workflow: x\nmission: y\npersonas: ~\n")
    result = run(path, *option)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{path}:3:1: wrong-type: personas")
    assert "sha256" not in result.stdout


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere.yaml")
    assert (result.exit_code, "file-unreadable" in result.stdout) == (1, True)


def test_a_pattern_the_platform_allows(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text(
        "workflow: ship\npattern: false\nmission: Ship\npersonas: {devops: {check: make deploy}}\npaths: {deploy: [deploy]}\nworkspace: {git: repo}\n"
        "checks: {deployment: make deploy}\nphases: {ship: {gate: {says: Shipped.}, tasks: {devops: {persona: devops}}}}\n"
    )
    assert "pattern-forbidden" in run(path).stdout
    assert "1 Ship" in run(path, "--patterns", "none").stdout
