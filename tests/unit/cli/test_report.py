"""`phasegate report`: a run as Markdown that says everything and does nothing."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from support.harmless import faults, text_of
from support.runs import honest, place
from support.telling import FINDING, JUDGED, TESTER, decided, failed, mended, waived
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.errors import PhasegateError, StoreError
from dag_factory.evidence.reported import Figures
from dag_factory.evidence.statement import Refusal

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
EVIL = "x\x1b[2J|`</td><script>alert(1)</script> ![](http://evil/p.png) [a](javascript:x) @everyone fixes #1 \u202e\n# Title\n```\n<img src=x>\n"


def ask(run, *more):
    result = CliRunner().invoke(app, ["report", str(run.store.path), *more])
    assert result.exit_code == 0, result.exception
    return result.output


def rendered(text):
    html = MARKDOWN.render(text)
    assert faults(re.sub(r"<(/?)h[12]>", r"<\1h3>", html).replace(' class="language-sh"', "")) == []
    return html


def headings(text):
    return [line for line in text.splitlines() if line.startswith("#") and not line.startswith("####")]


def test_an_honest_run(tmp_path):
    run = honest(tmp_path, through="integration")
    text = ask(run)
    rendered(text)
    assert text.splitlines()[0] == "# ✓ `orders_mart`: PASSED"
    assert [line for line in headings(text) if "PASSED" in line][1:] == [
        "## ✓ 1 Foundation: PASSED", "## ✓ 2 Implementation: PASSED", "## ✓ 3 Validation and documentation: PASSED",
        "## ✓ 4 Integration and architecture update: PASSED",
    ]  # fmt: skip
    assert text.count("| holds |") == 9
    assert "⚠" not in text
    assert "✗" not in text


def test_digests_and_key_ids_are_whole(tmp_path):
    run = honest(tmp_path, through="integration")
    text, record = ask(run), run.record
    everything = {
        record.charter.digest,
        record.charter.keyid,
        run.plan.digest,
        *(record.verdict(phase.id).digest for phase in run.contract.phases),
    }
    for task in run.contract.tasks.values():
        stored = record.newest(task.id)
        everything |= {stored.digest, stored.keyid, *(entry.digest for entry in stored.says.evidence), *stored.says.principals}
    assert {name for name in everything if name not in text} == set()
    assert f"phasegate verify RUN_FOLDER --trust {record.charter.keyid}" in text


def test_who_made_and_who_checked(tmp_path):
    text = ask(honest(tmp_path, through="integration"))
    [line] = [line for line in text.splitlines() if line.startswith("| `implementation/ingest.software-engineer` | `@software-engineer")]
    assert f"`{TESTER}`" in line.rsplit("|", 2)[1]
    assert "`script:sha256:software-engineer-implementation`" in line


def test_a_finding_stands_in_it_word_for_word(tmp_path):
    run = failed(tmp_path)
    text = ask(run)
    assert f"#### ✗ `{FINDING}`\n\n**open**, in the work of `{TESTER}`.\n\n```\nThe check failed" in text
    assert "## ✗ 3 Validation and documentation: FAILED" in text
    assert "- `fix cycle 1 begins: triage says who mends what`" in text


def test_what_passed_with_a_waiver_is_never_shown_like_what_passed(tmp_path):
    run = failed(tmp_path)
    number = waived(run)
    run.answer("validation")
    run.work("integration")
    run.answer("integration")
    text = ask(run)
    rendered(text)
    assert text.splitlines()[0] == "# ⚠ `orders_mart`: PASSED_WITH_WAIVER"
    assert "**but not everything was mended**" in text
    assert "## ⚠ 3 Validation and documentation: PASSED_WITH_WAIVER" in text
    assert f"#### ⚠ `{FINDING}`\n\n**waived** `by erin until" in text
    assert f"| ⚠ `{number}` | counts | `{FINDING}` | `erin` | `Known, ticket 4711` |" in text
    assert "| ⚠ | `@test-engineer gave technical validation` | waived |" in text
    assert "✓ PASSED_WITH_WAIVER" not in text


def test_decisions_and_what_is_no_statement(tmp_path):
    run = failed(tmp_path)
    decided(run, "stop", by="frank", reason="Too late.")
    place(run, "statements/validation/security-engineer").write_bytes(b"{}")
    text = ask(run)
    rendered(text)
    assert "| ✗ stop | `frank` | `Too late.` | 0 | – |" in text
    assert "### What lies there and is no statement" in text


def test_what_has_not_begun_is_one_word(tmp_path):
    text = ask(honest(tmp_path, through="foundation"))
    assert (
        "## … 4 Integration and architecture update: no verdict\n\n`Integration PASSED and architecture updated.`\n\nNot begun.\n" in text
    )


def test_what_others_wrote_is_code_and_nothing_else(tmp_path):
    run = failed(tmp_path)
    run.principals["validation/documentation-writer"] = (f"login:{EVIL}",)
    run.deliver("validation/documentation-writer", refusals=(Refusal(rule="workspace-path-name", path=EVIL, text=EVIL),))
    decided(run, "stop", by=EVIL, reason=EVIL)
    run.answer("validation")
    text = ask(run)
    html = rendered(text)
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    for word in ("script", "evil", "everyone", "fixes", "<img", "<a ", "javascript", "Title"):
        assert word not in outside, word
    assert "<script>alert(1)</script>" in text_of(html), "and it is there, to be read"
    assert "\x1b" not in text
    assert "\u202e" not in text
    rows = [len(re.findall(r"<t[dh]", row)) for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL)]
    assert set(rows) <= {2, 3, 5, 6, 7, 8, 11}, "no cell was broken"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        house = mended(tmp_path_factory.mktemp("report") / "house", patch)
        house.fix("check")
        yield house


def test_fix_cycles(house):
    text = ask(house)
    rendered(text)
    commit = house.record.rounds["check"][0].statements["build/two.maker"][-1].says.sealed.commit
    assert "### Fix cycle 1" in text
    assert f"| `build/two.maker` | `@maker` | mends | `{JUDGED}` | yes | `{commit}` |" in text
    assert "| `check/judge` | `@judge` | judges again | – | yes | – |" in text
    assert f"- mended: `{JUDGED}`" in text
    assert f"#### ✓ `{JUDGED}`\n\n**mended** `in cycle 1 by build/two.maker ({commit[:12]})`" in text


def test_into_a_file(tmp_path):
    run = honest(tmp_path, through="foundation")
    told = tmp_path / "report.md"
    told.write_text("older")
    assert ask(run, "--output", str(told)) == ""
    assert told.read_text(encoding="utf-8").splitlines()[0] == "# … `orders_mart`: OPEN"


@pytest.mark.parametrize("name", ["nowhere/report.md", "folder"])
def test_a_file_that_cannot_be_written(tmp_path, name):
    run = honest(tmp_path / "run", through="foundation")
    (tmp_path / "folder").mkdir()
    result = CliRunner().invoke(app, ["report", str(run.store.path), "-o", str(tmp_path / name)])
    assert isinstance(result.exception, PhasegateError)
    assert "cannot be written to" in str(result.exception)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "run"]


def test_a_run_that_is_not_there(tmp_path):
    result = CliRunner().invoke(app, ["report", "orders_mart/manual__1", "--root", str(tmp_path)])
    assert isinstance(result.exception, StoreError)


def test_what_it_cost(tmp_path):
    run = honest(tmp_path, through="foundation")
    figures = {"provider": "acme", "model": "large", "conversation": "c", "requests": 2, "input_tokens": 1200, "output_tokens": 34}
    run.deliver("foundation/architect", figures=Figures(**figures, cost="0.101"))
    run.deliver("foundation/architect", figures=Figures(**figures, cost="0.2"))
    run.deliver("foundation/ux-designer", figures=Figures(**figures, cost=None))
    text = ask(run)
    rendered(text)
    assert "| cost | 0.31 USD, as far as agents reported it |" in text
    assert "| 0.31 USD, 2,468 tokens |" in text
    assert "| 1,234 tokens |" in text
    assert "| cost | none was reported |" in ask(honest(tmp_path / "other", through="foundation"))


def test_every_grade_and_every_network_is_told(tmp_path):
    writer, tester = "validation/documentation-writer", TESTER
    run = honest(tmp_path, worked="validation")
    [check] = run.results(run.contract.tasks[tester], "seal")
    run.deliver(tester, checks=(check.model_copy(update={"network": "open", "why_open": "it may reach it", "kept_in": True}),))
    run.deliver(writer, excerpt="reading\nALL TESTS PASSED @everyone\n")
    text = ask(run)
    assert f"| `{tester}` | `check` | ✓ exit code 0 | `re-executed` | `open: it may reach it` | ✓ |" in text
    assert "| `re-executed` | `none` | – |" in text
    assert f"| `{writer}` | `claimed` | `ALL TESTS PASSED @everyone` |" in text
    assert {"`observed`", "`re-executed`"} <= set(re.findall(r"`[a-z-]+`", text))
    assert f"| `{tester}` | `claimed`" not in text, "what Phasegate runs itself claims nothing"
