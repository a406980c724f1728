"""`phasegate reference`: `docs/spec.md` says what the models say, and is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.reference import page
from dag_factory.cli.schema import read_keys
from dag_factory.errors import PhasegateError
from dag_factory.evidence.kinds import KINDS
from dag_factory.evidence.kinds.base import Material
from dag_factory.spec.models import Evidence

KEPT = Path(__file__).parents[3] / "docs" / "spec.md"
PAGE = page()


def test_the_page_is_up_to_date():
    assert KEPT.read_text(encoding="utf-8") == PAGE, "Run: phasegate reference --write docs/spec.md"


def test_it_is_printed_or_written(tmp_path):
    assert CliRunner().invoke(app, ["reference"]).output == PAGE
    result = CliRunner().invoke(app, ["reference", "--write", str(tmp_path / "docs" / "spec.md")])
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "docs" / "spec.md").read_text(encoding="utf-8") == PAGE


def test_a_page_that_cannot_be_written_is_an_error_that_says_where(tmp_path):
    (tmp_path / "docs").write_text("no folder", encoding="utf-8")
    result = CliRunner().invoke(app, ["reference", "--write", str(tmp_path / "docs" / "spec.md")])
    assert isinstance(result.exception, PhasegateError)
    assert str(tmp_path / "docs" / "spec.md") in str(result.exception)


def test_every_key_has_a_row_with_five_cells():
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in PAGE.splitlines() if line.startswith("| `")]
    assert all(len(row) in (4, 5) and all(cell.strip() for cell in row) for row in rows)
    keys = [row[0].strip(" `") for row in rows if len(row) == 5]
    assert keys == [key for model in _order() for key, told in read_keys()[model].items() if "refused" not in told]


def _order() -> list[str]:
    from dag_factory.cli.reference import _HEADINGS

    assert set(_HEADINGS) == set(read_keys())
    return list(_HEADINGS)


def test_every_link_leads_somewhere():
    titles = {title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        if target.startswith("#"):
            assert target[1:] in titles
        else:
            file, _, title = target.partition("#")
            assert (KEPT.parent / file).is_file()
            assert not title or f"# {title.replace('-', ' ')}\n" in (KEPT.parent / file).read_text(encoding="utf-8").lower()


@pytest.mark.parametrize(("kind", "language"), [("interface", "markdown"), ("stories", "json")])
def test_a_document_that_is_written_as_the_page_shows_is_sound(kind, language):
    shown = PAGE.partition(f"\n### {kind}\n")[2].partition(f"```{language}\n")[2].partition("```")[0]
    examined = KINDS[kind].examine(Material("shown", shown.encode()), KINDS[kind].Expect())
    assert examined.faults == ()
    assert any(examined.facts.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_everything_that_may_be_expected_and_a_sound_example(kind):
    section = PAGE.partition(f"\n### {kind}\n")[2].partition("\n##")[0]
    rows = re.findall(r"^\| `(\w+)` ", section, re.MULTILINE)
    assert rows == [info.alias or name for name, info in KINDS[kind].Expect.model_fields.items()]
    example = yaml.safe_load(section.partition("```yaml\n")[2].partition("```")[0])
    [item] = example.values()
    read = Evidence.model_validate(item)
    assert read.kind == kind
    KINDS[kind].Expect.model_validate(read.expect)


def test_a_reason_is_called_a_text_and_how_long_it_must_be():
    assert "`reason` (text of at least 10 characters)" in PAGE
    assert "`reason` (name)" not in PAGE
