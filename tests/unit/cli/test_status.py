"""`phasegate status`: where a run stands, in a terminal and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pendulum
import pytest
from rich.console import Console
from support.runs import honest
from support.telling import FINDING, JUDGED, TESTER, decided, failed, mended, waived
from typer.testing import CliRunner

from dag_factory.cli import app
from dag_factory.cli.report import page
from dag_factory.cli.status import show
from dag_factory.errors import EnvelopeError, StoreError
from dag_factory.evidence.recount import account_of
from dag_factory.evidence.reported import Figures
from dag_factory.evidence.waiting import Waited

UNSEEN = "Airflow tells whether it is at it. What somebody marked there by hand left no statement: clear it, with what comes after it."


def ask(run, *more):
    result = CliRunner().invoke(app, ["status", str(run.store.path), *more])
    assert result.exit_code == 0, result.exception
    return result.output


def coloured(run):
    """What a terminal with colours is sent."""
    stream = io.StringIO()
    show(
        Console(file=stream, force_terminal=True, color_system="standard", width=200, highlight=False),
        account_of(run.record, pendulum.now("UTC")),
    )
    return stream.getvalue()


def test_an_honest_run(tmp_path):
    told = ask(honest(tmp_path, through="integration"))
    assert told.splitlines()[0] == "Run manual__1 of orders_mart: ✓ PASSED"
    assert "waits" not in told
    assert told.count("✓ PASSED") == 5
    assert "  Every phase is passed, and `complete` still judges them all; `phasegate verify` judges it all again." in told
    assert "1 Foundation: ✓ PASSED" in told
    assert "    ux-designer " in told
    assert told.count("  ✓ ") == 9, "both checklists, item by item"
    assert "✗" not in told
    assert "⚠" not in told


def test_a_run_that_has_begun(tmp_path):
    told = ask(honest(tmp_path, through="foundation"))
    assert "Run manual__1 of orders_mart: … OPEN" in told
    assert "  … waits: @software-engineer delivers its evidence: implementation/ingest.software-engineer" in told
    assert "2 Implementation: … no verdict" in told
    assert "· missing" in told
    assert "  … @integration-engineer confirmed compatibility (not answered yet)" in told


def test_findings_are_told_with_how_they_ended(tmp_path):
    run = failed(tmp_path)
    told = ask(run)
    assert f"  ✗ open: {FINDING}\n      The check failed" in told
    assert "• delivered, 1 finding, 2 tries" in told
    assert "  ✗ @test-engineer gave technical validation" in told
    run.codes.clear()
    run.deliver(TESTER)
    run.answer("validation")
    assert f"  ✓ mended when the work was done again: {FINDING}" in ask(run)


def test_what_passed_with_a_waiver_has_neither_the_sign_nor_the_colour_of_what_passed(tmp_path):
    run = failed(tmp_path)
    number = waived(run)
    assert f"✗ waiver {number} is counted by no gate yet, by erin until" in ask(run)
    run.answer("validation")
    told = ask(run)
    assert "3 Validation and documentation: ⚠ PASSED_WITH_WAIVER" in told
    assert f"  ⚠ waived by erin until {run.record.waivers['validation'][0].says.expires_at} ({number}): {FINDING}" in told
    assert "  ⚠ @test-engineer gave technical validation (waived)" in told
    assert f"⚠ waiver {number} counts" in told
    assert "Known, ticket 4711" in told
    shown = coloured(run)
    assert "\x1b[1;32m✓ PASSED\x1b" in shown
    assert "\x1b[1;33m⚠ PASSED_WITH_WAIVER\x1b" in shown
    assert "✓ PASSED_WITH_WAIVER" not in shown


def test_a_whole_run_with_a_waiver(tmp_path):
    run = failed(tmp_path)
    waived(run)
    run.answer("validation")
    run.work("integration")
    run.answer("integration")
    assert ask(run).startswith("Run manual__1 of orders_mart: ⚠ PASSED_WITH_WAIVER\n")


def test_decisions_by_whom(tmp_path):
    run = failed(tmp_path)
    decided(run, "stop", by="frank", reason="Too late.")
    assert "  ✗ frank: stop: Too late. (after cycle 0, " in ask(run)


def test_a_verdict_that_counts_no_more(tmp_path):
    run = honest(tmp_path, through="foundation")
    run.deliver("foundation/architect")
    told = ask(run)
    assert "1 Foundation: ✓ PASSED, counts no more" in told
    assert "  ✗ Work of phase Foundation was done again" in told
    assert "clear foundation.converge in Airflow".lower() in told.lower()


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        house = mended(tmp_path_factory.mktemp("status") / "house", patch)
        house.fix("check")
        yield house


def test_fix_cycles_and_who_mended_in_which_commit(house):
    told = ask(house)
    commit = house.record.rounds["check"][0].statements["build/two.maker"][-1].says.sealed.commit
    assert f"  ✓ mended in cycle 1 by build/two.maker ({commit[:12]}): {JUDGED}" in told
    assert "  ↻ fix cycle 1, 1 finding; mends: build/two.maker; judges again: check/judge, check/writer" in told
    assert "✓ PASSED after 1 fix cycle" in told
    assert "delivered in cycle 1" in told


def test_as_json(house):
    told = json.loads(ask(house, "--json"))
    assert told["word"] == "OPEN"
    assert [phase["word"] for phase in told["phases"]] == ["PASSED", "PASSED", "PASSED", ""]
    [story] = told["phases"][2]["findings"]
    assert (story["now"], story["cycle"], story["by"][0]["owner"]) == ("mended", 1, "build/two.maker")
    assert told["phases"][2]["cycles"][0]["findings"][0]["rule"] == "check-failed"
    assert [waited["of"] for waited in told["waits"]] == ["ship/packer"]


def test_once_complete_has_answered_it_says_so(tmp_path, monkeypatch):
    run = mended(tmp_path / "house", monkeypatch)
    run.fix("check")
    run.phase("ship")
    run.run("complete")
    assert "complete" not in run.failures
    assert "  Every phase is passed, and `complete` has said so; `phasegate verify` judges it all again." in ask(run)


def test_what_was_left_out_by_hand_is_not_waited_for_once_complete_has_answered(tmp_path, monkeypatch):
    run = mended(tmp_path / "house", monkeypatch)
    told = ask(run)
    assert "  … waits: fix cycle 1 begins" in told
    assert f"    {UNSEEN}\n" in told
    assert UNSEEN in CliRunner().invoke(app, ["report", str(run.store.path)]).output
    run.run("complete")  # where `triage` is marked, the rest is skipped
    told = ask(run)
    assert told.splitlines()[0] == "Run manual__1 of mend: ✗ FAILED"
    assert "  … would come next: fix cycle 1 begins: triage says who mends what" in told
    assert "`complete` has answered, and nothing has come since: mend the cause and clear in Airflow" in told
    assert json.loads(ask(run, "--json"))["over"] is True
    result = CliRunner().invoke(app, ["report", str(run.store.path)])
    assert "## What would come next" in result.output
    assert "## What is waited for" not in result.output
    assert UNSEEN not in told + result.output, "it is known now"
    run.run("check.fix_1.triage")
    told = ask(run)
    assert "OPEN" in told.splitlines()[0], "somebody cleared it"
    assert "  … waits: @maker delivers what it mends in fix cycle 1: build/two.maker" in told


def test_of_what_comes_from_outside_alone_airflow_tells_nothing(tmp_path):
    account = account_of(honest(tmp_path, through="foundation").record, pendulum.now("UTC"))
    outside = replace(account, waits=(Waited("foundation", "phasegate submit", "it is brought", "foundation/architect"),))
    stream = io.StringIO()
    show(Console(file=stream, width=200), outside)
    assert "it is brought" in stream.getvalue()
    assert UNSEEN not in stream.getvalue() + page(outside)


def test_it_reads_and_writes_nothing_and_needs_no_keys(tmp_path):
    run = failed(tmp_path)
    run.keys.path.rename(tmp_path / "gone")
    before = sorted(run.store.path.rglob("*"))
    ask(run)
    assert sorted(run.store.path.rglob("*")) == before


def test_what_is_quoted_cannot_speak_to_the_terminal(tmp_path):
    run = failed(tmp_path)
    decided(run, "stop", by="[red]frank[/]", reason="\x1b]0;mine\x07 \u202etxet\n\nRun x: ✓ PASSED")
    told = ask(run)
    assert "[red]frank[/]" in told
    assert "⟨U+001B⟩]0;mine⟨U+0007⟩ ⟨U+202E⟩txet Run x" in told
    assert "\x1b" not in told
    assert "\x1b" not in ask(run, "--json")


def test_a_run_that_is_not_there(tmp_path):
    result = CliRunner().invoke(app, ["status", "orders_mart/manual__1", "--root", str(tmp_path)])
    assert isinstance(result.exception, StoreError)


def test_a_charter_that_was_altered_is_an_error_and_no_word(tmp_path):
    run = honest(tmp_path, through="foundation")
    (run.store.path / "charters" / "0001.json").write_bytes(b"{}")
    result = CliRunner().invoke(app, ["status", str(run.store.path)])
    assert isinstance(result.exception, EnvelopeError)
    assert "PASSED" not in result.output


def test_a_question_that_nobody_answered(tmp_path):
    run = failed(tmp_path)
    decided(run, "void", by="", reason="Nobody answered in time: erin were asked.")
    assert "  ✗ no answer that counts: Nobody answered in time: erin were asked. (after cycle 0, " in ask(run)


def test_what_it_cost(tmp_path):
    run = honest(tmp_path, through="foundation")
    figures = {"provider": "acme", "model": "large", "conversation": "c", "requests": 2, "input_tokens": 1200, "output_tokens": 34}
    run.deliver("foundation/architect", figures=Figures(**figures, cost="0.101"))
    run.deliver("foundation/ux-designer", figures=Figures(**figures, cost=None))
    told = ask(run)
    assert told.splitlines()[1].endswith("  0.11 USD")
    assert next(line.rpartition("  ")[2] for line in told.splitlines() if "@architect " in line) == "0.11 USD"
    assert "  1,234 tokens\n" in told
    assert json.loads(ask(run, "--json"))["cost"] == "0.11"
