"""The page of each runner: it has a complete example, and the linter finds it sound when it is called as the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.runners import RUNNERS, lacking

PAGES = Path(__file__).parents[2] / "docs" / "runners"


@pytest.mark.parametrize("runner", sorted(RUNNERS))
def test_the_complete_example_is_linted_as_the_page_says(runner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing := lacking(runner):
        pytest.skip(missing)
    page = (PAGES / f"{runner}.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n(workflow:.*?)^```", page, re.MULTILINE | re.DOTALL)
    [command] = set(re.findall(r"phasegate (lint --patterns [^`\n]+)", page))
    *_, file = words = shlex.split(command)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    Path(file).write_text(example, encoding="utf-8")
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert f"{runner}:" in example
    assert f"workflow: {file.removesuffix('.yaml')}\n" in example
