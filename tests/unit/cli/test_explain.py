"""`phasegate explain`: every rule has a page, and a slip of the pen finds it."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from dag_factory.cli.explain import explain, page, read_rules
from dag_factory.spec import read_catalogue

APP = typer.Typer()
APP.command()(explain)


def ask(*words):
    return CliRunner().invoke(APP, list(words))


def test_one_rule():
    result = ask("statement-misbound")
    assert result.exit_code == 0
    assert result.output.startswith("# statement-misbound\n")
    assert result.output == page("statement-misbound") + "\n"
    for heading in ("*Looked at by the gate.*", "## Why", "## What to do"):
        assert heading in result.output


@pytest.mark.parametrize("words", [(), ("rules",)])
def test_all_rules(words):
    result = ask(*words)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line.split()[0] for line in lines] == list(read_rules())
    assert all(read_rules()[line.split()[0]]["says"] in line for line in lines)


def test_all_personas():
    result = ask("personas")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.output.splitlines()] == [f"@{name}" for name in read_catalogue()]
    assert "foundation, architecture-update" in result.output


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("statement-misbund", "Did you mean 'statement-misbound'?"),
        ("merge-mising", "Did you mean 'merge-missing'?"),
        ("xyzzy", "There is no rule 'xyzzy'. `phasegate explain` lists all rules."),
        ("architect", "`phasegate explain personas` lists the personas."),
    ],
)
def test_a_rule_that_is_not_there(slip, meant):
    result = ask(slip)
    assert result.exit_code == 2
    assert meant in result.output


def test_pages_are_written(tmp_path):
    result = ask("--write", str(tmp_path / "docs" / "rules"))
    assert result.exit_code == 0
    assert {path.name for path in (tmp_path / "docs" / "rules").iterdir()} == {"README.md", *(f"{rule}.md" for rule in read_rules())}
    index = (tmp_path / "docs" / "rules" / "README.md").read_text(encoding="utf-8")
    for rule, told in read_rules().items():
        assert (tmp_path / "docs" / "rules" / f"{rule}.md").read_text(encoding="utf-8") == page(rule)
        assert f"| [{rule}]({rule}.md) | {told['at']} | {told['says']} |" in index


def test_an_example_is_yaml_in_a_fence():
    with_example = [rule for rule, told in read_rules().items() if told.get("example")]
    assert with_example
    assert all("## Example\n\n```yaml\n" in page(rule) for rule in with_example)
    assert all("## Example" not in page(rule) for rule in read_rules() if rule not in with_example)
